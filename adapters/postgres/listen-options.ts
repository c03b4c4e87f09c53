import { systemClock, type Clock } from '../../src/base/clock.js'
import { toMilliseconds, type Duration } from '../../src/base/duration.js'
import { invalidOption } from '../../src/base/errors.js'
import { systemRandom, type Random } from '../../src/base/random.js'
import type { ConnectionOptions } from './client.js'
import { teller, type OutsideEvent } from './events.js'

export interface ListenOptions {
  /**
   * The database, as `new pg.Client` takes it: a URL or options. A server itself, or a pooler that keeps sessions: one that gives
   * each transaction another session (PgBouncer's `transaction`) loses the LISTEN, which is noticed and told as `down`.
   */
  readonly connection: ConnectionOptions
  /** The channel that the triggers notify. Default: `'keepfresh'`. */
  readonly channel?: string | undefined
  /** The schemas whose tables should all have the triggers; those that have not are told by `unwatched`. Default: `['public']`. */
  readonly schemas?: readonly string[] | undefined
  /** How often the connection is asked whether it is alive and still listens, and how long it may take to say so. Default: 5 seconds. */
  readonly heartbeat?: Duration | undefined
  /** How long opening a connection may take. Default: 5 seconds. */
  readonly connectTimeout?: Duration | undefined
  /** The longest wait between two attempts to connect. Default: 5 seconds. */
  readonly retryAtMost?: Duration | undefined
  /**
   * What the first connection does: `'invalidate'` everything, since nobody may have listened until then; or `'trust'` what is
   * kept, for one of several processes on a shared store of which another has listened all the time. Default: `'invalidate'`.
   */
  readonly onStart?: 'invalidate' | 'trust' | undefined
  readonly onEvent?: ((event: OutsideEvent) => void) | undefined
  /** Where time comes from, for tests. Default: the machine's. */
  readonly clock?: Clock | undefined
  /** Where chance comes from, for tests. Default: the machine's. */
  readonly random?: Random | undefined
}

/** A listener at work. */
export interface Listening extends AsyncDisposable {
  /**
   * Resolves when it hears for the first time. A database that is down is tried again for as long as it takes, and told by `down`.
   * Rejects with `CACHE_PEER_MISSING` where a package that is needed is not installed.
   */
  readonly ready: Promise<void>
  /** Ends the connection and every timer. */
  close(): Promise<void>
}

/** @internal The options, resolved. */
export interface ListenSettings {
  readonly connection: ConnectionOptions
  readonly channel: string
  readonly schemas: readonly string[]
  readonly heartbeatMs: number
  readonly connectTimeoutMs: number
  readonly retryAtMostMs: number
  readonly trustStart: boolean
  readonly tell: (event: OutsideEvent) => void
  readonly clock: Clock
  readonly random: Random
}

/** @throws {CacheError} `CACHE_OPTION_INVALID` naming what is wrong. */
export function resolveListen(options: ListenOptions): ListenSettings {
  const {
    connection,
    channel = 'keepfresh',
    schemas = ['public'],
    onStart = 'invalidate',
  } = options
  if (typeof connection !== 'string' && (typeof connection !== 'object' || connection === null))
    throw invalidOption('connection', 'a URL or the options of a pg.Client', connection)
  if (typeof channel !== 'string' || channel === '' || Buffer.byteLength(channel) > 63)
    throw invalidOption('channel', 'a name of 1 to 63 bytes', channel)
  if (!['invalidate', 'trust'].includes(onStart))
    throw invalidOption('onStart', "'invalidate' or 'trust'", onStart)
  const { onEvent, clock = systemClock, random = systemRandom } = options
  return {
    connection,
    channel,
    schemas,
    heartbeatMs: positive(options.heartbeat, 'heartbeat'),
    connectTimeoutMs: positive(options.connectTimeout, 'connectTimeout'),
    retryAtMostMs: positive(options.retryAtMost, 'retryAtMost'),
    trustStart: onStart === 'trust',
    tell: teller(onEvent),
    clock,
    random,
  }
}

/** @internal A duration that a timer can wait for; 5 seconds where none is given. */
export function positive(duration: Duration | undefined, option: string): number {
  const ms = duration === undefined ? 5_000 : toMilliseconds(duration, option)
  if (ms > 0 && ms < 2 ** 31) return ms
  throw invalidOption(option, 'longer than 0 and shorter than 24 days', duration)
}
