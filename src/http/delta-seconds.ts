import { trimWhitespace } from './tokens.js'

/** The largest number of seconds a cache keeps apart (RFC 9111 section 1.2.2): anything longer is this long. */
export const MAX_DELTA_SECONDS: number = 2 ** 31

/**
 * A count of seconds written in digits, at most 2^31; `undefined` when it is anything else (a sign, a fraction, a unit,
 * nothing at all).
 */
export function parseDeltaSeconds(text: string): number | undefined {
  if (text.length === 0) return undefined
  let seconds = 0
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30
    if (digit < 0 || digit > 9) return undefined
    seconds = seconds >= MAX_DELTA_SECONDS ? MAX_DELTA_SECONDS : seconds * 10 + digit
  }
  return Math.min(seconds, MAX_DELTA_SECONDS)
}

/**
 * The seconds an `Age` field states; `undefined` when there is none that can be read.
 *
 * Of several values the first counts, and one that is not a whole number is ignored (RFC 9111 section 5.1).
 */
export function parseAge(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const comma = value.indexOf(',')
  return parseDeltaSeconds(trimWhitespace(comma === -1 ? value : value.slice(0, comma)))
}
