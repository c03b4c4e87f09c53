import { toMilliseconds, type Duration } from '../../src/base/duration.js'
import { invalidOption } from '../../src/base/errors.js'

export interface MemcachedStoreOptions {
  /** Name for SASL (PLAIN), for the servers of `target` that have none of their own. Default: none; memjs looks into `MEMCACHIER_USERNAME` and `MEMCACHE_USERNAME`. */
  readonly username?: string
  /** Password that goes with `username`. */
  readonly password?: string
  /** How long an operation may take before its server counts as unavailable. Default: `'250ms'`. */
  readonly deadline?: Duration
  /** How long opening a connection may take; those who wait for it are told within `deadline`. Default: `'2s'`. */
  readonly connectTimeout?: Duration
  /** Begins every name on the servers, so that the cache shares them with others: visible ASCII, at most 40 characters. Default: `'kf:'`. */
  readonly prefix?: string
}

export interface ResolvedOptions {
  readonly username: string | undefined
  readonly password: string | undefined
  readonly deadlineMs: number
  readonly connectMs: number
  readonly prefix: string
}

const DEFAULTS = { deadline: '250ms', connectTimeout: '2s', prefix: 'kf:' } as const

/** @throws {CacheError} `CACHE_OPTION_INVALID` naming the option. */
export function resolveOptions(options: MemcachedStoreOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null) {
    throw invalidOption('options', 'an object', options)
  }
  const { username, password, prefix = DEFAULTS.prefix } = options
  for (const [option, value] of Object.entries({ username, password })) {
    if (value !== undefined && typeof value !== 'string') {
      throw invalidOption(option, 'a string', value)
    }
  }
  if ((username === undefined) !== (password === undefined)) {
    const missing = username === undefined ? 'username' : 'password'
    throw invalidOption(missing, 'given where the other of the two is', undefined)
  }
  if (typeof prefix !== 'string' || !/^[!-~]{0,40}$/.test(prefix)) {
    throw invalidOption('prefix', 'up to 40 characters of visible ASCII', prefix)
  }
  return Object.freeze({
    username,
    password,
    deadlineMs: bounded(options.deadline ?? DEFAULTS.deadline, 'deadline'),
    connectMs: bounded(options.connectTimeout ?? DEFAULTS.connectTimeout, 'connectTimeout'),
    prefix,
  })
}

function bounded(duration: Duration, option: string): number {
  const ms = toMilliseconds(duration, option)
  if (ms >= 1 && ms <= 600_000) return ms
  throw invalidOption(option, "from '1ms' to '10m'", duration)
}
