import type { Cache } from '../../../index.js'
import type { QueriesOptions, Queries, QueryCacheOptions } from '../../../src/query/index.js'

export type Row = Readonly<Record<string, unknown>>

/** What the suite says of one statement besides its text and values. */
export interface Extra {
  readonly cache?: QueryCacheOptions | false
  readonly tables?: readonly string[]
  readonly invalidates?: readonly string[]
}

/** One connection of the pool, held. Texts have `$1` for parameters, each once and in order. */
export interface Session {
  readonly query: (sql: string, values?: readonly unknown[], extra?: Extra) => Promise<Row[]>
  release(): void
}

/** The application's pool with a cache, as the adapter makes it. */
export interface Database extends AsyncDisposable {
  readonly queries: Queries
  readonly query: (sql: string, values?: readonly unknown[], extra?: Extra) => Promise<Row[]>
  session(): Promise<Session>
}

export type OpenOptions = Partial<
  Pick<QueriesOptions, 'scope' | 'database' | 'partitions' | 'ttl' | 'hooks' | 'catalogueMaxAge'>
> & {
  readonly cache: Cache
  /** Connections at most. Default: 4. */
  readonly connections?: number
  /** Goes through this port instead of the server's own. */
  readonly port?: number
  /** How long a statement waits for a lock, in milliseconds. */
  readonly lockTimeoutMs?: number
}

export interface Server extends AsyncDisposable {
  readonly port: number
  /** Runs a statement on a connection that no cache knows of. */
  readonly truth: (sql: string, values?: readonly unknown[]) => Promise<Row[]>
  open(options: OpenOptions): Database
}

/** A database server and the adapter for it. */
export interface Engine {
  readonly name: string
  readonly dialect: 'postgres' | 'mysql'
  /** Starts an empty server. */
  start(): Promise<Server>
  /** The type of short texts that compare byte by byte, and of keys that the server counts. */
  readonly text: string
  readonly counted: string
  /** A trigger behind updates of `item` that writes a `note`. */
  readonly trigger: readonly string[]
  /** A statement whose effects cannot be seen, that adds 1 to the amount of item 1. Made by `hidden`. */
  readonly hidden: readonly string[]
  readonly callHidden: string
}

/** `?` in place of `$1`, `$2`, which come once each and in order. */
export function withQuestions(sql: string): string {
  return sql.replaceAll(/\$\d+/g, '?')
}
