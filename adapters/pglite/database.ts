import type { PGliteInterface, QueryOptions, Results, Transaction } from '@electric-sql/pglite'
import { invalidOption } from '../../src/base/errors.js'
import {
  createQueries,
  loadPostgresAnalyzer,
  type Execute,
  type Explanation,
  type Queries,
  type QueriesOptions,
  type Query,
  type QueryCacheOptions,
  type QueryConnection,
  type TableChange,
} from '../../src/query/index.js'
import { assertUnmoved } from '../../src/query/moved.js'
import { forwardAll } from '../pg/forward.js'
import { leavesOpen } from '../pg/result.js'

export interface CachedPgliteOptions extends Omit<
  QueriesOptions,
  'dialect' | 'describe' | 'isEmpty' | 'analyze' | 'loadAnalyzer' | 'defaultParsers'
> {
  /** Whether texts are read with `libpg-query`: `'auto'` where it is installed. Default: `'auto'`. */
  readonly parser?: 'auto' | 'own' | undefined
}

/** What may be said of a query besides what PGlite takes. */
export interface PgliteQueryOptions extends QueryOptions {
  /** What is cached of this query, and how; `false` leaves the cache alone. */
  readonly cache?: QueryCacheOptions | false | undefined
  /** The tables that a read depends on, where its text does not show them. */
  readonly tables?: readonly string[] | undefined
  /** What a write changes, where its text does not show it. */
  readonly invalidates?: readonly (string | TableChange)[] | undefined
}

/** The application's PGlite, with reads from the cache. */
export type CachedPglite<P extends PGliteInterface> = P & {
  query<T>(text: string, params?: unknown[], options?: PgliteQueryOptions): Promise<Results<T>>
  /** Why a statement is cached or not, its key, its tags and what would invalidate it. Executes nothing. */
  explain(
    text: string,
    params?: readonly unknown[],
    options?: PgliteQueryOptions,
  ): Promise<Explanation>
  /** What is below: `changed`, events, hooks. */
  readonly queries: Queries
}

type Answer = Results<unknown>
/** What runs a text: the database, or a transaction of it. */
interface Runner {
  query(text: string, params?: unknown[], options?: QueryOptions): Promise<Answer>
  exec(text: string, options?: QueryOptions): Promise<Answer[]>
}
type Sql = (this: unknown, strings: TemplateStringsArray, ...values: unknown[]) => Promise<Answer>

const FOLLOWED = { followed: true } as const
/** Ways past statements: what is sent by them cannot be seen. */
const UNSEEN = [
  'execProtocol',
  'execProtocolRaw',
  'execProtocolStream',
  'execProtocolRawSync',
  'execProtocolRawStream',
  'runExclusive',
]

/**
 * The application's PGlite, which answers reads from the cache and invalidates what writes touch. It has the same interface and is an
 * instance of the same class; live queries, listeners and everything else go through it untouched.
 *
 * PGlite is one connection, so what is set on it holds for all: while its session is changed, nothing is cached.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option and the value.
 */
export function cachedPglite<P extends PGliteInterface>(
  db: P,
  options: CachedPgliteOptions,
): CachedPglite<P> {
  if (typeof db?.query !== 'function' || typeof db.transaction !== 'function')
    throw invalidOption('db', 'a PGlite', db)
  if (typeof options !== 'object' || options === null)
    throw invalidOption('options', 'an object', options)
  const { parser = 'auto', ...rest } = options
  const direct: Runner = {
    query: (text, params, given) => db.query(text, params, given),
    exec: (text, given) => db.exec(text, given),
  }
  const queries = createQueries({
    ...rest,
    dialect: 'postgres',
    async describe(sql) {
      assertUnmoved(connection, sql)
      return (await direct.query(sql)).rows as object[]
    },
    ...(parser === 'auto' ? { loadAnalyzer: () => loadPostgresAnalyzer() } : {}),
  })
  const connection = newConnection(queries)
  const { sql: template } = db as unknown as { readonly sql: Sql }

  const query = (text: string, params?: unknown[], given?: PgliteQueryOptions): Promise<Answer> => {
    const asked = queryOf(text, params, given)
    const send: Execute<Answer> = ({ purpose, alone }) => {
      if (purpose === 'load' && !connection.plain) alone()
      return direct.query(text, params, plainOptions(given))
    }
    if (!connection.plain) return connection.run(asked, send)
    const execute: Execute<Answer> = (context) =>
      context.purpose === 'load' ? send(context) : connection.run({ ...asked, cache: false }, send)
    return queries.run(asked, execute, FOLLOWED)
  }

  /** In a transaction of PGlite nothing else runs, and it begins and ends it by itself. */
  const transaction = async <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => {
    const inside = newConnection(queries)
    const ended = async (sql: 'COMMIT' | 'ROLLBACK'): Promise<void> => {
      await inside.run({ sql }, () => undefined)
      // What the transaction has set stays set.
      if (!inside.plain) await changeSession(connection)
    }
    let isBegun = false
    let isUndone = false
    const follow = async (tx: Transaction): Promise<T> => {
      isBegun = true
      if (connection.moved) await changeSession(inside)
      await inside.run({ sql: 'BEGIN' }, () => undefined)
      return work(
        wrapRunner(tx as Transaction & Runner, inside, template, {
          rollback: async () => {
            await tx.rollback()
            isUndone = true
          },
        }),
      )
    }
    let result: T
    try {
      result = await db.transaction(follow)
    } catch (error) {
      if (isBegun) await ended('ROLLBACK')
      throw error
    }
    await ended(isUndone ? 'ROLLBACK' : 'COMMIT')
    return result
  }

  const unseen = Object.fromEntries(
    UNSEEN.flatMap((name) => {
      const method: unknown = Reflect.get(db, name)
      if (typeof method !== 'function') return []
      const run = (...args: unknown[]): unknown => {
        const ended = connection.begin(undefined)
        return after(() => method.apply(db, args) as unknown, ended)
      }
      return [[name, run]]
    }),
  )
  const explain = (text: string, params?: readonly unknown[], given?: PgliteQueryOptions) =>
    queries.explain(queryOf(text, params, given))
  return wrapRunner(db as unknown as Runner & object, connection, template, {
    ...unseen,
    query,
    sql: templateOf(template, query),
    transaction,
    explain,
    queries,
  }) as unknown as CachedPglite<P>
}

function newConnection(queries: Queries): QueryConnection {
  return queries.connection({ isUnknown: leavesOpen })
}

/** As a text does that changes what follows. */
async function changeSession(connection: QueryConnection): Promise<void> {
  await connection.run({ sql: 'RESET ALL' }, () => undefined)
}

/** A database or transaction whose statements are followed on `connection`. */
function wrapRunner<R extends Runner & object, Own extends object>(
  runner: R,
  connection: QueryConnection,
  template: Sql,
  own: Own,
): R & Own {
  const query = (text: string, params?: unknown[], given?: PgliteQueryOptions): Promise<Answer> =>
    connection.run(queryOf(text, params, given), () =>
      runner.query(text, params, plainOptions(given)),
    )
  const exec = (text: string, given?: PgliteQueryOptions): Promise<Answer[]> =>
    connection.run({ ...queryOf(text, undefined, given), cache: false }, () =>
      runner.exec(text, plainOptions(given)),
    )
  return forwardAll(runner, { query, exec, sql: templateOf(template, query), ...own })
}

/** The `sql` of a database makes a text of a template and asks `query` of the object it is called on: so it is called on another. */
function templateOf(sql: Sql, query: Runner['query']): Sql {
  const asker = {
    query: (text: string, params: unknown[]): Promise<Answer> => query(text, params),
  }
  return (strings, ...values) => sql.call(asker, strings, ...values)
}

function queryOf(
  text: string,
  params: readonly unknown[] | undefined,
  given: PgliteQueryOptions | undefined,
): Query {
  const { cache, tables, invalidates, rowMode, parsers, serializers, paramTypes, blob } =
    given ?? {}
  // Blobs and functions of one query alone are not a part of a key.
  const isPlain = parsers === undefined && serializers === undefined && paramTypes === undefined
  return {
    sql: text,
    params,
    rowMode,
    parsers: isPlain && blob === undefined ? undefined : null,
    cache,
    tables,
    invalidates,
  }
}

function plainOptions(given: PgliteQueryOptions | undefined): QueryOptions | undefined {
  if (given === undefined) return undefined
  const { cache: _cache, tables: _tables, invalidates: _invalidates, ...options } = given
  return options
}

/** Calls `ended` behind what a method returns, now or later. */
function after(run: () => unknown, ended: (failed?: boolean) => Promise<void>): unknown {
  let result: unknown
  try {
    result = run()
  } catch (error) {
    ended(true).catch(() => {})
    throw error
  }
  if (!(result instanceof Promise)) {
    ended().catch(() => {})
    return result
  }
  return (result as Promise<unknown>).then(
    async (answer) => {
      await ended()
      return answer
    },
    async (error: unknown) => {
      await ended(true)
      throw error
    },
  )
}
