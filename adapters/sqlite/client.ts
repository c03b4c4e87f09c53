import { CacheError, invalidOption } from '../../src/base/errors.js'
import type { Method, RawStatement, SqliteDatabase } from './types.js'

/** A connection, whichever client it comes from: the few things that the two do differently. */
export interface Client {
  readonly kind: 'node' | 'better'
  readonly database: SqliteDatabase
  /** Whether a transaction is open, as SQLite itself knows. */
  inTransaction(): boolean
  prepare(sql: string, options: object | undefined): RawStatement
  /** Reads the first column of the first row of a statement as a number, again with each call. */
  number(sql: string): () => number
  /** All rows of a statement as arrays of their columns. */
  rows(sql: string): readonly (readonly unknown[])[]
}

/**
 * @throws {CacheError} `CACHE_OPTION_INVALID` for something else than a database, `CACHE_UNSUPPORTED` for a `node:sqlite` that does
 * not tell whether a transaction is open.
 */
export function clientOf(database: SqliteDatabase): Client {
  const kind = kindOf(database)
  const prepare = (sql: string, options?: object): RawStatement =>
    (database.prepare as Method).call(
      database,
      ...(options === undefined ? [sql] : [sql, options]),
    ) as RawStatement
  // The database may be set to hand out arrays or big integers; what is asked here is always asked in one way.
  const plain = (sql: string): RawStatement => {
    const statement = prepare(sql) as RawStatement & Readonly<Record<string, Method>>
    if (kind === 'better') {
      statement['raw']?.call(statement, true)
      statement['safeIntegers']?.call(statement, false)
    } else {
      statement['setReturnArrays']?.call(statement, true)
      statement['setReadBigInts']?.call(statement, false)
    }
    return statement
  }
  return {
    kind,
    database,
    prepare,
    inTransaction:
      kind === 'node'
        ? () => database.isTransaction === true
        : () => database.inTransaction === true,
    number(sql) {
      let statement = plain(sql)
      const read = (): number => (statement.get() as readonly number[])[0] ?? Number.NaN
      return () => {
        try {
          return read()
        } catch (error) {
          // Closed and opened again, or given another content: statements from before are gone.
          if ((error as { readonly code?: unknown }).code !== 'ERR_INVALID_STATE') throw error
          statement = plain(sql)
          return read()
        }
      }
    },
    rows: (sql) => plain(sql).all() as (readonly unknown[])[],
  }
}

function kindOf(database: SqliteDatabase): Client['kind'] {
  const given: unknown = database
  if (typeof given !== 'object' || given === null || typeof database.prepare !== 'function') {
    throw invalidOption('db', 'a database of node:sqlite or better-sqlite3', given)
  }
  if ('inTransaction' in database) return 'better'
  if ('isTransaction' in database) return 'node'
  throw new CacheError(
    'CACHE_UNSUPPORTED',
    'this database does not tell whether a transaction is open; use Node 22.16 or later, or better-sqlite3',
  )
}
