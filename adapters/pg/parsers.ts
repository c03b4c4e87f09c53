import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { ClientBase, CustomTypesConfig } from 'pg'
import { analyze } from '../../src/query/sql/index.js'

type Parser = (text: string) => unknown
type Types = { getTypeParser(oid: number, format?: 'text' | 'binary'): Parser }

/** Types whose parsers applications change: numbers, dates, times, intervals, JSON, bytes, their arrays. */
const COMMON = [
  16, 17, 20, 21, 23, 26, 114, 600, 700, 701, 718, 790, 869, 1000, 1001, 1005, 1007, 1009, 1015,
  1016, 1021, 1022, 1028, 1082, 1083, 1114, 1115, 1182, 1183, 1184, 1185, 1186, 1187, 1231, 1266,
  1700, 2950, 2951, 3802, 3807, 3910,
]

/** A function that gives back what it is given. */
const SAME = /^\s*\(?\s*([\w$]+)\s*\)?\s*=>\s*\1\s*;?\s*$/

/**
 * Names the way values become JavaScript, since an answer parsed in one way must not be given to who asked for another.
 *
 * The parsers that are set for the process (`types.setTypeParser`) are named by their source, once, when the first connection is there.
 * Those of one query (`types`, which Drizzle gives with each) are asked for the types that the text was seen to answer with: for each
 * it is the process's own parser, or leaves the text as it is, or the query is not kept, unless `name` knows a name for it.
 */
export class Parsers {
  readonly #name: ((types: CustomTypesConfig) => string | undefined) | undefined
  readonly #seen = new LRUCache<string, readonly number[]>({ max: 2_000 })
  #common: Types | undefined
  #commonName = ''

  constructor(name: ((types: CustomTypesConfig) => string | undefined) | undefined) {
    this.#name = name
  }

  /** Learns the process's parsers from a connection. */
  learn(client: ClientBase): void {
    if (this.#common !== undefined) return
    const types = (client as unknown as { readonly _types?: Types })._types
    if (typeof types?.getTypeParser !== 'function') return
    this.#common = types
    const sources = COMMON.map((oid) => String(types.getTypeParser(oid, 'text')))
    this.#commonName = hash('sha256', sources.join('\n'), 'base64url').slice(0, 12)
  }

  /** The name for the parsers of the process. */
  get common(): string {
    return this.#commonName
  }

  /** The name for a query's own parsers; `null` when they have none. */
  nameOf(sql: string, types: CustomTypesConfig | undefined): string | null | undefined {
    if (types === undefined || types === null) return undefined
    const given = this.#name?.(types)
    if (given !== undefined) return `${this.#commonName} ${given}`
    const oids = this.#seen.get(textOf(sql))
    if (oids === undefined || this.#common === undefined) return null
    let name = this.#commonName
    for (const oid of oids) {
      const parser: unknown = types.getTypeParser(oid, 'text')
      if (parser === this.#common.getTypeParser(oid, 'text')) continue
      if (typeof parser !== 'function' || !SAME.test(String(parser))) return null
      name += ` ${oid}`
    }
    return name
  }

  /** Notes the types that a text answers with; true when they are those its parsers were named for. */
  check(sql: string, fields: readonly { readonly dataTypeID: number }[]): boolean {
    const text = textOf(sql)
    const oids = [...new Set(fields.map(({ dataTypeID }) => dataTypeID))].toSorted((a, b) => a - b)
    const before = this.#seen.get(text)
    const same = before?.length === oids.length && before.every((oid, at) => oid === oids[at])
    if (!same) this.#seen.set(text, oids)
    return same
  }
}

/** Whether a connection has parsers of its own. */
export function hasOwnParsers(client: ClientBase): boolean {
  const types = (
    client as unknown as { readonly _types?: { readonly text?: object; readonly binary?: object } }
  )._types
  return Object.keys(types?.text ?? {}).length > 0 || Object.keys(types?.binary ?? {}).length > 0
}

/** Without the comment that some clients put behind each text. */
function textOf(sql: string): string {
  return analyze(sql, 'postgres').text
}
