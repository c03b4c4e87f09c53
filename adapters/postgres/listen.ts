/**
 * Hears what the triggers tell (`keepfresh postgres triggers`), on a connection of its own.
 *
 * A notification that was sent while nobody listened is lost for ever, so a connection is trusted only from one moment on: LISTEN
 * has been acknowledged, and after that everything has been invalidated. PostgreSQL delivers a notification when its
 * transaction is visible to everybody ("NOTIFY": after commit; a listener skips what its snapshot still sees running), so what is
 * loaded after the invalidation is the new state.
 */
import { endClient, newClient, type PgClient } from './client.js'
import type { Feed } from './feed.js'
import { hear } from './hear.js'
import type { Held } from './keep-open.js'
import {
  resolveListen,
  type Listening,
  type ListenOptions,
  type ListenSettings,
} from './listen-options.js'
import { readPayload } from './payload.js'
import { identifier } from './quote.js'
import type { ChangeSink } from './sink.js'
import { unwatchedTables } from './unwatched.js'
import { within } from './within.js'

/**
 * Invalidates what writers outside the application change, for as long as it is not closed.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for a wrong option.
 */
export function listenForChanges(queries: ChangeSink, options: ListenOptions): Listening {
  const settings = resolveListen(options)
  let first = settings.trustStart
  return hear(queries, settings, async (feed) => {
    const held = await openListener(settings, feed, first)
    first = false
    return held
  })
}

async function openListener(settings: ListenSettings, feed: Feed, trusted: boolean): Promise<Held> {
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
