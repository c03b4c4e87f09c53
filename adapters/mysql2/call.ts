import type { QueryCacheOptions, TableChange } from '../../src/query/index.js'
import type { Callback, Command } from './core.js'

/** What may be said of a statement besides what mysql2 takes: `db.query({ sql, values, cache: { ttl: '1m' } })`. */
export interface StatementOptions {
  /** What is cached of this query, and how; `false` leaves the cache alone. */
  readonly cache?: QueryCacheOptions | false | undefined
  /** The tables that a read depends on, where its text does not show them. */
  readonly tables?: readonly string[] | undefined
  /** What a write changes, where its text does not show it. */
  readonly invalidates?: readonly (string | TableChange)[] | undefined
}

/** A call of `query` or `execute`, taken apart. */
export interface Call {
  readonly method: 'query' | 'execute'
  readonly sql: string
  readonly values: unknown
  /** What else was given, without what is ours. */
  readonly options: Readonly<Record<string, unknown>>
  readonly own: StatementOptions
  readonly callback: Callback | undefined
}

/** Undefined for what is no statement that mysql2 understands: it says so itself. */
export function callOf(
  method: Call['method'],
  sql: unknown,
  given?: unknown,
  last?: unknown,
): Call | undefined {
  const callback = typeof given === 'function' ? given : last
  const values = typeof given === 'function' ? undefined : given
  const called = typeof callback === 'function' ? (callback as Callback) : undefined
  if (typeof sql === 'string') {
    return { method, sql, values, options: {}, own: {}, callback: called }
  }
  if (typeof sql !== 'object' || sql === null) return undefined
  if (isCommand(sql)) {
    const { _queryOptions: options, namedPlaceholders, onResult } = sql
    const whole = namedPlaceholders === undefined ? options : { ...options, namedPlaceholders }
    return { ...split(whole), method, sql: sql.sql, values: sql.values, callback: onResult }
  }
  const { sql: text, values: inside } = sql as { readonly sql?: unknown; readonly values?: unknown }
  if (typeof text !== 'string') return undefined
  // `query` prefers the values beside the options, `execute` those in them.
  const both = method === 'query' ? (values ?? inside) : (inside ?? values)
  return { ...split(sql), method, sql: text, values: both, callback: called }
}

/** A command that a pool has made of a call, for the connection that it gets. */
export function isCommand(value: unknown): value is Command {
  return typeof value === 'object' && value !== null && '_queryOptions' in value
}

function split(given: object): Pick<Call, 'options' | 'own'> {
  const { cache, tables, invalidates, ...options } = given as StatementOptions
  return { options, own: { cache, tables, invalidates } }
}
