/**
 * How Memcached is told how long to keep an item.
 *
 * The number sent is one of three things, by its size. In the words of the server's own `protocol.txt`, "Expiration
 * times": "the actual value sent may either be Unix time (number of seconds since January 1, 1970, as a 32-bit value),
 * or a number of seconds starting from current time. In the latter case, this number of seconds may not exceed
 * 60*60*24*30 (number of seconds in 30 days); if the number sent by a client is larger than that, the server will
 * consider it to be real Unix time value rather than an offset from current time." And 0 is no expiry at all.
 *
 * So 31 days, sent as they are, are a date in January 1970: the item is gone at once, without an error.
 *
 * "Note that a TTL of 1 will sometimes immediately expire. Time is internally updated on second boundaries": an item
 * given n seconds lives for n - 1 to n of them. One second is added, so that it lives for n at least; the entry's own
 * times say when it may no longer be served.
 */

const THIRTY_DAYS_SECONDS = 60 * 60 * 24 * 30
/** Later dates than this one do not fit into the server's signed 32 bits. */
const LAST_DATE_SECONDS = 2 ** 31 - 1

/** The number that makes the server keep an item for `ms` milliseconds or up to two seconds longer; `Infinity` is forever. */
export function toExpiration(ms: number, nowMs: number): number {
  if (ms === Infinity) return 0
  const seconds = Math.ceil(Math.max(ms, 0) / 1000) + 1
  if (seconds <= THIRTY_DAYS_SECONDS) return seconds
  const date = Math.ceil(nowMs / 1000) + seconds
  return date > LAST_DATE_SECONDS ? 0 : date
}

/** When an item kept for `ms` milliseconds may go, in seconds since the epoch; 0 is never. */
export function expiresAtSeconds(ms: number, nowMs: number): number {
  const date = Math.ceil((nowMs + Math.max(ms, 0)) / 1000)
  return date > LAST_DATE_SECONDS ? 0 : date
}
