import { invalidOption } from './errors.js'

/** A number of bytes, or a text such as `'512kb'`, `'64mb'`, `'1.5gb'` (of 1024 each). */
export type ByteSize = number | `${number}${'b' | 'kb' | 'mb' | 'gb'}`

const UNITS: Readonly<Record<string, number>> = { b: 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30 }

/**
 * The size in bytes.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming `option`, for anything else and for nothing at all, unless `zero` is fine.
 */
export function toBytes(size: ByteSize, option: string, zero?: 'or 0'): number {
  if (size === 0 && zero !== undefined) return 0
  if (typeof size === 'number' && size > 0) return size
  if (typeof size === 'string') {
    const match = /^(\d+(?:\.\d+)?)(b|kb|mb|gb)$/i.exec(size)
    const bytes = match ? Number(match[1]) * UNITS[match[2]!.toLowerCase()]! : 0
    if (bytes > 0) return bytes
  }
  throw invalidOption(option, "bytes above 0: a number, or a text such as '64mb' or '1gb'", size)
}
