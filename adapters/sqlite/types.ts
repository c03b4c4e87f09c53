/** The part of a statement that is called; the real ones have more. */
export interface RawStatement {
  get(...values: never[]): unknown
  all(...values: never[]): unknown
  run(...values: never[]): unknown
  iterate(...values: never[]): unknown
}

/**
 * What both `DatabaseSync` of `node:sqlite` (Node 22.16 and later) and a database of better-sqlite3 are, as far as they are called.
 */
export interface SqliteDatabase {
  prepare(sql: string): RawStatement
  exec(sql: string): unknown
  close(): unknown
  /** `node:sqlite`: whether a transaction is open. */
  readonly isTransaction?: boolean
  /** better-sqlite3: the same. */
  readonly inTransaction?: boolean
}

/** Any function of a client, called by name. */
export type Method = (this: unknown, ...values: unknown[]) => unknown
