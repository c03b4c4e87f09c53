import { invalidOption } from '../base/errors.js'
import type { PartVersion } from './types.js'

/**
 * How two versions of a part compare: below 0 when `a` is older. Undefined when they are of different kinds, which tells nothing.
 */
export function compareVersions(a: PartVersion, b: PartVersion): number | undefined {
  const one = comparable(a)
  const other = comparable(b)
  if (typeof one === 'string' || typeof other === 'string') {
    if (typeof one !== typeof other) return undefined
    return one < other ? -1 : one > other ? 1 : 0
  }
  return one < other ? -1 : one > other ? 1 : 0
}

function comparable(version: PartVersion): number | bigint | string {
  return version instanceof Date ? version.getTime() : version
}

/** @throws {CacheError} `CACHE_OPTION_INVALID` for anything that has no order: `NaN`, an invalid date, an object. */
export function assertVersion(version: unknown, option: string): asserts version is PartVersion {
  const ordered =
    (typeof version === 'number' && !Number.isNaN(version)) ||
    typeof version === 'bigint' ||
    typeof version === 'string' ||
    (version instanceof Date && !Number.isNaN(version.getTime()))
  if (!ordered) throw invalidOption(option, 'a number, bigint, Date or string', version)
}
