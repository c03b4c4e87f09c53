import type { ClientBase, CustomTypesConfig, QueryResult, Submittable } from 'pg'
import type { Query, QueryCacheOptions, TableChange } from '../../src/query/index.js'
import type { Parsers } from './parsers.js'

export type Callback = (error: Error | null | undefined, result?: QueryResult) => void

/** What `query` of pg takes, and what we add to it. */
export interface Config {
  readonly text: string
  readonly values?: readonly unknown[] | undefined
  readonly name?: string | undefined
  readonly rowMode?: string | undefined
  readonly types?: CustomTypesConfig | undefined
  readonly binary?: boolean | undefined
  readonly callback?: Callback | undefined
  readonly cache?: QueryCacheOptions | false | undefined
  readonly tables?: readonly string[] | undefined
  readonly invalidates?: readonly (string | TableChange)[] | undefined
}

/** A call of `query`, taken apart. */
export interface Statement {
  /** As given to the client, without a callback. */
  readonly config: string | Config
  readonly values: readonly unknown[] | undefined
  readonly callback: Callback | undefined
  readonly query: Query
  /** `changes` of the parsers when it was given, so before its key was made. */
  readonly changes: number
}

export function isSubmittable(value: unknown): value is Submittable {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { submit?: unknown }).submit === 'function'
  )
}

/** Undefined for what is no statement that pg understands: it says so itself. */
export function statementOf(
  config: unknown,
  given: unknown,
  last: unknown,
  parsers: Parsers,
): Statement | undefined {
  const callback = callbackOf(given, last)
  if (typeof config === 'string') {
    const values = Array.isArray(given) ? (given as readonly unknown[]) : undefined
    // What is no list pg refuses, but for what is nothing to it: 0, ''.
    if (Boolean(given) && values === undefined && callback !== given) return undefined
    const query: Query = { sql: config, params: values }
    return { config, values, callback, query, changes: parsers.changes }
  }
  if (typeof config !== 'object' || config === null) return undefined
  const { text, types, rowMode, binary, cache, tables, invalidates, ...own } = config as Config
  if (typeof text !== 'string') return undefined
  const values = Array.isArray(given) ? (given as readonly unknown[]) : own.values
  const called = callback ?? own.callback
  return {
    config:
      own.callback === undefined
        ? (config as Config)
        : { ...(config as Config), callback: undefined },
    values: Array.isArray(given) ? (given as readonly unknown[]) : undefined,
    callback: typeof called === 'function' ? called : undefined,
    query: {
      sql: text,
      params: values,
      rowMode: binary === true ? `${rowMode ?? ''} binary` : rowMode,
      parsers: parsers.nameOf(text, types),
      cache,
      tables,
      invalidates,
    },
    changes: parsers.changes,
  }
}

/** A statement that is only named, with the text that was prepared under that name on this client. */
export function withText(config: unknown, client: ClientBase): unknown {
  const { name, text } = (config ?? {}) as Partial<Config>
  if (typeof name !== 'string' || text !== undefined) return config
  const { connection } = client as unknown as {
    readonly connection?: Partial<Record<'parsedStatements' | 'submittedNamedStatements', Texts>>
  }
  const known = connection?.parsedStatements?.[name] ?? connection?.submittedNamedStatements?.[name]
  return known === undefined ? config : { ...(config as Config), text: known }
}

type Texts = Readonly<Record<string, string | undefined>>

function callbackOf(given: unknown, last: unknown): Callback | undefined {
  if (typeof given === 'function') return given as Callback
  return typeof last === 'function' ? (last as Callback) : undefined
}

/** The text of a cursor, a stream or a COPY, as far as it can be seen. */
export function textOf(submittable: Submittable): string | undefined {
  const { text, cursor } = submittable as {
    readonly text?: unknown
    readonly cursor?: { readonly text?: unknown }
  }
  if (typeof text === 'string') return text
  return typeof cursor?.text === 'string' ? cursor.text : undefined
}
