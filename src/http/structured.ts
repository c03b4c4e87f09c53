import { isDigit } from './tokens.js'

/**
 * The types of structured fields (RFC 9651): what `Cache-Status`, `CDN-Cache-Control`, `No-Vary-Search` and
 * `Cache-Groups` are made of.
 *
 * A bare item says its type, because a cache must not take `"10"` or `10.0` for `10` (RFC 9213 section 2.1).
 */

/** A single value with its type. Numbers of type `date` are seconds since the epoch. */
export type BareItem =
  | { readonly type: 'integer' | 'decimal' | 'date'; readonly value: number }
  | { readonly type: 'string' | 'token' | 'display'; readonly value: string }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'bytes'; readonly value: Uint8Array }

/** Parameters by key, in order. */
export type Parameters = ReadonlyMap<string, BareItem>

/** A bare item with its parameters (section 3.3). */
export interface Item {
  readonly item: BareItem
  readonly parameters: Parameters
}

/** A list of items in parentheses, with parameters of its own (section 3.1.1). */
export interface InnerList {
  readonly items: readonly Item[]
  readonly parameters: Parameters
}

/** What a list or a dictionary holds. `'items' in member` tells the two apart. */
export type Member = Item | InnerList

/** A dictionary's members by key, in order (section 3.2). */
export type Dictionary = ReadonlyMap<string, Member>

/** The parameters of something that has none. */
export const NO_PARAMETERS: Parameters = new Map()

/** The largest integer a structured field can say: fifteen digits. */
export const MAX_INTEGER = 999_999_999_999_999

/** True when `code` may begin a key: a lower-case letter or `*`. */
export function isKeyStart(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || code === 0x2a
}

/** True when `code` may continue a key: lower-case letters, digits, `_`, `-`, `.` and `*`. */
export function isKeyCode(code: number): boolean {
  return isKeyStart(code) || isDigit(code) || code === 0x5f || code === 0x2d || code === 0x2e
}

/** True when `code` may begin a token item: a letter or `*`. */
export function isTokenItemStart(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || isKeyStart(code)
}
