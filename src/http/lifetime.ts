import { type Duration, toMilliseconds } from '../base/duration.js'
import { invalidOption } from '../base/errors.js'

/** A `Duration`, or weeks and years, in which the lives of assets are told: `'2w'`, `'1y'` (365 days). */
export type Lifetime = Duration | `${number}${'w' | 'y'}`

const DAY_SECONDS = 86_400

/** The longest life worth promising, a year: caches are not asked to keep anything longer. `Infinity` becomes this. */
export const ONE_YEAR_SECONDS: number = 365 * DAY_SECONDS

/**
 * The lifetime in whole seconds, as HTTP counts; a part of a second is dropped.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming `option`, for anything else, and for less than a second that is not
 * zero (which would silently become `max-age=0`).
 */
export function toSeconds(lifetime: Lifetime, option: string): number {
  const long = typeof lifetime === 'string' ? /^(\d+(?:\.\d+)?)([wy])$/.exec(lifetime) : null
  const days = long?.[2] === 'w' ? 7 : 365
  const exact = long
    ? Number(long[1]) * days * DAY_SECONDS
    : toMilliseconds(lifetime as Duration, option) / 1000
  if (exact > 0 && exact < 1) throw invalidOption(option, 'zero or at least one second', lifetime)
  return Math.floor(Math.min(exact, exact === Infinity ? ONE_YEAR_SECONDS : 2 ** 31))
}
