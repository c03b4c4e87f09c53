/**
 * Hears what the triggers tell (`keepfresh postgres triggers`), on a connection of its own.
 *
 * A notification that was sent while nobody listened is lost for ever, so a connection is trusted only from one moment on: LISTEN
 * has been acknowledged, and after that everything has been invalidated. PostgreSQL delivers a notification when its
 * transaction is visible to everybody ("NOTIFY": after commit; a listener skips what its snapshot still sees running), so what is
 * loaded after the invalidation is the new state.
 */
import { systemClock, type Clock } from '../../src/base/clock.js'
import { toMilliseconds, type Duration } from '../../src/base/duration.js'
import { invalidOption } from '../../src/base/errors.js'
import { systemRandom, type Random } from '../../src/base/random.js'
import type { ChangeSink } from './sink.js'
import { endClient, newClient, type ConnectionOptions, type PgClient } from './client.js'
import { createFeed, type Feed } from './feed.js'
import { teller, type OutsideEvent } from './events.js'
import { keepOpen, type Held } from './keep-open.js'
import { readPayload } from './payload.js'
import { identifier } from './quote.js'
import { unwatchedTables } from './unwatched.js'
import { within } from './within.js'

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

/**
 * Invalidates what writers outside the application change, for as long as it is not closed.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for a wrong option.
 */
export function listenForChanges(queries: ChangeSink, options: ListenOptions): Listening {
  const settings = resolveListen(options)
  const { tell, clock, random, retryAtMostMs } = settings
  const ending = new AbortController()
  const feed = createFeed(queries, tell, ending.signal)
  let first = settings.trustStart
  const kept = keepOpen({
    async open() {
      const held = await openListener(settings, feed, first)
      first = false
      tell({ type: 'up' })
      return held
    },
    onDown: (error) => tell({ type: 'down', error }),
    retryAtMostMs,
    clock,
    random,
  })
  const close = async (): Promise<void> => {
    ending.abort()
    await kept.close()
    await feed.idle()
  }
  return { ready: kept.ready, close, [Symbol.asyncDispose]: close }
}

interface Settings {
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

function resolveListen(options: ListenOptions): Settings {
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

async function openListener(settings: Settings, feed: Feed, trusted: boolean): Promise<Held> {
  const { connection, channel, connectTimeoutMs, heartbeatMs, clock, tell } = settings
  const lost = Promise.withResolvers<unknown>()
  const client = await newClient(connection, { connectionTimeoutMillis: connectTimeoutMs })
  client.on('error', lost.resolve)
  client.on('end', () => lost.resolve(new Error('the connection has ended')))
  client.on('notification', (message) => {
    if (message.channel !== channel) return
    const change = readPayload(message.payload ?? '')
    if (change === undefined) {
      tell({ type: 'unreadable', payload: message.payload ?? '' })
      void feed.changedAll('a notification that could not be read')
    } else void feed.changed(change)
  })
  const ask = (text: string, values?: string[]): ReturnType<PgClient['query']> =>
    within(client.query(text, values), heartbeatMs, clock)
  try {
    await client.connect()
    await ask(`LISTEN ${identifier(channel)}`)
    if (!trusted) await feed.changedAll('connected')
    const tables = await unwatchedTables(ask, settings.schemas)
    if (tables.length > 0) tell({ type: 'unwatched', tables })
  } catch (error) {
    await endClient(client, GOODBYE_MS)
    throw error
  }
  let cancel = clock.after(heartbeatMs, beat)
  function beat(): void {
    ask(STILL_LISTENS, [channel]).then(({ rows }) => {
      if (rows.length === 0) lost.resolve(new Error('the session no longer listens'))
      else cancel = clock.after(heartbeatMs, beat)
    }, lost.resolve)
  }
  void lost.promise.then(() => cancel())
  return {
    lost: lost.promise,
    async close() {
      lost.resolve(undefined)
      await endClient(client, GOODBYE_MS)
    },
  }
}

const GOODBYE_MS = 500
const STILL_LISTENS = 'SELECT 1 FROM pg_catalog.pg_listening_channels() AS c WHERE c = $1'
