import type { CustomTypesConfig, Pool, PoolClient, QueryConfig, QueryResult } from 'pg'
import { invalidOption } from '../../src/base/errors.js'
import {
  createQueries,
  loadPostgresAnalyzer,
  type Execute,
  type Explanation,
  type Queries,
  type QueriesOptions,
  type QueryCacheOptions,
  type RunOptions,
  type TableChange,
} from '../../src/query/index.js'
import { assertUnmoved } from '../../src/query/moved.js'
import { answer, follow, isBusy, keepable, learnTypes, type Followed } from './client.js'
import { forwardAll } from './forward.js'
import { hasOwnParsers, Parsers, TYPES_SQL } from './parsers.js'
import { createReplica, type PoolReplica } from './replica.js'
import { isSubmittable, statementOf, type Statement } from './statement.js'

declare module 'pg' {
  // oxlint-disable-next-line no-unused-vars -- the parameter has to be named as in pg
  interface QueryConfig<I> {
    /** keepfresh: what is cached of this query, and how; `false` leaves the cache alone. */
    cache?: QueryCacheOptions | false | undefined
    /** keepfresh: the tables that a read depends on, where its text does not show them. */
    tables?: readonly string[] | undefined
    /** keepfresh: what a write changes, where its text does not show it. */
    invalidates?: readonly (string | TableChange)[] | undefined
  }
}

export interface CachedPoolOptions extends Omit<
  QueriesOptions,
  'dialect' | 'describe' | 'isEmpty' | 'analyze' | 'loadAnalyzer' | 'defaultParsers' | 'replica'
> {
  /** Whether texts are read with `libpg-query`: `'auto'` where it is installed. Default: `'auto'`. */
  readonly parser?: 'auto' | 'own' | undefined
  /**
   * A name for the `types` of a query, when its parsers are neither those of the process nor leave texts as they are: then its answers
   * are kept under that name. Default: such queries are not cached.
   */
  readonly parsers?: ((types: CustomTypesConfig) => string | undefined) | undefined
  /**
   * A standby that answers the reads that are kept, where it has caught up with what was written to their tables; else, and for all other
   * reads, the primary does. One connection more is opened to the primary, to ask for its position. Default: none.
   */
  readonly replica?: Pool | PoolReplica | undefined
}

/** The application's pool, with reads from the cache. */
export type CachedPool<P extends Pool = Pool> = P & {
  /** Why a statement is cached or not, its key, its tags and what would invalidate it. Executes nothing. */
  explain(query: string | QueryConfig, values?: readonly unknown[]): Promise<Explanation>
  /** What is below the pool: `changed` for writers outside, events, hooks. */
  readonly queries: Queries
}

/**
 * The application's `pg` pool, which answers reads from the cache and invalidates what writes touch. It has the same interface and is
 * an instance of the same class; what is not cached goes through it untouched.
 *
 * All clients of the pool are followed from their next use on, also those taken from `pool` itself. What a connection was told before
 * that (`options`, `onConnect`, a `connect` listener) is for the scope to name.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option and the value.
 */
export function cachedPool<P extends Pool>(pool: P, options: CachedPoolOptions): CachedPool<P> {
  if (typeof pool?.connect !== 'function' || typeof pool.query !== 'function')
    throw invalidOption('pool', 'a Pool of pg', pool)
  if (typeof options !== 'object' || options === null)
    throw invalidOption('options', 'an object', options)
  const { parser = 'auto', parsers: name, replica: standby, ...rest } = options
  const parsers = new Parsers(name)
  const passed = pool.query.bind(pool) as (...args: readonly unknown[]) => unknown
  const followed = new WeakMap<PoolClient, Followed>()
  /** Clients that were made since, so that nothing was sent over them before but by `onConnect` and listeners. */
  const made = new WeakSet<PoolClient>()
  /** Reads of the pool that are not answered yet, whose loads may wait for a connection. */
  let waiting = 0

  const followedBy = (client: PoolClient): Followed => {
    let one = followed.get(client)
    if (one === undefined) {
      parsers.learn(client)
      const told = !made.has(client) || 'onConnect' in pool.options || isBusy(client)
      one = follow(client, { queries, parsers, told, load, mayWait, onError })
      followed.set(client, one)
    }
    return one
  }
  const mayWait = (): boolean =>
    waiting === 0 || pool.idleCount > 0 || pool.totalCount < (pool.options.max ?? 10)
  const onError = (error: unknown): void => {
    pool.emit('error', error instanceof Error ? error : new Error(String(error)), undefined!)
  }

  /** Runs with a client of the pool's choice, as `pool.query` does. */
  async function onClient<T>(run: (client: Followed, own: PoolClient) => Promise<T>): Promise<T> {
    const client = await pool.connect()
    // An error of the connection also rejects what runs on it.
    const ignore = (): void => {}
    client.on('error', ignore)
    let failed: Error | undefined
    try {
      return await run(followedBy(client), client)
    } catch (error) {
      failed = error instanceof Error ? error : new Error(String(error))
      throw error
    } finally {
      client.off('error', ignore)
      client.release(failed)
    }
  }

  const settings = standby && ('connect' in standby ? { pool: standby } : standby)
  const replica = settings && createReplica(pool, settings, parsers)

  const load =
    (statement: Statement): Execute<unknown> =>
    async (context) => {
      if (replica !== undefined && context.from === 'any') {
        const loaded = await replica.load(statement, context.position, context.alone)
        if (loaded !== undefined) return loaded.answer
      }
      return onClient(async ({ connection, send }, client) => {
        if (!connection.plain || hasOwnParsers(client)) context.alone()
        return keepable(await send(statement), statement, parsers, context.alone)
      })
    }

  const execute =
    (statement: Statement): Execute<unknown> =>
    async (context) => {
      if (context.purpose === 'load') return load(statement)(context)
      const result = (await passed(statement.config, statement.values)) as QueryResult
      if (statement.query.parsers === null) learnTypes(statement, result, parsers)
      return result
    }

  const queries = createQueries({
    ...rest,
    ...(replica && { replica: { position: () => replica.position(), holdOff: settings?.holdOff } }),
    dialect: 'postgres',
    defaultParsers: () => parsers.common,
    describe: (sql) =>
      onClient(async ({ connection, send }) => {
        assertUnmoved(connection, sql)
        const ask = async (text: string) =>
          (await send({ config: text, values: undefined })).rows as object[]
        parsers.learnTypes(await ask(TYPES_SQL))
        return ask(sql)
      }),
    ...(parser === 'auto' ? { loadAnalyzer: () => loadPostgresAnalyzer() } : {}),
  })

  // Not before the options are known to be right.
  pool.on('connect', (client) => void made.add(client))
  pool.on('acquire', (client) => {
    const one = followedBy(client)
    one.checkouts++
    one.held = true
  })
  pool.on('release', (_error, client) => {
    const one = followed.get(client)
    if (one !== undefined) one.held = false
  })

  const query = (config: unknown, given?: unknown, last?: unknown): unknown => {
    // pg refuses by itself, in its own words.
    if (pool.ending) return passed(config, given, last)
    if (typeof config === 'string' && last === undefined) {
      const values = given === undefined ? NO_VALUES : given
      const hit = Array.isArray(values) ? queries.atHand(config, values) : undefined
      if (hit !== undefined) return hit
    }
    const statement = isSubmittable(config) ? undefined : statementOf(config, given, last, parsers)
    if (statement === undefined) return passed(config, given, last)
    const promise = queries.run(statement.query, execute(statement), how)
    return statement.callback === undefined ? promise : answer(promise, statement.callback)
  }

  const answered = (): void => void waiting--
  const how: RunOptions = {
    followed: true,
    reading() {
      waiting++
      return answered
    },
  }

  const explain = (config: string | QueryConfig, values?: readonly unknown[]) => {
    const statement = statementOf(config, values, undefined, parsers)
    if (statement === undefined) throw invalidOption('query', 'a text or a query of pg', config)
    return queries.explain(statement.query)
  }

  if (replica === undefined) return forwardAll(pool, { query, explain, queries })
  const end = (done?: () => void): Promise<void> | void => {
    void replica.close()
    return done === undefined ? pool.end() : pool.end(done)
  }
  return forwardAll(pool, { query, explain, queries, end })
}

const NO_VALUES: readonly unknown[] = []
