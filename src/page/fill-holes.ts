import type { ServerResponse } from 'node:http'
import type { Core } from '../cache/core.js'
import type { Marks } from '../fragment/marks.js'
import { applyHead } from './capture.js'
import { fillingOf, makeOwn, ownLines } from './holes.js'
import type { PageSettings } from './options.js'
import { type Ordered, writeInOrder } from './ordered.js'
import { ownMethods } from './own-methods.js'
import type { StoredPage } from './stored-page.js'
import type { Entered, Visit } from './visit.js'
import { fieldsFromLines } from '../http/index.js'

/** Holes are filled in two places: in what a handler writes, on its way to the visitor, and in a page from storage. */

const fillers = new WeakMap<ServerResponse, () => void>()

/**
 * From now on fills the holes in what is written to this visit's response: at the very end of its way, behind whatever takes it
 * down with its marks.
 */
export function fillOnTheWay(
  core: Core,
  settings: PageSettings,
  { response, subject }: Visit,
  marks: Marks,
): void {
  const own = ownMethods(response)
  let off = false
  let ordered: Ordered | undefined
  let rest: Buffer = Buffer.alloc(0)
  const begin = (): Ordered => {
    if (ordered === undefined) {
      makeOwn(response)
      ordered = writeInOrder(response, { write: own.write, end: () => void own.end() })
    }
    return ordered
  }
  const take = (bytes: Buffer, isLast: boolean): boolean => {
    const out = begin()
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    const { pieces, names } = marks.split(all)
    const tail = pieces.at(-1)!
    const kept = isLast ? 0 : marks.unfinished(tail)
    rest = tail.subarray(tail.length - kept)
    let ready = true
    pieces.forEach((piece, at) => {
      const isTail = at === pieces.length - 1
      ready = out.push(isTail ? piece.subarray(0, piece.length - kept) : piece)
      if (!isTail) ready = out.push(fillingOf(core, settings, names[at]!, subject))
    })
    return ready
  }
  Object.assign(response, {
    writeHead(...args: unknown[]): ServerResponse {
      // The first thing written asks for the head by itself.
      if (off || ordered !== undefined) return own.writeHead(...args)
      applyHead(response, args)
      begin()
      return response
    },
    flushHeaders(): void {
      if (!off) begin()
      own.flushHeaders()
    },
    write(...args: unknown[]): boolean {
      if (off) return own.write(...args)
      const ready = take(bytesOf(args), false)
      later(callbackIn(args))
      return ready
    },
    end(...args: unknown[]): ServerResponse {
      if (off) return own.end(...args)
      if (typeof args[0] !== 'function' && args[0] !== undefined && args[0] !== null) {
        take(bytesOf(args), true)
      } else if (ordered !== undefined && rest.length > 0) take(Buffer.alloc(0), true)
      begin().end(callbackIn(args))
      return response
    },
  })
  fillers.set(response, () => {
    off = true
  })
}

/** What goes out now has no marks in it. */
export function stopFilling(response: ServerResponse): void {
  fillers.get(response)?.()
}

/** Answers a visit from a stored page with holes. */
export function serveFilled(
  { visit, method, shared: { core, settings } }: Entered,
  page: StoredPage,
  cacheStatus: string,
): void {
  const { response, subject } = visit
  const holes = page.holes ?? []
  response.statusCode = page.status
  const fields = fieldsFromLines(ownLines(page.lines))
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) response.setHeader(name, value)
  }
  response.setHeader('cache-status', cacheStatus)
  if (method === 'HEAD') {
    response.end()
    return
  }
  const write = response.write.bind(response) as (bytes: Uint8Array) => boolean
  const out = writeInOrder(response, { write, end: () => void response.end() })
  // All at once, so that the page takes as long as the slowest of them.
  const fillings = holes.map(({ name }) => fillingOf(core, settings, name, subject))
  let from = 0
  holes.forEach(({ at }, index) => {
    out.push(page.body.subarray(from, at))
    out.push(fillings[index]!)
    from = at
  })
  out.push(page.body.subarray(from))
  out.end()
}

function bytesOf([chunk, encoding]: readonly unknown[]): Buffer {
  if (typeof chunk === 'string') {
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  }
  return Buffer.from(chunk as Uint8Array)
}

type Callback = () => void

function callbackIn(args: readonly unknown[]): Callback | undefined {
  return args.findLast((arg): arg is Callback => typeof arg === 'function')
}

function later(callback: Callback | undefined): void {
  if (callback !== undefined) process.nextTick(callback)
}
