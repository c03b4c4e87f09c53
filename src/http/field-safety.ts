import type { FieldLine } from './fields.js'
import { isToken } from './tokens.js'

/**
 * Keeping stored fields from becoming something else on the wire: a line feed in a value ends the field, and an attacker
 * who got one stored would write the rest of everybody's response (RFC 9110 section 5.5).
 */

/** What is wrong with a line. */
export type UnsafeReason = 'name' | 'value' | 'forbidden'

/** A line that must not go out. */
export interface UnsafeLine {
  readonly name: string
  readonly reason: UnsafeReason
}

/** Fields that frame the message: whoever sends it writes them, and storage has no say. */
const FRAMING = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
])

/** True when `value` can stand in a field: no control character but the tab, nothing beyond Latin-1. */
export function isFieldValue(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code > 0xff) return false
  }
  return true
}

/**
 * The first line that must not go out from storage, or `undefined` when all may: a name that is no token, a value that
 * would split the message, or a field that frames it (`content-length` is allowed when it is digits).
 *
 * Check once, when the entry is read; one unsafe line makes the whole entry a miss.
 */
export function findUnsafeLine(lines: readonly FieldLine[]): UnsafeLine | undefined {
  for (const [name, value] of lines) {
    if (!isToken(name)) return { name, reason: 'name' }
    if (!isFieldValue(value)) return { name, reason: 'value' }
    const key = name.toLowerCase()
    const framed = key === 'content-length' ? !/^\d{1,15}$/.test(value) : FRAMING.has(key)
    if (framed) return { name, reason: 'forbidden' }
  }
  return undefined
}

/** True when `status` may come from storage: a final one that the standard defines a class for. */
export function isStoredStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 200 && status <= 599 && status !== 304
}
