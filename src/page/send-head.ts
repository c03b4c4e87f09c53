import { ServerResponse } from 'node:http'
import type { Head } from './ready-page.js'

/**
 * Sends a head that is there as text.
 *
 * Node checks and writes each field of each response anew, which is a fifth of what a page from memory costs (the figures are
 * in docs/performance.md). The text of a head can be given to a response instead, as `_header`, which is where Node keeps it
 * once it has written it; but that is no documented interface. So nothing is taken for granted: a head is written by Node first, and
 * only if what it wrote begins with exactly our text, and ends with nothing but the fields about the connection, this ending is
 * learned and later heads are given as text. Where Node (or what stands in for it) works differently, nothing is learned, and
 * every head is written by `writeHead`.
 */

interface Internals {
  _header?: string | null
  _hasBody?: boolean
  readonly _keepAliveTimeout?: number
  readonly _maxRequestsPerSocket?: number
  readonly _defaultKeepAlive?: boolean
  readonly maxRequestsOnConnectionReached?: boolean
}

interface Spelled {
  getRawHeaderNames?(): string[]
}

/** The fields that Node adds for a connection that stays open. */
const ENDING = /^connection: keep-alive\r\n(?:keep-alive: timeout=\d+\r\n)?\r\n$/i
/** Without success in so many responses, there is nothing to learn. */
const MAX_LESSONS = 100

let ending: { readonly text: string; readonly keepAliveTimeout: number | undefined } | undefined
let lessons = 0

/** Fields of a response that say how it is framed: whoever set them has plans of their own. */
const FRAMING = new Set(['connection', 'keep-alive', 'trailer', 'transfer-encoding', 'upgrade'])

const plain = ServerResponse.prototype

/**
 * True when nobody but Node looks at how a response goes out. A middleware that replaced its functions (compression, sessions) or
 * listens for its end (a log) finds the fields where it expects them: that is the way of `setHeader`. A page in memory goes out by
 * `end` alone, either way, so `write` is nobody's concern.
 */
export function isUnwatched(response: ServerResponse): boolean {
  return (
    response.writeHead === plain.writeHead &&
    response.end === plain.end &&
    response.setHeader === plain.setHeader &&
    response.listenerCount('finish') <= 1
  )
}

/** Sends a head and what follows it, to an unwatched response. False when the response has fields that it cannot go with. */
export function sendReady(
  response: ServerResponse,
  { status, text, flat, names }: Head,
  body: Buffer | undefined,
): boolean {
  const own = response as unknown as Internals
  const before = fieldsBefore(response, names)
  if (before === undefined) return false
  const head = before === '' ? text : insertFields(text, before)
  response.statusCode = status
  if (
    ending !== undefined &&
    isOrdinary(response) &&
    ending.keepAliveTimeout === own._keepAliveTimeout
  ) {
    own._header = head + ending.text
    if (status === 304) own._hasBody = false
  } else {
    response.writeHead(status, flat as string[])
    if (ending === undefined && lessons < MAX_LESSONS) learn(response, head)
  }
  if (body === undefined) response.end()
  else response.end(body)
  return true
}

function isOrdinary(response: ServerResponse): boolean {
  const own = response as unknown as Internals
  return (
    response.shouldKeepAlive &&
    own._defaultKeepAlive === true &&
    own.maxRequestsOnConnectionReached !== true &&
    own._maxRequestsPerSocket === 0
  )
}

function learn(response: ServerResponse, head: string): void {
  if (!isOrdinary(response)) return
  lessons++
  const { _header: written, _keepAliveTimeout: keepAliveTimeout } = response as unknown as Internals
  if (typeof written !== 'string' || !written.startsWith(head)) return
  const text = written.slice(head.length)
  if (ENDING.test(text)) ending = { text, keepAliveTimeout }
}

/** The fields that were set before and that the page does not have, as text; undefined when they say how the response is framed. */
function fieldsBefore(response: ServerResponse, names: ReadonlySet<string>): string | undefined {
  // Names as they were spelled; not every stand-in for Node's response knows them.
  const present = (response as Spelled).getRawHeaderNames?.() ?? response.getHeaderNames()
  let text = ''
  for (const name of present) {
    const lower = name.toLowerCase()
    if (FRAMING.has(lower)) return undefined
    if (names.has(lower)) continue
    for (const value of [response.getHeader(name)].flat()) text += `${name}: ${value}\r\n`
  }
  return text
}

/** Where Node puts them: behind the status line. */
function insertFields(head: string, fields: string): string {
  const line = head.indexOf('\r\n') + 2
  return head.slice(0, line) + fields + head.slice(line)
}
