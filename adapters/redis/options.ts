import { describe, invalidOption } from '../../src/base/errors.js'
import { type Duration, toMilliseconds } from '../../src/base/duration.js'

export interface RedisStoreOptions {
  /** What every key and channel begins with. Default: `'kf:'`. With a hash tag, as in `'{shop}:'`, all goes to one slot. */
  readonly prefix?: string
  /** How long any operation may take before it counts as failed, and up to 25 ms more. Default: `'250ms'`. */
  readonly deadline?: Duration
  /** How long opening a connection may take. Default: `'2s'`. */
  readonly connectTimeout?: Duration
  /** How often the connection that listens is asked whether it is alive, and how long it may take to answer. Default: `'1s'`. */
  readonly heartbeat?: Duration
  /** How many failures in a row make a server count as down; a lost connection does so at once. Default: 3. */
  readonly failures?: number
  /** The longest wait between two attempts to reach a server that is down. Default: `'2s'`. */
  readonly retryAtMost?: Duration
}

export interface ResolvedOptions {
  readonly prefix: string
  readonly deadlineMs: number
  readonly connectMs: number
  readonly heartbeatMs: number
  readonly failures: number
  readonly retryAtMostMs: number
}

const NAMES: ReadonlySet<string> = new Set<keyof RedisStoreOptions>([
  'prefix',
  'deadline',
  'connectTimeout',
  'heartbeat',
  'failures',
  'retryAtMost',
])

export function resolveOptions(options: RedisStoreOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null) {
    throw invalidOption('redisStore(target, options)', 'an object', options)
  }
  const { prefix = 'kf:', failures = 3 } = options
  for (const [name, value] of Object.entries(options)) {
    if (!NAMES.has(name)) throw invalidOption(name, `one of ${[...NAMES].join(', ')}`, value)
  }
  if (typeof prefix !== 'string') throw invalidOption('prefix', 'a string', prefix)
  if (!Number.isInteger(failures) || failures < 1) {
    throw invalidOption('failures', 'a whole number from 1', failures)
  }
  return Object.freeze({
    prefix,
    deadlineMs: bounded(options.deadline ?? 250, 'deadline'),
    connectMs: bounded(options.connectTimeout ?? 2_000, 'connectTimeout'),
    heartbeatMs: bounded(options.heartbeat ?? 1_000, 'heartbeat'),
    failures,
    retryAtMostMs: bounded(options.retryAtMost ?? 2_000, 'retryAtMost'),
  })
}

function bounded(duration: Duration, option: string): number {
  const ms = toMilliseconds(duration, option)
  if (ms >= 1 && ms <= 600_000) return ms
  throw invalidOption(option, `from 1 ms to 10 minutes, not ${describe(duration)}`, duration)
}
