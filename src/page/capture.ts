import { type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { type FieldLine, type FieldValues, linesFromFields } from '../http/index.js'
import { BodyPieces, WholeBody } from './body-pieces.js'
import type { OwnMethods } from './own-methods.js'
import { createPace, type Pace } from './pace.js'
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
  /** The body, where the first piece is the last and holds all of it; the handler is done then. */
  readonly body: WholeBody | undefined
  /** The first piece is the last, so the handler is done. */
  readonly last: boolean
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
type AnyFunction = (...args: readonly unknown[]) => unknown

export function captureResponse(response: ServerResponse, options: CaptureOptions): Capture {
  return new ResponseCapture(response, options)
}

/** A class, and no object literal with functions that refer to each other: there is one for each miss (see `passage.ts`). */
class ResponseCapture implements Capture {
  readonly done: Promise<CaptureEnd>
  course: Course | undefined = undefined
  readonly #response: ServerResponse
  readonly #options: CaptureOptions
  readonly #resolve: (end: CaptureEnd) => void
  readonly #before: OutgoingHttpHeaders
  readonly #statusBefore: number
  #held = false
  #released = false
  #ended = false
  /** Whether the body is still taken down. */
  #takes = true
  #status = 0
  #fields: FieldValues | undefined = undefined
  #lines: readonly FieldLine[] = []
  #whole: WholeBody | undefined = undefined
  #pieces: BodyPieces | undefined = undefined
  #pace: Pace | undefined = undefined

  constructor(response: ServerResponse, options: CaptureOptions) {
    this.#response = response
    this.#options = options
    this.#before = response.getHeaders()
    this.#statusBefore = response.statusCode
    const { promise, resolve } = Promise.withResolvers<CaptureEnd>()
    this.done = promise
    this.#resolve = resolve
    this.#replace()
    response.on('close', () => {
      this.#pace?.stop()
      // Of a response that was written, or given back, all has been said.
      if (!this.#ended) resolve({ kind: 'incomplete', reason: 'aborted' })
    })
  }

  hold(): boolean {
    if (goesOut(this.course)) return false
    this.#held = true
    this.course &&= 'hold'
    return true
  }

  leave(): boolean {
    if (this.course !== undefined || this.#ended) return false
    this.#released = true
    this.#pace?.stop()
    this.#resolve({ kind: 'incomplete', reason: 'route' })
    return true
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#pace?.stop()
    if (this.course !== 'hold' && !this.#held) return
    const response = this.#response
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    for (const [name, value] of Object.entries(this.#before)) {
      if (value !== undefined) response.setHeader(name, value)
    }
    response.statusCode = this.#statusBefore
    response.statusMessage = ''
  }

  #replace(): void {
    const response = this.#response
    const { writeHead, flushHeaders, write, end } = response as unknown as Record<
      keyof OwnMethods,
      AnyFunction
    >
    const { around } = this.#options
    const taken: OwnMethods = {
      writeHead: (...args) => {
        if (this.#released || goesOut(this.course)) {
          return writeHead.apply(response, args) as ServerResponse
        }
        // As Node does, the head waits for the first piece of the body: then more is known.
        applyHead(response, args)
        return response
      },
      flushHeaders: () => {
        if (this.#released) flushHeaders.call(response)
        else if (sendsBody(this.#begin())) around(() => flushHeaders.call(response))
      },
      write: (...args) => {
        if (this.#released) return write.apply(response, args) as boolean
        const way = this.#begin()
        this.#take(args[0], args[1], false)
        if (sendsBody(way)) {
          return this.#paced(around(() => write.apply(response, args) as boolean))
        }
        callBack(args)
        return true
      },
      end: (...args) => {
        if (this.#released) return end.apply(response, args) as ServerResponse
        if (this.#ended) return response
        const isFirst = this.course === undefined
        if (isFirst) this.#whole = wholeBody(args)
        const way = this.#begin(true)
        if (!isFirst || this.#whole === undefined) this.#take(args[0], args[1], true)
        this.#ended = true
        this.#pace?.stop()
        try {
          if (sendsBody(way)) around(() => end.apply(response, this.#bytesOf(args, end)))
          else {
            if (way === 'head') around(() => end.call(response))
            callBack(args)
          }
        } finally {
          this.#finish()
        }
        return response
      },
    }
    response.writeHead = taken.writeHead
    response.flushHeaders = taken.flushHeaders
    response.write = taken.write
    response.end = taken.end as ServerResponse['end']
  }

  #begin(last = false): Course {
    if (this.course !== undefined) return this.course
    const response = this.#response
    const { onHead, whole, maxBytes } = this.#options
    const fields: FieldValues = response.getHeaders()
    this.#fields = fields
    this.#status = response.statusCode
    this.#lines = linesFromFields(whole ? fields : changed(fields, this.#before))
    const body = this.#whole
    const decided = onHead({ status: this.#status, fields, last, body })
    this.course = this.#held ? 'hold' : decided
    if (typeof this.course === 'object') this.#stop(this.course.through)
    else if (body?.exceeds(maxBytes) === true) this.#stop('too-large')
    return this.course
  }

  #take(chunk: unknown, encoding: unknown, last: boolean): void {
    if (chunk === undefined || chunk === null || typeof chunk === 'function' || !this.#takes) return
    const pieces = (this.#pieces ??= new BodyPieces())
    pieces.add(chunk as string | Uint8Array, encoding, last)
    if (pieces.bytes > this.#options.maxBytes) this.#stop('too-large')
  }

  /** The body is not taken down any more. Of a response that is held back that is known at its end. */
  #stop(reason: string): void {
    this.#takes = false
    this.#pieces = undefined
    this.#whole = undefined
    if (goesOut(this.course)) this.#resolve({ kind: 'incomplete', reason })
  }

  /** What `end` is called with: the bytes that are kept, so that they are made once, where nobody but Node is there to see them. */
  #bytesOf(args: unknown[], end: AnyFunction): unknown[] {
    const body = this.#whole
    if (body === undefined || typeof args[0] !== 'string' || end !== plain.end) return args
    return [body.content, args.find((arg) => typeof arg === 'function')]
  }

  /** Says what has been taken down. The answer is on its way by now. */
  #finish(): void {
    if (!this.#takes) {
      this.#resolve({ kind: 'incomplete', reason: 'too-large' })
      return
    }
    const status = this.#status
    const lines = this.#lines
    const fields = this.#fields!
    const body = this.#whole?.own() ?? this.#pieces?.join() ?? NOTHING
    // The response outlives its capture, and with it what its functions see: a page's text is not to be among that.
    this.#takes = false
    this.#pieces = undefined
    this.#whole = undefined
    this.#fields = undefined
    this.#lines = []
    // A 304 states the length of what it does not send (RFC 9110 section 8.6).
    const stated = status === 304 ? undefined : fields['content-length']
    this.#resolve(
      stated !== undefined && Number(stated) !== body.length
        ? { kind: 'incomplete', reason: 'length' }
        : { kind: 'complete', captured: { status, lines, fields, body } },
    )
  }

  #paced(flows: boolean): boolean {
    if (flows && this.#pace === undefined) return true
    this.#pace ??= createPace(
      this.#response,
      this.#options.after,
      () => !this.#released && this.#takes,
    )
    return this.#pace.of(flows)
  }
}

const NOTHING = Buffer.alloc(0)
const plain = ServerResponse.prototype as object as { readonly end: unknown }

/** True when the visitor's own response goes out, whole or in part, as the handler writes it. */
export function goesOut(course: Course | undefined): boolean {
  return course !== undefined && course !== 'hold'
}

function sendsBody(course: Course): boolean {
  return course === 'pass' || typeof course === 'object'
}

/** What `end` was given, when it is text or bytes. */
function wholeBody([chunk, encoding]: readonly unknown[]): WholeBody | undefined {
  return typeof chunk === 'string' || chunk instanceof Uint8Array
    ? new WholeBody(chunk, encoding)
    : undefined
}

/** The callback of a write that is not passed on. */
function callBack(args: readonly unknown[]): void {
  const callback = args.findLast((arg): arg is Callback => typeof arg === 'function')
  if (callback !== undefined) process.nextTick(callback)
}

/** The fields that were set or changed: what was there before is there again when the next visitor comes. */
function changed(fields: FieldValues, before: FieldValues): FieldValues {
  const result: Record<string, FieldValues[string]> = {}
  for (const name of Object.keys(fields)) {
    const value = fields[name]
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
