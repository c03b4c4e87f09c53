/**
 * The part of Memcached's binary protocol that is spoken here (the server's `protocol-binary.txt`): a header of 24
 * bytes, then extras, key and value. A request and its answer carry the same `opaque` number; answers come in the
 * order of the requests.
 */

export const HEADER_BYTES = 24
export const REQUEST_MAGIC = 0x80
export const RESPONSE_MAGIC = 0x81

export const GET = 0x00
export const SET = 0x01
export const ADD = 0x02
export const DELETE = 0x04
export const NOOP = 0x0a
export const TOUCH = 0x1c

export const OK = 0x00
/** The item is not there: a miss, or nothing to delete, or a `set` with a CAS number that found nothing. */
export const NOT_FOUND = 0x01
/** An `add` found something, or the item's CAS number is another one. */
export const EXISTS = 0x02
/** Beyond the server's item limit (`memcached -I`). */
export const TOO_LARGE = 0x03
export const NOT_AUTHENTICATED = 0x20

const MEANINGS: Readonly<Record<number, string>> = {
  [NOT_FOUND]: 'not found',
  [EXISTS]: 'something else is there',
  [TOO_LARGE]: "beyond the server's item limit (memcached -I)",
  0x04: 'invalid arguments',
  0x05: 'not stored',
  [NOT_AUTHENTICATED]: 'a name and a password are wanted',
  0x81: 'unknown command: is the binary protocol switched off?',
  0x82: 'out of memory',
  0x85: 'busy',
  0x86: 'temporary failure',
}

/** A status in words. */
export function meaningOf(status: number): string {
  return MEANINGS[status] ?? `status 0x${status.toString(16).padStart(2, '0')}`
}
