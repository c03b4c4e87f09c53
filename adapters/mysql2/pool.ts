import { EventEmitter } from 'node:events'
import type { Pool, QueryOptions } from 'mysql2'
import type { Pool as PromisedPool } from 'mysql2/promise'
import { invalidOption } from '../../src/base/errors.js'
import {
  createQueries,
  type Execute,
  type Explanation,
  type Queries,
  type QueriesOptions,
  type Query,
} from '../../src/query/index.js'
import { assertUnmoved } from '../../src/query/moved.js'
import { forwardAll } from '../pg/forward.js'
import { callOf, type Call, type StatementOptions } from './call.js'
import { follow, type Followed } from './connection.js'
import type { CoreConnection, CorePool, PromisePool } from './core.js'
import { Forms, type TypeCast } from './form.js'
import { loadFrom, type PoolReplica } from './replica.js'
import { answerTo, plainAnswer, type Answer } from './result.js'
import { textOf, type ResolveNamed } from './text.js'

export interface CachedPoolOptions extends Omit<
  QueriesOptions,
  'dialect' | 'describe' | 'isEmpty' | 'analyze' | 'loadAnalyzer' | 'defaultParsers' | 'replica'
> {
  /**
   * A name for a `typeCast` function, when it depends on more than what it is given: then answers cast by it are kept under that name.
   * Default: such queries are not cached; a function that speaks of nothing but its parameters has its source for a name.
   */
  readonly typeCast?: ((typeCast: TypeCast) => string | undefined) | undefined
  /**
   * A replica that answers the reads that are kept, but for tables that were written within `holdOff` (5 seconds): those, and all other
   * reads, go to the primary. It has to lag less than that. Default: none.
   */
  readonly replica?: Pool | PromisedPool | PoolReplica | undefined
}

/** The application's pool, with reads from the cache. */
export type CachedPool<P extends Pool | PromisedPool> = P & {
  query(
    options: QueryOptions & StatementOptions,
    values?: unknown,
  ): P extends PromisedPool ? Promise<[unknown, unknown]> : unknown
  /** Why a statement is cached or not, its key, its tags and what would invalidate it. Executes nothing. */
  explain(
    query: string | (QueryOptions & StatementOptions),
    values?: readonly unknown[],
  ): Promise<Explanation>
  /** What is below the pool: `changed` for writers outside, events, hooks. */
  readonly queries: Queries
}

/** Says what pools of one server share. */
interface Shared {
  readonly queries: Queries
  readonly queryOf: (call: Call) => Query | undefined
  readonly execute: (call: Call) => Execute<Answer>
}

const FOLLOWED = { followed: true } as const
const NO_CONNECTIONS = { length: 0 }

/**
 * The application's `mysql2` pool, of `mysql2/promise` or with callbacks, which answers reads from the cache and invalidates what writes
 * touch. It has the same interface and is an instance of the same class; what is not cached goes through it untouched.
 *
 * All connections of the pool are followed from their next use on, also those taken from `pool` itself. What a connection was told
 * before that (a `connection` listener) is for the scope to name.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option and the value.
 */
export function cachedPool<P extends Pool | PromisedPool>(
  pool: P,
  options: CachedPoolOptions,
): CachedPool<P> {
  const given = pool as unknown as Partial<PromisePool & CorePool> | null | undefined
  if (typeof given?.query !== 'function' || typeof given.getConnection !== 'function')
    throw invalidOption('pool', 'a pool of mysql2', pool)
  if (typeof options !== 'object' || options === null)
    throw invalidOption('options', 'an object', options)
  const isPromised = typeof given.pool?.getConnection === 'function'
  const core = (isPromised ? given.pool : given) as CorePool
  if (core.config?.connectionConfig === undefined)
    throw invalidOption('pool', 'a pool of mysql2, not a cluster of pools', pool)
  const shared = share(core, options)
  const made = isPromised
    ? wrapPromised(given as PromisePool, wrapCore(core, shared), shared)
    : wrapCore(core, shared)
  return made as unknown as CachedPool<P>
}

function share(core: CorePool, options: CachedPoolOptions): Shared {
  const { typeCast, replica: given, ...rest } = options
  const forms = new Forms(typeCast)
  const config = core.config.connectionConfig
  const passed = {
    query: core.query.bind(core),
    execute: core.execute.bind(core),
  }
  const followed = new WeakMap<CoreConnection, Followed>()
  let resolveNamed: ResolveNamed | undefined
  /** Loads that have no connection yet. */
  let waiting = 0

  const queryOf = (call: Call): Query | undefined => {
    const text = textOf(call, {
      config,
      format: (sql, values) => core.format(sql, values),
      resolveNamed,
    })
    if (text === undefined) return undefined
    return {
      ...text,
      ...call.own,
      rowMode: forms.rowMode(call, config),
      parsers: forms.parsers(call, config),
    }
  }

  const followedBy = (client: CoreConnection): Followed => {
    let one = followed.get(client)
    if (one === undefined) {
      resolveNamed ??= client._resolveNamedPlaceholders?.bind({ config } as CoreConnection)
      const told = core.listenerCount('connection') > 0
      one = follow(client, { queries, told, queryOf, load, mayWait, onError })
      followed.set(client, one)
    }
    return one
  }
  const mayWait = (): boolean => {
    const { _freeConnections: free, _allConnections: all } = core
    const { connectionLimit: limit } = core.config
    if (waiting === 0 || limit === 0 || limit === undefined) return true
    return (free ?? NO_CONNECTIONS).length > 0 || (all ?? NO_CONNECTIONS).length < limit
  }
  const onError = (error: unknown): void => {
    if (core.listenerCount('error') > 0) core.emit('error', error)
  }

  /** Runs with a connection of the pool's choice, as `pool.query` does. */
  async function onConnection<T>(run: (client: Followed) => Promise<T>): Promise<T> {
    waiting++
    const client = await new Promise<CoreConnection>((resolve, reject) => {
      core.getConnection((error, connection) => {
        waiting--
        if (error) reject(error)
        else resolve(connection)
      })
    })
    try {
      return await run(followedBy(client))
    } finally {
      client.release()
    }
  }

  const loadOnPrimary =
    (call: Call): Execute<Answer> =>
    (context) =>
      onConnection(async ({ connection, send }) => {
        if (!connection.plain) context.alone()
        return plainAnswer(await send(call))
      })
  const replica = given && loadFrom(given, loadOnPrimary)
  const load = replica?.load ?? loadOnPrimary

  const execute =
    (call: Call): Execute<Answer> =>
    (context) => {
      if (context.purpose === 'load') return load(call)(context)
      const { method, sql, values, options: others, own } = call
      return answerTo((done) => passed[method]({ ...others, ...own, sql, values }, done))
    }

  const queries = createQueries({
    ...rest,
    ...(replica && { replica: replica.options }),
    dialect: 'mysql',
    describe: (sql) =>
      onConnection(async ({ connection, send }) => {
        assertUnmoved(connection, sql)
        const plain = { rowsAsArray: false, nestTables: false, typeCast: true, jsonStrings: true }
        const [rows] = await send({
          method: 'query',
          sql,
          values: undefined,
          options: plain,
          own: {},
          callback: undefined,
        })
        return rows as object[]
      }),
  })
  // Not before the options are known to be right.
  core.on('acquire', (client: CoreConnection) => void followedBy(client))
  return { queries, queryOf, execute }
}

/** What both kinds of pools have besides. */
function extrasOf({ queries, queryOf }: Shared) {
  return {
    queries,
    explain(sql: unknown, values?: readonly unknown[]): Promise<Explanation> {
      const call = callOf('query', sql, values)
      const query = call && queryOf(call)
      if (query === undefined) throw invalidOption('query', 'a text or options of mysql2', sql)
      return queries.explain(query)
    },
  }
}

function wrapCore(core: CorePool, shared: Shared): CorePool {
  const { queries, queryOf, execute } = shared
  const run = (method: Call['method']) => {
    const passed = core[method].bind(core)
    return (sql: unknown, values?: unknown, last?: unknown): unknown => {
      const call = callOf(method, sql, values, last)
      const query = call?.callback && queryOf(call)
      // Without a callback it is an emitter, which the connection it comes to follows.
      if (call?.callback === undefined || query === undefined) return passed(sql, values, last)
      const { callback } = call
      const emitter = new EventEmitter()
      queries.run<Answer>(query, execute(call), FOLLOWED).then(
        ([rows, fields]) => process.nextTick(callback, null, rows, fields),
        (error: unknown) => process.nextTick(callback, error),
      )
      return emitter
    }
  }
  const wrapped: CorePool = forwardAll(core, {
    query: run('query'),
    execute: run('execute'),
    promise: (implementation?: unknown) =>
      wrapPromised(core.promise(implementation), wrapped, shared),
    ...extrasOf(shared),
  })
  return wrapped
}

function wrapPromised(pool: PromisePool, core: CorePool, shared: Shared): PromisePool {
  const { queries, queryOf, execute } = shared
  const run = (method: Call['method']) => {
    const passed = pool[method].bind(pool)
    return (sql: unknown, values?: unknown): Promise<unknown> => {
      const call = typeof values === 'function' ? undefined : callOf(method, sql, values)
      const query = call && queryOf(call)
      if (call === undefined || query === undefined) return passed(sql, values)
      return queries.run<Answer>(query, execute(call), FOLLOWED)
    }
  }
  return forwardAll(pool, {
    query: run('query'),
    execute: run('execute'),
    pool: core,
    ...extrasOf(shared),
  })
}
