import { toBytes, type ByteSize } from '../base/byte-size.js'
import { toMilliseconds, type Duration } from '../base/duration.js'
import { describe, invalidOption } from '../base/errors.js'

/** Options of `sessionStore`. */
export interface SessionOptions {
  /** Keeps several kinds of sessions on one cache apart. Default: `'session'`. */
  readonly name?: string | undefined
  /** How long a session lives whose cookie does not say (neither `expires` nor `maxAge`). Default: `'1d'`. */
  readonly ttl?: Duration | undefined
  /** The largest session that is kept, as JSON. Default: 512 KiB. */
  readonly maxBytes?: ByteSize | undefined
  /**
   * Whether new sessions are entered into a list, one more write each. `all`, `length` and `clear` need it, since
   * not every store can say what it holds. Default: `true`.
   */
  readonly listed?: boolean | undefined
}

/** The same, every field present. */
export interface SessionSettings {
  readonly name: string
  readonly ttlMs: number
  readonly maxBytes: number
  readonly listed: boolean
}

const NAMES = new Set(['name', 'ttl', 'maxBytes', 'listed'])

/** @throws {CacheError} `CACHE_OPTION_INVALID` naming the option and the value. */
export function resolveSessionOptions(options: SessionOptions): SessionSettings {
  if (typeof options !== 'object' || options === null)
    throw invalidOption('options', 'an object', options)
  for (const name of Object.keys(options)) {
    if (!NAMES.has(name)) {
      throw invalidOption('options', `made of ${[...NAMES].join(', ')}, not ${name}`, options)
    }
  }
  const { name = 'session', ttl = '1d', maxBytes = '512kb', listed = true } = options
  if (typeof name !== 'string' || name === '' || !name.isWellFormed())
    throw invalidOption('name', 'a text that is not empty', name)
  if (typeof listed !== 'boolean')
    throw invalidOption('listed', `true or false, not ${describe(listed)}`, listed)
  const ttlMs = toMilliseconds(ttl, 'ttl')
  if (ttlMs === 0) throw invalidOption('ttl', 'longer than 0', ttl)
  return Object.freeze({ name, ttlMs, maxBytes: toBytes(maxBytes, 'maxBytes'), listed })
}
