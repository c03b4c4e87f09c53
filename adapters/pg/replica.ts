import type { ClientBase, Pool, PoolClient, QueryResult } from 'pg'
import type { ReplicaOptions } from '../../src/query/index.js'
import { hasOwnParsers, type Parsers } from './parsers.js'
import { keepable } from './client.js'
import type { Statement } from './statement.js'

/** A standby that loads may ask. */
export interface PoolReplica extends Omit<ReplicaOptions, 'position'> {
  /**
   * A pool of connections to physical standbys of the same database, as the same user, that nothing else uses: the state of its sessions
   * is not followed. Several standbys behind one address are fine.
   */
  readonly pool: Pool
  /** Told when a standby could not answer, and the primary was asked instead. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** Asks standbys, where they are not behind. */
export interface Replica {
  /** Where the log of the primary is now. */
  position(): Promise<bigint>
  /** The answer of a standby that has reached `position`; undefined when it has not, or could not answer. */
  load(
    statement: Statement,
    position: bigint | undefined,
    alone: () => void,
  ): Promise<{ readonly answer: unknown } | undefined>
  close(): Promise<void>
}

const REACHED = `SELECT NOT pg_catalog.pg_is_in_recovery() OR pg_catalog.pg_last_wal_replay_lsn() >= $1::pg_catalog.pg_lsn AS reached`
const POSITION = `SELECT (pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_catalog.pg_lsn)::text AS position`

/** @param primary The pool of the primary, whose way of connecting is used for one connection more. */
export function createReplica(
  primary: Pool,
  { pool, onError }: PoolReplica,
  parsers: Parsers,
): Replica {
  let asker: Promise<ClientBase> | undefined

  /** A connection of its own: those of the pool may all be held by who waits for the position. */
  function askerClient(): Promise<ClientBase> {
    asker ??= connect()
    return asker
  }

  async function connect(): Promise<ClientBase> {
    const { Client } = primary as unknown as {
      readonly Client: new (options: object) => AskerClient
    }
    const client = new Client(primary.options)
    const drop = (): void => {
      asker = undefined
    }
    client.on('error', drop)
    client.on('end', drop)
    try {
      await client.connect()
    } catch (error) {
      drop()
      throw error
    }
    client.unref()
    return client
  }

  async function ask(
    client: PoolClient,
    { config, values }: Statement,
    position: bigint | undefined,
  ): Promise<QueryResult | undefined> {
    const send = client.query.bind(client) as (
      config: unknown,
      values?: unknown,
    ) => Promise<QueryResult>
    // Sent together, answered in their order, on one connection: the answer is from after the standby was asked how far it is.
    const reached = position === undefined ? undefined : send(REACHED, [formatPosition(position)])
    const [first, second] = await Promise.allSettled([reached, send(config, values)])
    if (first.status === 'rejected') throw first.reason
    if (second.status === 'rejected') throw second.reason
    const isBehind = first.value !== undefined && first.value.rows[0]?.reached !== true
    return isBehind ? undefined : second.value
  }

  return {
    async position() {
      const { rows } = await (await askerClient()).query<{ position: string }>(POSITION)
      return BigInt(rows[0]!.position)
    },
    async load(statement, position, alone) {
      let failed: Error | undefined
      let client: PoolClient | undefined
      try {
        client = await pool.connect()
        if (hasOwnParsers(client)) alone()
        const result = await ask(client, statement, position)
        return result && { answer: keepable(result, statement, parsers, alone) }
      } catch (error) {
        // A standby that is down, or cancels what stands in the way of its log: the primary is asked instead.
        failed = error instanceof Error ? error : new Error(String(error))
        onError?.(error)
        return undefined
      } finally {
        client?.release(failed)
      }
    },
    async close() {
      const client = await asker?.catch(() => undefined)
      await (client as AskerClient | undefined)?.end()
    },
  }
}

interface AskerClient extends ClientBase {
  end(): Promise<void>
  unref(): void
}

function formatPosition(position: bigint): string {
  return `${(position >> 32n).toString(16)}/${(position & 0xffff_ffffn).toString(16)}`
}
