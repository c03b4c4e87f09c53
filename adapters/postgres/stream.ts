/**
 * One connection of logical replication, by the package `pg-logical-replication`.
 *
 * What is ours here: the slot is made on the connection that uses it, so that a temporary one can be; positions are acknowledged exactly
 * (the package adds one, with which a commit record that follows at once would count as seen); messages that cannot be read
 * are told instead of thrown into the socket; and a server that is open and silent is noticed.
 */
import type { Clock } from '../../src/base/clock.js'
import { CacheError } from '../../src/base/errors.js'
import { clientOptions, endClient, type ConnectionOptions, type PgClient } from './client.js'
import type { RelationMessage, RowMessage } from './gather.js'
import { formatPosition, parsePosition } from './positions.js'
import { identifier } from './quote.js'

/** The messages of `pgoutput` that are heeded ("Logical Replication Message Formats"). */
export type StreamMessage =
  | { readonly tag: 'begin'; readonly xid: number }
  | { readonly tag: 'commit'; readonly commitEndLsn: string | null }
  | (RelationMessage & { readonly tag: 'relation' })
  | RowMessage
  | { readonly tag: 'truncate'; readonly relations: readonly (RelationMessage | undefined)[] }
  | { readonly tag: 'origin' | 'type' | 'message' }
  | { readonly tag: 'unreadable'; readonly error: unknown }

export interface StreamOptions {
  readonly connection: ConnectionOptions
  readonly publication: string
  readonly slot: string
  /** Makes the slot ready, before anything is streamed. */
  readonly prepare: (client: PgClient) => Promise<void>
  /** Called for each message, in order. Must not throw. */
  readonly onMessage: (message: StreamMessage) => void
  /** The server has read its log up to here, and sent all there was. */
  readonly onPosition: (position: bigint) => void
  readonly heartbeatMs: number
  readonly connectTimeoutMs: number
  readonly clock: Clock
}

export interface Stream {
  /** Resolves when messages come. */
  readonly started: Promise<void>
  readonly lost: Promise<unknown>
  /** Everything before this position is done with: the server may forget it. */
  acknowledge(position: bigint): void
  close(): Promise<void>
}

/** The slice of the package that is called. */
interface Service {
  on(event: 'start', listener: () => void): unknown
  on(event: 'error', listener: (error: unknown) => void): unknown
  on(event: 'data', listener: (position: string, message: StreamMessage) => void): unknown
  on(
    event: 'heartbeat',
    listener: (position: string, time: number, mustAnswer: boolean) => void,
  ): unknown
  subscribe(plugin: object, slot: string): Promise<unknown>
  acknowledge(position: string, ask?: boolean): Promise<unknown>
  destroy(): Promise<unknown>
}

interface Plugin {
  start(client: PgClient, slot: string, position: string): Promise<unknown>
  parse(buffer: Buffer): StreamMessage
}

interface Module {
  readonly LogicalReplicationService: new (client: object, config: object) => Service
  readonly PgoutputPlugin: new (options: object) => Plugin
}

/** @throws {CacheError} `CACHE_PEER_MISSING` when `pg-logical-replication` is not installed. */
export async function openStream(options: StreamOptions): Promise<Stream> {
  const { connection, slot, onMessage, onPosition, heartbeatMs, connectTimeoutMs, clock } = options
  const { LogicalReplicationService, PgoutputPlugin } = await load()
  const lost = Promise.withResolvers<unknown>()
  const started = Promise.withResolvers<void>()
  started.promise.catch(() => {})
  const service = new LogicalReplicationService(
    { ...clientOptions(connection), connectionTimeoutMillis: connectTimeoutMs },
    { acknowledge: { auto: false, timeoutSeconds: 0 } },
  )
  let client: PgClient | undefined
  let done = 0n
  let heardAt = clock.now()
  const answer = (ask: boolean): void => {
    // The package says "up to this position and one more".
    service.acknowledge(formatPosition(done > 0n ? done - 1n : 0n), ask).catch(lost.resolve)
  }
  let cancel = (): void => {}
  service.on('start', () => {
    heardAt = clock.now()
    cancel = clock.after(heartbeatMs, beat)
    started.resolve()
  })
  service.on('error', lost.resolve)
  service.on('data', (_, message) => {
    heardAt = clock.now()
    onMessage(message)
  })
  service.on('heartbeat', (position, _, mustAnswer) => {
    heardAt = clock.now()
    onPosition(parsePosition(position))
    if (mustAnswer) answer(false)
  })
  service
    .subscribe(
      reader(new PgoutputPlugin(pgoutput(options)), options, (made) => (client = made)),
      slot,
    )
    .then(() => lost.resolve(new Error('the stream has ended')), lost.resolve)
  function beat(): void {
    if (clock.now() - heardAt > 2 * heartbeatMs)
      return lost.resolve(new Error(`nothing heard for ${2 * heartbeatMs} ms`))
    answer(true)
    cancel = clock.after(heartbeatMs, beat)
  }
  void lost.promise.then((reason) => {
    cancel()
    started.reject(reason)
  })
  return {
    started: started.promise,
    lost: lost.promise,
    acknowledge(position) {
      if (position <= done) return
      done = position
      answer(false)
    },
    async close() {
      lost.resolve(undefined)
      const gone = service.destroy().catch(() => {})
      if (client !== undefined) await endClient(client, 500)
      await gone
    },
  }
}

function pgoutput({ publication }: StreamOptions): object {
  // The package puts the name between quotes; what it would need inside of them is doubled here.
  return { protoVersion: 1, publicationNames: [publicationList(publication)] }
}

/** A list of names in a text constant: the name as an identifier, and its quotes as a text has them. */
function publicationList(name: string): string {
  return identifier(name).replaceAll("'", "''")
}

/** The plugin of the package, with our steps before the start and no exception out of `parse`. */
function reader(plugin: Plugin, options: StreamOptions, made: (client: PgClient) => void): Plugin {
  return {
    async start(client, slot, position) {
      made(client)
      await options.prepare(client)
      return plugin.start(client, slot, position)
    },
    parse(buffer) {
      try {
        return plugin.parse(buffer)
      } catch (error) {
        return { tag: 'unreadable', error }
      }
    },
  }
}

async function load(): Promise<Module> {
  try {
    return (await import('pg-logical-replication')) as unknown as Module
  } catch (cause) {
    throw new CacheError(
      'CACHE_PEER_MISSING',
      'replicateChanges needs the packages pg and pg-logical-replication: npm install pg pg-logical-replication',
      { cause },
    )
  }
}
