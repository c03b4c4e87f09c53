import type { CompiledQuery, DatabaseConnection, Driver, TransactionSettings } from 'kysely'
import type { Queries, Query } from '../../src/query/index.js'
import { assertUnmoved } from '../../src/query/moved.js'
import { leavesOpen as leavesOpenMysql } from '../mysql2/result.js'
import { leavesOpen as leavesOpenPostgres } from '../pg/result.js'
import { CachedConnection, type Followed, type Lender } from './connection.js'

type CompileQuery = Parameters<NonNullable<Driver['savepoint']>>[2]

/** A driver whose connections are followed. Transactions are the real driver's; what they change is invalidated after the commit. */
export class CachedDriver implements Driver, Lender {
  readonly #driver: Driver
  readonly #followed = new WeakMap<DatabaseConnection, Followed>()
  readonly queries: Queries
  readonly savepoint?: NonNullable<Driver['savepoint']>
  readonly rollbackToSavepoint?: NonNullable<Driver['rollbackToSavepoint']>
  readonly releaseSavepoint?: NonNullable<Driver['releaseSavepoint']>

  constructor(driver: Driver, queries: Queries) {
    this.#driver = driver
    this.queries = queries
    // What the driver cannot do is not there, as Kysely asks.
    if (driver.savepoint !== undefined) this.savepoint = this.#step('savepoint')
    if (driver.rollbackToSavepoint !== undefined)
      this.rollbackToSavepoint = this.#step('rollbackToSavepoint')
    if (driver.releaseSavepoint !== undefined)
      this.releaseSavepoint = this.#step('releaseSavepoint')
  }

  init(...options: Parameters<Driver['init']>): Promise<void> {
    return this.#driver.init(...options)
  }

  acquireConnection(
    ...options: Parameters<Driver['acquireConnection']>
  ): Promise<DatabaseConnection> {
    return Promise.resolve(new CachedConnection(this, options[0]))
  }

  async beginTransaction(
    connection: DatabaseConnection,
    settings: TransactionSettings,
  ): Promise<void> {
    await this.#run(connection, 'begin', (raw) => this.#driver.beginTransaction(raw, settings))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await this.#run(connection, 'commit', (raw) => this.#driver.commitTransaction(raw))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await this.#run(connection, 'rollback', (raw) => this.#driver.rollbackTransaction(raw))
  }

  releaseConnection(
    connection: DatabaseConnection,
    ...options: readonly [options?: object]
  ): Promise<void> {
    return (connection as CachedConnection).release(options[0])
  }

  destroy(...options: Parameters<Driver['destroy']>): Promise<void> {
    return this.#driver.destroy(...options)
  }

  async take(options?: object): Promise<Followed> {
    const raw = await this.#driver.acquireConnection(options)
    let followed = this.#followed.get(raw)
    if (followed === undefined) {
      followed = {
        raw,
        connection: this.queries.connection({ isUnknown: leavesOpen(this.queries) }),
      }
      this.#followed.set(raw, followed)
    }
    return followed
  }

  giveBack({ raw }: Followed, options?: object): Promise<void> {
    return this.#driver.releaseConnection(raw, options)
  }

  #step(
    name: 'savepoint' | 'rollbackToSavepoint' | 'releaseSavepoint',
  ): NonNullable<Driver['savepoint']> {
    const words = {
      savepoint: 'savepoint',
      rollbackToSavepoint: 'rollback to savepoint',
      releaseSavepoint: 'release savepoint',
    }
    const quote = this.queries.dialect === 'mysql' ? '`' : '"'
    return async (connection, savepoint, compileQuery: CompileQuery) => {
      const text = `${words[name]} ${quote}${savepoint.replaceAll(quote, quote + quote)}${quote}`
      await this.#run(connection, text, (raw) => this.#driver[name]!(raw, savepoint, compileQuery))
    }
  }

  async #run(
    connection: DatabaseConnection,
    sql: string,
    execute: (raw: DatabaseConnection) => Promise<void>,
  ): Promise<void> {
    const { raw, connection: followed } = await (connection as CachedConnection).real()
    const query: Query = { sql, cache: false }
    await followed.run(query, () => execute(raw))
  }
}

/** Runs one statement on a connection of its own, and gives its rows. */
export async function describeWith(driver: CachedDriver, sql: string): Promise<readonly object[]> {
  const followed = await driver.take()
  try {
    assertUnmoved(followed.connection, sql)
    const { rows } = await followed.raw.executeQuery<object>(plainQuery(sql))
    return rows
  } finally {
    await driver.giveBack(followed)
  }
}

/** What `CompiledQuery.raw` makes, without Kysely at run time. */
function plainQuery(sql: string): CompiledQuery {
  const query = { kind: 'RawNode', sqlFragments: [sql], parameters: [] }
  return {
    query,
    queryId: { queryId: 'keepfresh' },
    sql,
    parameters: [],
  } as unknown as CompiledQuery
}

function leavesOpen({ dialect }: Queries): (error: unknown) => boolean {
  return (error) => {
    if (error instanceof Error && error.name === 'AbortedTransactionError') return false
    if (dialect === 'postgres') return leavesOpenPostgres(error)
    return dialect === 'mysql' ? leavesOpenMysql(error) : false
  }
}
