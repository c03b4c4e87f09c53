import type { Dialect as KyselyDialect } from 'kysely'
import { invalidOption } from '../../src/base/errors.js'
import { createQueries, type Queries, type QueriesOptions } from '../../src/query/index.js'
import { CachedDriver, describeWith } from './driver.js'

export interface CachedDialectOptions extends Omit<
  QueriesOptions,
  'dialect' | 'describe' | 'isEmpty' | 'analyze' | 'defaultParsers'
> {
  /** The SQL that the dialect speaks, where its adapter does not tell. Default: what it tells. */
  readonly dialect?: QueriesOptions['dialect'] | undefined
  /** Given the queries below the dialect when they are made: `changed` for writers outside, events, hooks. */
  readonly onQueries?: ((queries: Queries) => void) | undefined
}

/**
 * A dialect of Kysely whose reads are answered from the cache and whose writes invalidate what they touch, whatever driver is below:
 * `new Kysely({ dialect: cachedDialect(new PostgresDialect({ pool }), { cache, scope: 'shop' }) })`.
 *
 * Tables come from Kysely's syntax tree and from the compiled text; rows, and what `sql` fragments do, from the text. A query that is
 * answered from the cache takes no connection. Sessions are believed to be as the driver makes them, so wrap the dialect or the pool
 * below it, not both. With SQLite nobody but this process may write to the file; `keepfresh/sqlite` sees other writers.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option and the value.
 */
export function cachedDialect(
  dialect: KyselyDialect,
  options: CachedDialectOptions,
): KyselyDialect {
  if (typeof dialect?.createDriver !== 'function')
    throw invalidOption('dialect', 'a dialect of Kysely', dialect)
  if (typeof options !== 'object' || options === null)
    throw invalidOption('options', 'an object', options)
  const { dialect: spoken = spokenBy(dialect), onQueries, ...rest } = options
  let latest: CachedDriver | undefined
  const queries = createQueries({
    ...rest,
    dialect: spoken,
    describe(sql) {
      if (latest === undefined) throw new Error('Kysely has not made a driver yet')
      return describeWith(latest, sql)
    },
  })
  onQueries?.(queries)
  return {
    createDriver() {
      latest = new CachedDriver(dialect.createDriver(), queries)
      return latest
    },
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
  }
}

function spokenBy(dialect: KyselyDialect): QueriesOptions['dialect'] {
  const { name } = dialect.createAdapter().constructor
  if (name.startsWith('Postgres')) return 'postgres'
  if (name.startsWith('Mysql')) return 'mysql'
  if (name.startsWith('Sqlite')) return 'sqlite'
  throw invalidOption('dialect', "'postgres', 'mysql' or 'sqlite': the adapter does not tell", name)
}
