import { endClient, newClient, type PgClient } from './client.js'
import { describeDatabase } from './described.js'
import type { Feed } from './feed.js'
import type { Held } from './keep-open.js'
import { passOn } from './pass-on.js'
import { temporarySlot, type ReplicateSettings, type ReplicationSink } from './replicate-options.js'
import { prepareSlot } from './slot.js'
import { openStream, type Stream } from './stream.js'
import { within } from './within.js'

/** Opens both connections and keeps passing changes on until one of them is lost. */
export async function openReplication(
  settings: ReplicateSettings,
  queries: ReplicationSink,
  feed: Feed,
  signal: AbortSignal,
): Promise<Held> {
  const { connection, connectTimeoutMs, heartbeatMs, clock, tell, slot } = settings
  const name = slot ?? temporarySlot()
  const lost = Promise.withResolvers<unknown>()
  const client = await newClient(connection, { connectionTimeoutMillis: connectTimeoutMs })
  client.on('error', lost.resolve)
  client.on('end', () => lost.resolve(new Error('the connection has ended')))
  const ask = (text: string, values?: string[]): ReturnType<PgClient['query']> =>
    within(client.query(text, values), heartbeatMs, clock)
  let stream: Stream | undefined
  const close = async (): Promise<void> => {
    lost.resolve(undefined)
    await Promise.all([stream?.close(), endClient(client, 500)])
  }
  const stop = (): void => lost.resolve(signal.reason)
  signal.addEventListener('abort', stop)
  try {
    await client.connect()
    const described = await describeDatabase(
      ask,
      settings,
      (table) => void queries.redefined(`${table} was changed`).catch(lost.resolve),
      lost.resolve,
    )
    if (described.unwatched.length > 0) tell({ type: 'unwatched', tables: described.unwatched })
    const passing = passOn({ queries, feed, ask, described, lost, stream: () => stream })
    stream = await openStream({
      connection,
      publication: settings.publication,
      slot: name,
      async prepare(made) {
        // From the moment the slot is there, everything is heard; whatever was before it is not known any more.
        if (!(await prepareSlot(made, name, slot === undefined))) await feed.changedAll('connected')
      },
      onMessage: passing.message,
      onPosition: passing.position,
      heartbeatMs,
      connectTimeoutMs,
      clock,
    })
    stream.lost.then(lost.resolve, lost.resolve)
    // It may take as long as the longest transaction that runs: a slot begins where none does.
    await Promise.race([stream.started, lost.promise.then((reason) => Promise.reject(reason))])
  } catch (error) {
    signal.removeEventListener('abort', stop)
    await close()
    throw error
  }
  return {
    lost: lost.promise.finally(() => signal.removeEventListener('abort', stop)),
    close,
  }
}
