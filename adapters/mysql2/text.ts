import type { Query } from '../../src/query/index.js'
import type { Call } from './call.js'
import type { CoreConfig } from './core.js'

/** Turns `:name` into `?`, as mysql2 does: taken from its first connection. */
export type ResolveNamed = (options: Record<string, unknown>) => void

export interface TextOptions {
  readonly config: CoreConfig
  readonly format: (sql: string, values: unknown) => string
  readonly resolveNamed: ResolveNamed | undefined
}

type Text = Pick<Query, 'sql' | 'params' | 'interpolated'>

/**
 * The text of a call as it can be analysed, with its parameters; undefined when it cannot be known before it is sent.
 *
 * `query` of mysql2 puts values into the text by itself. Where a value is more than a value (a list, an object, a piece of SQL), or an
 * identifier (`??`), the text is what it will have become.
 */
export function textOf(
  call: Call,
  { config, format, resolveNamed }: TextOptions,
): Text | undefined {
  const { method } = call
  if (method === 'query' && typeof config.queryFormat === 'function') return undefined
  let { sql, values } = call
  const named = call.options['namedPlaceholders'] ?? config.namedPlaceholders
  if (named === true && values !== undefined && values !== null && !Array.isArray(values)) {
    if (resolveNamed === undefined) return undefined
    const options: Record<string, unknown> = { sql, values, namedPlaceholders: true }
    resolveNamed(options)
    sql = options['sql'] as string
    values = options['values']
  }
  if (method === 'execute') {
    return { sql, params: Array.isArray(values) ? (values as unknown[]) : [], interpolated: false }
  }
  if (values === undefined || values === null) return { sql, params: [], interpolated: true }
  const list: readonly unknown[] = Array.isArray(values) ? (values as unknown[]) : [values]
  if (sql.includes('??') || list.some(isMoreThanAValue)) {
    return { sql: format(sql, values), params: undefined, interpolated: false }
  }
  return { sql, params: list, interpolated: true }
}

function isMoreThanAValue(value: unknown): boolean {
  return (
    typeof value === 'function' ||
    (typeof value === 'object' &&
      value !== null &&
      !(value instanceof Date) &&
      !(value instanceof Uint8Array))
  )
}
