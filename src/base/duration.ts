import { invalidOption } from './errors.js'

/**
 * A length of time: milliseconds as a number, or `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'7d'`.
 * `Infinity` is forever, `0` is do not keep.
 */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/**
 * The duration in milliseconds.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming `option`, for anything else: a negative number, `NaN`, an unknown unit.
 */
export function toMilliseconds(duration: Duration, option: string): number {
  if (typeof duration === 'number' && duration >= 0) return duration
  if (typeof duration === 'string') {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration)
    if (match) return Number(match[1]) * UNITS[match[2]!]!
  }
  throw invalidOption(
    option,
    "a duration: milliseconds, or a text such as '250ms', '30s', '5m', '2h', '7d'",
    duration,
  )
}
