import { isDigit, isTokenCode } from './tokens.js'
import {
  type BareItem,
  isKeyCode,
  isKeyStart,
  isTokenItemStart,
  MAX_INTEGER,
} from './structured.js'

/** Where a parser is in its text. Each function moves `at` behind what it took, and gives `undefined` on a fault. */
export interface Cursor {
  readonly text: string
  at: number
}

/** A key of a parameter or a dictionary (RFC 9651 section 4.2.3.3). */
export function parseKey(cursor: Cursor): string | undefined {
  const { text, at: start } = cursor
  if (!isKeyStart(text.charCodeAt(start))) return undefined
  let at = start + 1
  while (at < text.length && isKeyCode(text.charCodeAt(at))) at++
  cursor.at = at
  return text.slice(start, at)
}

/** A bare item of any type (section 4.2.3.1). */
export function parseBareItem(cursor: Cursor): BareItem | undefined {
  const code = cursor.text.charCodeAt(cursor.at)
  if (code === 0x2d || isDigit(code)) return parseNumber(cursor)
  if (code === 0x22) return parseString(cursor)
  if (isTokenItemStart(code)) return parseToken(cursor)
  if (code === 0x3a) return parseBytes(cursor)
  if (code === 0x3f) return parseBoolean(cursor)
  if (code === 0x40) return parseDate(cursor)
  return code === 0x25 ? parseDisplay(cursor) : undefined
}

/** Section 4.2.4: up to 15 digits, or up to 12 and 1 to 3 behind a point. */
function parseNumber(cursor: Cursor): BareItem | undefined {
  const { text } = cursor
  const start = cursor.at
  let at = text.charCodeAt(start) === 0x2d ? start + 1 : start
  const first = at
  while (isDigit(text.charCodeAt(at))) at++
  const whole = at - first
  if (whole === 0) return undefined
  if (text.charCodeAt(at) !== 0x2e) {
    if (whole > 15) return undefined
    cursor.at = at
    return { type: 'integer', value: Number(text.slice(start, at)) }
  }
  const point = at++
  while (isDigit(text.charCodeAt(at))) at++
  const fraction = at - point - 1
  if (whole > 12 || fraction < 1 || fraction > 3) return undefined
  cursor.at = at
  return { type: 'decimal', value: Number(text.slice(start, at)) }
}

/** Section 4.2.5: printable ASCII, where a backslash may escape only a quote or itself. */
function parseString(cursor: Cursor): BareItem | undefined {
  const { text } = cursor
  let value = ''
  let from = cursor.at + 1
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      cursor.at = at + 1
      return { type: 'string', value: value + text.slice(from, at) }
    }
    if (code < 0x20 || code > 0x7e) return undefined
    if (code === 0x5c) {
      const next = text.charCodeAt(at + 1)
      if (next !== 0x22 && next !== 0x5c) return undefined
      value += text.slice(from, at)
      from = ++at
    }
  }
  return undefined
}

/** Section 4.2.6. */
function parseToken(cursor: Cursor): BareItem {
  const { text, at: start } = cursor
  let at = start + 1
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (!isTokenCode(code) && code !== 0x3a && code !== 0x2f) break
  }
  cursor.at = at
  return { type: 'token', value: text.slice(start, at) }
}

/** Section 4.2.7: base64 between colons. */
function parseBytes(cursor: Cursor): BareItem | undefined {
  const { text, at: start } = cursor
  const end = text.indexOf(':', start + 1)
  if (end === -1) return undefined
  const encoded = text.slice(start + 1, end)
  if (!/^[0-9A-Za-z+/]*={0,2}$/.test(encoded)) return undefined
  cursor.at = end + 1
  return { type: 'bytes', value: new Uint8Array(Buffer.from(encoded, 'base64')) }
}

/** Section 4.2.8. */
function parseBoolean(cursor: Cursor): BareItem | undefined {
  const code = cursor.text.charCodeAt(cursor.at + 1)
  if (code !== 0x30 && code !== 0x31) return undefined
  cursor.at += 2
  return { type: 'boolean', value: code === 0x31 }
}

/** Section 4.2.9: whole seconds since the epoch. */
function parseDate(cursor: Cursor): BareItem | undefined {
  cursor.at++
  const number = parseNumber(cursor)
  if (number?.type !== 'integer' || Math.abs(number.value) > MAX_INTEGER) return undefined
  return { type: 'date', value: number.value }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Section 4.2.10: a quoted string of UTF-8 whose other bytes are percent-encoded in lower case. */
function parseDisplay(cursor: Cursor): BareItem | undefined {
  const { text } = cursor
  if (text.charCodeAt(cursor.at + 1) !== 0x22) return undefined
  const bytes: number[] = []
  for (let at = cursor.at + 2; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x20 || code > 0x7e) return undefined
    if (code === 0x22) {
      cursor.at = at + 1
      return decodeDisplay(bytes)
    }
    if (code !== 0x25) bytes.push(code)
    else {
      const hex = text.slice(at + 1, at + 3)
      if (!/^[0-9a-f]{2}$/.test(hex)) return undefined
      bytes.push(Number.parseInt(hex, 16))
      at += 2
    }
  }
  return undefined
}

function decodeDisplay(bytes: readonly number[]): BareItem | undefined {
  try {
    return { type: 'display', value: utf8.decode(Uint8Array.from(bytes)) }
  } catch {
    return undefined
  }
}
