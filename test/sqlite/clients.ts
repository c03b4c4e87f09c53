import { DatabaseSync } from 'node:sqlite'
import BetterSqlite3 from 'better-sqlite3'
import { join } from 'node:path'
import {
  cachedDatabase,
  type CachedDatabase,
  type SqliteCacheOptions,
} from '../../adapters/sqlite/index.js'
import { scratchDirectory } from '../support/scratch.js'

/** What the tests ask of either client: the part that both have. */
export interface Database {
  prepare(sql: string): Statement
  exec(sql: string): unknown
  close(): unknown
}

export interface Statement {
  get(...values: unknown[]): unknown
  all(...values: unknown[]): unknown[]
  run(...values: unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint }
  iterate(...values: unknown[]): Iterable<unknown>
}

export const CLIENTS = ['node:sqlite', 'better-sqlite3'] as const
export type ClientName = (typeof CLIENTS)[number]

export function open(client: ClientName, path = ':memory:'): Database {
  return client === 'node:sqlite' ? new DatabaseSync(path) : new BetterSqlite3(path)
}

export function wrap(database: Database, options?: SqliteCacheOptions): CachedDatabase<Database> {
  return cachedDatabase(database, options)
}

/** A cached database with a few rows, and the connection below it. */
export function shop(
  client: ClientName,
  options?: SqliteCacheOptions,
  path?: string,
): { db: CachedDatabase<Database>; raw: Database } {
  const raw = open(client, path)
  raw.exec(SCHEMA)
  return { db: wrap(raw, options), raw }
}

export const SCHEMA = `
  CREATE TABLE org (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE item (id INTEGER PRIMARY KEY, org INTEGER REFERENCES org(id), name TEXT, amount INTEGER DEFAULT 0);
  INSERT INTO org VALUES (1, 'one'), (2, 'two');
  INSERT INTO item VALUES (1, 1, 'a', 10), (2, 1, 'b', 20), (3, 2, 'c', 30);
`

export function file(): string {
  return join(scratchDirectory('sqlite'), 'shop.db')
}

/** Rows as plain objects: those of `node:sqlite` have no prototype. */
export function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}
