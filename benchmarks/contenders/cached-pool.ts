import { EventEmitter } from 'node:events'
import type { Pool, QueryResult } from 'pg'
import { createCache, type Cache } from '../../index.js'
import { memoryStore } from '../../adapters/memory/index.js'
import { cachedPool } from '../../adapters/pg/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { TTL_MS, type Contender, type Task } from '../lib/contender.js'

const SQL = 'SELECT * FROM customers WHERE key = $1'

/**
 * `db.query` of a cached `pg` pool, whose answer is one row. Behind the pool is no server: what is asked here is what an answer from
 * the cache costs, and those never reach it.
 */
export const queries: Contender = {
  name: 'cachedPool',
  packages: [],
  isPeer: false,
  can: ['memory', 'redis', 'tiers'],
  async open(task) {
    const cache = cacheOf(task)
    const pool = new PoolOfNothing(task.load) as unknown as Pool
    const db = cachedPool(pool, { cache, scope: 'shop' })
    return {
      read: async (key) => (await db.query<Record<string, unknown>>(SQL, [key])).rows[0],
      close: () => cache.close(),
    }
  },
}

/** The same value through `getOrSet`, by hand, under the same labels. */
export const byHand: Contender = {
  name: 'getOrSet of a result',
  packages: [],
  isPeer: false,
  can: ['memory', 'redis', 'tiers'],
  async open(task) {
    const cache = cacheOf(task)
    const { load } = task
    return {
      read: async (key) => {
        const find = async () => answer([await load(key)])
        const row = `q:shop:public.customers#${key}`
        const tags = ['q:shop', 'q:shop:public.customers/rows', row]
        return (await cache.getOrSet(key, find, { tags })).rows?.[0]
      },
      close: () => cache.close(),
    }
  },
}

function cacheOf({ place, maxEntries }: Task): Cache {
  const memory = memoryStore({ maxEntries, maxBytes: '1gb' })
  const remote = 'url' in place ? [redisStore(place.url)] : []
  const tiers = place.kind === 'redis' ? remote : [memory, ...remote]
  const cache = createCache({ tiers, ttl: TTL_MS })
  cache.on('error', ({ error }) => console.error(error))
  return cache
}

/** A pool of one client, which knows one table and asks the source for its rows. */
class PoolOfNothing extends EventEmitter {
  readonly options = { max: 1 }
  readonly idleCount = 1
  readonly totalCount = 1
  readonly #client: Client

  constructor(load: Task['load']) {
    super()
    this.#client = new Client(load)
  }

  async connect(): Promise<Client> {
    this.emit('acquire', this.#client)
    return this.#client
  }

  async query(): Promise<never> {
    throw new Error('nothing but reads is asked for')
  }
}

class Client extends EventEmitter {
  readonly #load: Task['load']

  constructor(load: Task['load']) {
    super()
    this.setMaxListeners(0)
    this.#load = load
  }

  async query(sql: string, values?: readonly unknown[]): Promise<Partial<QueryResult>> {
    if (sql === SQL) return answer([await this.#load(String(values?.[0]))])
    if (sql.includes('current_schemas')) return answer([{ path: '["public"]' }])
    return answer([{ part: 'relation', data: CUSTOMERS }])
  }

  release(): void {}
}

function answer(rows: object[]): Partial<QueryResult> {
  const field = { tableID: 1, columnID: 1, dataTypeID: 25, dataTypeSize: -1, dataTypeModifier: -1 }
  const fields = [{ name: 'id', ...field, format: 'text' }]
  return { command: 'SELECT', rowCount: rows.length, oid: 0, rows, fields }
}

const CUSTOMERS = {
  oid: '1',
  schema: 'public',
  name: 'customers',
  kind: 'r',
  columns: [['key', 'text', 'b', true, false, -1, false]],
  key: ['key'],
}
