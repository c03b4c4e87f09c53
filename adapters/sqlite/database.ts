import { systemClock, type Cancel } from '../../src/base/clock.js'
import { createCached, type SqliteCache } from './cached.js'
import { Connection, type Planned } from './connection.js'
import { forwardAll } from './forward.js'
import { checkStatementOptions, resolveOptions, type SqliteCacheOptions } from './options.js'
import type { StatementCacheOptions } from './options.js'
import type { Plan } from './plan.js'
import { statementClass, type StatementClass } from './statement.js'
import { wrapTransaction } from './transaction.js'
import type { Method, RawStatement, SqliteDatabase } from './types.js'

/** A database whose reads are answered from kept answers where that is allowed; in everything else it is as `D` is. */
export type CachedDatabase<D extends SqliteDatabase> = D & {
  prepare(sql: string, options: { readonly cache: StatementCacheOptions }): ReturnType<D['prepare']>
  readonly cached: SqliteCache
}

/** Methods of both clients that change neither what is read nor how. What is not here is taken to change everything. */
const HARMLESS: ReadonlySet<string | symbol> = new Set([
  'location',
  'serialize',
  'backup',
  'explain',
  'createSession',
  'createTagStore',
  'enableDefensive',
  'enableLoadExtension',
  Symbol.for('nodejs.util.inspect.custom'),
])

/** What is shared by the methods of one wrapped database. */
class Wrapped {
  readonly connection: Connection
  readonly cached: SqliteCache
  readonly facts: WeakMap<Plan, Readonly<Record<string, unknown>>> = new WeakMap()
  statements: StatementClass | undefined
  /** What `defaultSafeIntegers` was called with last. */
  safeIntegers: boolean | undefined
  #watching: Cancel = () => {}

  constructor(database: SqliteDatabase, options: SqliteCacheOptions) {
    this.connection = new Connection(database, resolveOptions(options))
    this.cached = createCached(this.connection)
    this.#watch()
  }

  get real(): SqliteDatabase & Readonly<Record<string | symbol, Method>> {
    return this.connection.client.database as SqliteDatabase & Record<string | symbol, Method>
  }

  /** Calls the client's own method. */
  call(name: string | symbol, values: readonly unknown[]): unknown {
    const { real } = this
    return real[name]!.call(real, ...values)
  }

  end(): void {
    this.#watching()
    this.connection.answers.forget()
  }

  #watch(): void {
    const { watchMs } = this.connection.settings
    if (watchMs === Infinity) return
    this.#watching = systemClock.after(watchMs, () => {
      this.cached.look()
      this.#watch()
    })
  }
}

/**
 * Answers a database's reads from memory, and lets go of what a write touches by itself.
 *
 * What is returned is used in place of `db`, which must not be used beside it: it is of the same class and has the same methods.
 * `prepare(sql).get()` and `.all()` are answered from what is kept where the text, the parameters and the definitions of the database
 * leave no doubt; everything else goes to `db` as it is. A write of this connection is understood from its text and leaves what it
 * cannot have touched; a commit of any other connection or process is noticed before the next answer and clears everything.
 *
 * Rows are frozen (see `values`). Inside a transaction nothing is answered from what is kept, and what it changed is let go of
 * when it is permanent.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for a wrong option, `CACHE_UNSUPPORTED` for `node:sqlite` before Node 22.16.
 */
export function cachedDatabase<D extends SqliteDatabase>(
  db: D,
  options: SqliteCacheOptions = {},
): CachedDatabase<D> {
  return new (databaseClass(db))(new Wrapped(db, options)) as unknown as CachedDatabase<D>
}

type DatabaseClass = new (wrapped: Wrapped) => object

/** The class of wrapped databases of one client. */
function databaseClass(sample: SqliteDatabase): DatabaseClass {
  class Cached {
    readonly #wrapped: Wrapped

    constructor(wrapped: Wrapped) {
      this.#wrapped = wrapped
    }

    get cached(): SqliteCache {
      return this.#wrapped.cached
    }

    prepare(sql: string, options?: object): RawStatement {
      return prepare(this.#wrapped, this, sql, options)
    }

    exec(sql: string): unknown {
      const { connection } = this.#wrapped
      if (typeof sql !== 'string') return this.#wrapped.call('exec', [sql])
      const planned = { plan: connection.plans.make(sql, '', {}) }
      const result = connection.run(planned, [], () => this.#wrapped.call('exec', [sql]))
      return result === this.#wrapped.real ? this : result
    }

    close(): unknown {
      const result = this.#wrapped.call('close', [])
      this.#wrapped.end()
      return result === this.#wrapped.real ? this : result
    }

    static readonly tell = (database: Cached, name: string | symbol): unknown => {
      return (database.#wrapped.real as unknown as Record<string | symbol, unknown>)[name]
    }

    /** What the two clients have besides. */
    static readonly call = (
      database: Cached,
      name: string | symbol,
      values: readonly unknown[],
    ): unknown => {
      const wrapped = database.#wrapped
      const result = callOther(wrapped, database, name, values)
      return result === wrapped.real ? database : result
    }
  }
  forwardAll(Cached, sample, { get: Cached.tell, call: Cached.call })
  return Cached
}

function callOther(
  wrapped: Wrapped,
  database: { close(): unknown },
  name: string | symbol,
  values: readonly unknown[],
): unknown {
  const { connection } = wrapped
  const run = (): unknown => wrapped.call(name, values)
  if (HARMLESS.has(name)) return run()
  switch (name) {
    case 'transaction':
      return wrapTransaction(connection, (work) => wrapped.call(name, [work]), values[0], database)
    case 'pragma':
      return runPragma(wrapped, values[0], run)
    case 'setAuthorizer':
      return connection.upset(() => {
        const result = run()
        connection.authorized = values[0] !== null
        return result
      })
    case 'defaultSafeIntegers':
      return connection.upset(() => {
        const result = run()
        wrapped.safeIntegers = values[0] !== false
        return result
      })
    case 'deserialize':
      return connection.retire(run)
    case Symbol.dispose:
      return database.close()
    default:
      return connection.upset(run)
  }
}

/** better-sqlite3's `db.pragma(source)`: what it does is read from the text, as of any statement. */
function runPragma({ connection }: Wrapped, source: unknown, run: () => unknown): unknown {
  if (typeof source !== 'string') return run()
  return connection.run({ plan: connection.plans.make(`PRAGMA ${source}`, '', {}) }, [], run)
}

function prepare(
  wrapped: Wrapped,
  database: object,
  sql: string,
  options: object | undefined,
): RawStatement {
  const { connection, facts, safeIntegers } = wrapped
  const { client, plans } = connection
  const { cache = {}, ...others } = (options ?? {}) as { readonly cache?: StatementCacheOptions }
  const rest = Object.keys(others).length === 0 ? undefined : others
  const optionsKey =
    options === undefined
      ? ''
      : `${JSON.stringify(checkStatementOptions(cache))}${JSON.stringify(rest)};`
  const prepareReal = (): RawStatement => {
    const statement = client.prepare(sql, rest)
    // Its form is that of when it was asked for.
    if (wrapped.safeIntegers !== safeIntegers)
      (statement as unknown as Readonly<Record<string, Method>>)['safeIntegers']?.call(
        statement,
        safeIntegers ?? false,
      )
    return statement
  }
  const known = connection.isOpen ? plans.known(sql, optionsKey) : undefined
  const told = known && facts.get(known)
  const prepared = told === undefined ? prepareReal() : undefined
  const plan = known ?? plans.make(sql, optionsKey, cache)
  if (prepared !== undefined) facts.set(plan, factsOf(prepared))
  const planned: Planned = { plan }
  const Statement = (wrapped.statements ??= statementClass(prepared ?? prepareReal()))
  return new Statement({
    connection,
    planned,
    prepare: prepareReal,
    prepared,
    database,
    facts: facts.get(plan) ?? {},
  })
}

/** What better-sqlite3 says of a statement, the same each time. */
function factsOf(statement: object): Readonly<Record<string, unknown>> {
  const { reader, readonly, source } = statement as Readonly<Record<string, unknown>>
  return reader === undefined ? {} : { reader, readonly, source }
}
