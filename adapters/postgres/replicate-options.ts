import { randomBytes } from 'node:crypto'
import { systemClock, type Clock } from '../../src/base/clock.js'
import type { Duration } from '../../src/base/duration.js'
import { invalidOption } from '../../src/base/errors.js'
import { systemRandom, type Random } from '../../src/base/random.js'
import type { Queries } from '../../src/query/index.js'
import type { ConnectionOptions } from './client.js'
import { teller, type OutsideEvent } from './events.js'
import { positive } from './listen-options.js'

/** Who is told: what `createQueries` made. */
export type ReplicationSink = Pick<Queries, 'changed' | 'changedAll' | 'redefined' | 'use'>

export interface ReplicateOptions {
  /**
   * The database, as `new pg.Client` takes it: a URL or options. The primary itself and no pooler; a role with REPLICATION. Two connections
   * are opened.
   */
  readonly connection: ConnectionOptions
  /** The publication, made by `keepfresh postgres publication`. Default: `'keepfresh'`. */
  readonly publication?: string | undefined
  /**
   * The name of a permanent slot: what was written while nobody listened is heard afterwards, by whichever process takes over, and one
   * process at a time listens. The server keeps its log on disk until then: set `max_slot_wal_keep_size`. Default: a temporary slot, which
   * is gone with its connection, after which everything is invalidated.
   */
  readonly slot?: string | undefined
  /** The columns declared as `partitions` of the queries. Default: none. */
  readonly partitions?: Readonly<Record<string, readonly string[]>> | undefined
  /** The schemas whose tables should all be published; those that are not are told by `unwatched`. Default: `['public']`. */
  readonly schemas?: readonly string[] | undefined
  /** How often the server is asked whether it is alive, and how long it may take to say so. Default: 5 seconds. */
  readonly heartbeat?: Duration | undefined
  /** How long opening a connection may take. Default: 5 seconds. */
  readonly connectTimeout?: Duration | undefined
  /** The longest wait between two attempts to connect. Default: 5 seconds. */
  readonly retryAtMost?: Duration | undefined
  readonly onEvent?: ((event: OutsideEvent) => void) | undefined
  /** Where time comes from, for tests. Default: the machine's. */
  readonly clock?: Clock | undefined
  /** Where chance comes from, for tests. Default: the machine's. */
  readonly random?: Random | undefined
}

/** @internal The options, resolved. */
export interface ReplicateSettings {
  readonly connection: ConnectionOptions
  readonly publication: string
  readonly slot: string | undefined
  readonly partitions: Readonly<Record<string, readonly string[]>>
  readonly schemas: readonly string[]
  readonly heartbeatMs: number
  readonly connectTimeoutMs: number
  readonly retryAtMostMs: number
  readonly tell: (event: OutsideEvent) => void
  readonly clock: Clock
  readonly random: Random
}

/** @throws {CacheError} `CACHE_OPTION_INVALID` naming what is wrong. */
export function resolveReplicate(options: ReplicateOptions): ReplicateSettings {
  const { connection, publication = 'keepfresh', slot, partitions = {}, onEvent } = options
  const { schemas = ['public'], clock = systemClock, random = systemRandom } = options
  if (typeof connection !== 'string' && (typeof connection !== 'object' || connection === null))
    throw invalidOption('connection', 'a URL or the options of a pg.Client', connection)
  if (typeof publication !== 'string' || publication === '' || publication.length > 63)
    throw invalidOption('publication', 'a name of 1 to 63 bytes', publication)
  // "Replication Slots": lower-case letters, numbers and the underscore.
  if (slot !== undefined && !/^[a-z0-9_]{1,63}$/.test(slot))
    throw invalidOption('slot', '1 to 63 lower-case letters, digits and underscores', slot)
  return {
    connection,
    publication,
    slot,
    partitions,
    schemas,
    heartbeatMs: positive(options.heartbeat, 'heartbeat'),
    connectTimeoutMs: positive(options.connectTimeout, 'connectTimeout'),
    retryAtMostMs: positive(options.retryAtMost, 'retryAtMost'),
    tell: teller(onEvent),
    clock,
    random,
  }
}

/** @internal A name that no other process takes. */
export function temporarySlot(): string {
  return `keepfresh_${randomBytes(8).toString('hex')}`
}
