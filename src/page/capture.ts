import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { type FieldLine, type FieldValues, linesFromFields } from '../http/index.js'
import { BodyPieces } from './body-pieces.js'
import { ownMethods } from './own-methods.js'
import { createPace } from './pace.js'
import type { Captured } from './stored-page.js'

/**
 * Takes a response down as it is written, while it goes on its way or is held back.
 *
 * The response's own `writeHead`, `write` and `end` are replaced for as long as the handler runs. What it writes is passed on
 * at once with the same back-pressure (but see `pace.ts`); nothing waits for the end of it.
 */

/** What becomes of a response: it goes out, without its body, not at all, or out without being taken down. */
export type Course = 'pass' | 'head' | 'hold' | { readonly through: string }

/** A response whose first piece is about to go out. */
export interface Head {
  readonly status: number
  readonly fields: FieldValues
  /** The first piece is the last, so the handler is done. */
  readonly last: boolean
  /** The body, where it is there as a whole. */
  readonly body: string | Uint8Array | undefined
}

export interface CaptureOptions {
  /** The largest body taken down, in bytes. */
  readonly maxBytes: number
  /** Decides once the head is known; may change the fields of the response when it is to go out. */
  readonly onHead: (head: Head) => Course
  /** Takes down the fields that were there before too. */
  readonly whole: boolean
  /** Surrounds each call of the response's own functions. */
  readonly around: <T>(inside: () => T) => T
  /** Runs something later, unless it is cancelled. */
  readonly after: (ms: number, run: () => void) => () => void
}

export type CaptureEnd =
  | { readonly kind: 'complete'; readonly captured: Captured }
  | { readonly kind: 'incomplete'; readonly reason: string }

export interface Capture {
  /** Settles when the response has been written, or will not be. */
  readonly done: Promise<CaptureEnd>
  /** How the response went on; undefined before its head. */
  readonly course: Course | undefined
  /** From now on holds back what has not begun to go out. False when it has begun. */
  hold(): boolean
  /** Ends the capture of a response that has not begun, and gives it back. False when it has begun. */
  leave(): boolean
  /** Gives the response back: with its functions, and the fields it had before, if it was held. */
  release(): void
}

type Callback = (error?: Error | null) => void

export function captureResponse(response: ServerResponse, options: CaptureOptions): Capture {
  const before: OutgoingHttpHeaders = response.getHeaders()
  const statusBefore = response.statusCode
  const own = ownMethods(response)
  const { promise, resolve } = Promise.withResolvers<CaptureEnd>()
  let course: Course | undefined
  let held = false
  let released = false
  let ended = false
  let head: { status: number; lines: readonly FieldLine[]; fields: FieldValues } | undefined
  let pieces: BodyPieces | undefined = new BodyPieces()

  const begin = (last = false, body?: Head['body']): Course => {
    if (course !== undefined) return course
    const fields: FieldValues = response.getHeaders()
    const lines = linesFromFields(options.whole ? fields : changed(fields, before))
    head = { status: response.statusCode, fields, lines }
    const decided = options.onHead({ ...head, last, body })
    course = held ? 'hold' : decided
    capture.course = course
    if (typeof course === 'object') {
      pieces = undefined
      resolve({ kind: 'incomplete', reason: course.through })
    }
    return course
  }
  const pace = createPace(response, options.after, () => !released && pieces !== undefined)
  const take = (chunk: unknown, encoding: unknown, last: boolean): void => {
    if (chunk === undefined || chunk === null || pieces === undefined) return
    pieces.add(chunk as string | Uint8Array, encoding, last)
    if (pieces.bytes > options.maxBytes) {
      pieces = undefined
      if (goesOut(course)) resolve({ kind: 'incomplete', reason: 'too-large' })
    }
  }
  const finish = (): void => {
    ended = true
    stopWatching()
    if (pieces === undefined) {
      resolve({ kind: 'incomplete', reason: 'too-large' })
      return
    }
    const { status, lines, fields } = head!
    const written = pieces
    // The response outlives its capture, and with it what its functions see: a page's text is not to be among that.
    pieces = undefined
    head = undefined
    // A 304 states the length of what it does not send (RFC 9110 section 8.6).
    const stated = status === 304 ? undefined : fields['content-length']
    if (stated !== undefined && Number(stated) !== written.bytes) {
      resolve({ kind: 'incomplete', reason: 'length' })
      return
    }
    resolve({ kind: 'complete', captured: { status, lines, fields, body: written.join() } })
  }
  const onClose = (): void => {
    pace.stop()
    if (!ended) resolve({ kind: 'incomplete', reason: 'aborted' })
  }
  const stopWatching = (): void => {
    pace.stop()
    response.off('close', onClose)
  }
  const { around } = options

  const replacement = {
    writeHead(...args: unknown[]): ServerResponse {
      if (released || goesOut(course)) return own.writeHead(...args)
      // As Node does, the head waits for the first piece of the body: then more is known.
      applyHead(response, args)
      return response
    },
    flushHeaders(): void {
      if (released) own.flushHeaders()
      else if (sendsBody(begin())) around(own.flushHeaders)
    },
    write(...args: unknown[]): boolean {
      if (released) return own.write(...args)
      const way = begin()
      take(args[0], args[1], false)
      if (sendsBody(way)) return pace.of(around(() => own.write(...args)))
      callBack(args)
      return true
    },
    end(...args: unknown[]): ServerResponse {
      if (released) return own.end(...args)
      if (ended) return response
      const way = begin(true, wholeBody(args))
      if (typeof args[0] !== 'function') take(args[0], args[1], true)
      finish()
      if (sendsBody(way)) return around(() => own.end(...args))
      if (way === 'head') around(() => own.end())
      callBack(args)
      return response
    },
  }
  Object.assign(response, replacement)
  response.once('close', onClose)

  const capture = {
    done: promise,
    // Written, and no getter: see `Context` in the engine.
    course: undefined as Course | undefined,
    hold() {
      if (goesOut(course)) return false
      held = true
      course &&= 'hold'
      capture.course = course
      return true
    },
    leave() {
      if (course !== undefined || ended) return false
      released = true
      stopWatching()
      resolve({ kind: 'incomplete', reason: 'route' })
      return true
    },
    release() {
      if (released) return
      released = true
      stopWatching()
      if (course !== 'hold' && !held) return
      for (const name of response.getHeaderNames()) response.removeHeader(name)
      for (const [name, value] of Object.entries(before)) {
        if (value !== undefined) response.setHeader(name, value)
      }
      response.statusCode = statusBefore
      response.statusMessage = ''
    },
  }
  return capture
}

/** True when the visitor's own response goes out, whole or in part, as the handler writes it. */
export function goesOut(course: Course | undefined): boolean {
  return course !== undefined && course !== 'hold'
}

function sendsBody(course: Course): boolean {
  return course === 'pass' || typeof course === 'object'
}

/** What `end` was given, when it is text or bytes. */
function wholeBody([chunk, encoding]: readonly unknown[]): Head['body'] {
  if (typeof chunk === 'string' && typeof encoding === 'string' && !/^utf-?8$/i.test(encoding)) {
    return Buffer.from(chunk, encoding as BufferEncoding)
  }
  return typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk : undefined
}

/** The callback of a write that is not passed on. */
function callBack(args: readonly unknown[]): void {
  const callback = args.findLast((arg): arg is Callback => typeof arg === 'function')
  if (callback !== undefined) process.nextTick(callback)
}

/** The fields that were set or changed: what was there before is there again when the next visitor comes. */
function changed(fields: FieldValues, before: FieldValues): FieldValues {
  const result: Record<string, FieldValues[string]> = {}
  for (const [name, value] of Object.entries(fields)) {
    const was = before[name]
    if (was === value) continue
    if (was === undefined || JSON.stringify(was) !== JSON.stringify(value)) result[name] = value
  }
  return result
}

/** What `writeHead` was given, set one by one: all three forms that Node takes. */
export function applyHead(response: ServerResponse, args: readonly unknown[]): void {
  response.statusCode = Number(args[0])
  const second = args[1]
  if (typeof second === 'string') response.statusMessage = second
  const fields = typeof second === 'string' ? args[2] : (second ?? args[2])
  if (Array.isArray(fields)) {
    const flat: unknown[] = Array.isArray(fields[0]) ? fields.flat() : fields
    const named = new Map<string, string[]>()
    for (let at = 0; at + 1 < flat.length; at += 2) {
      const name = String(flat[at]).toLowerCase()
      named.set(name, [...(named.get(name) ?? []), String(flat[at + 1])])
    }
    for (const [name, values] of named) {
      response.setHeader(name, values.length === 1 ? values[0]! : values)
    }
  } else if (typeof fields === 'object' && fields !== null) {
    for (const [name, value] of Object.entries(fields as OutgoingHttpHeaders)) {
      if (value !== undefined) response.setHeader(name, value)
    }
  }
}
