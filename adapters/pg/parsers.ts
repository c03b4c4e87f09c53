import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { ClientBase, CustomTypesConfig, FieldDef } from 'pg'
import { analyze } from '../../src/query/sql/index.js'

type Parser = (text: string) => unknown
type Both = readonly [text: Parser, bytes: Parser]
type Types = { getTypeParser(oid: number, format?: 'text' | 'binary'): Parser }

/** The id of no type. */
const NO_TYPE = 0
/** Types below this are PostgreSQL's own ("OID assignment"), the same in every database. */
const FIRST_OF_DATABASE = 16_384
/** The others, in one text. */
export const TYPES_SQL: string = `SELECT coalesce(pg_catalog.string_agg(oid::text, ' '), '') AS types FROM pg_catalog.pg_type WHERE oid >= ${FIRST_OF_DATABASE}`

/** A function that gives back what it is given. */
const SAME = /^\s*\(?\s*([\w$]+)\s*\)?\s*=>\s*\1\s*;?\s*$/

/**
 * Names the way values become JavaScript, since an answer parsed in one way must not be given to who asked for another.
 *
 * The parsers that are set for the process (`types.setTypeParser`) or the pool are named by the source of all of them when the first
 * connection is there. To look whether they are still the same costs more than a hit, so that is done behind each load: one that is
 * set late is noticed by the next read that the database answers. That answer is not kept, and those from before are not served
 * from then on.
 *
 * Those of one query (`types`, which Drizzle gives with each) are asked for the types that the text was seen to answer with: for each
 * it is the process's own parser, or leaves the text as it is, or the query is not kept, unless `name` knows a name for it.
 */
export class Parsers {
  readonly #name: ((types: CustomTypesConfig) => string | undefined) | undefined
  readonly #seen = new LRUCache<string, readonly number[]>({ max: 2_000 })
  #common: Types | undefined
  #commonName = ''
  /** By type, its parsers that are in the name: for texts and for bytes. */
  readonly #held = new Map<number, Both>()
  #changes = 0

  constructor(name: ((types: CustomTypesConfig) => string | undefined) | undefined) {
    this.#name = name
  }

  /** Learns the process's parsers from a connection. */
  learn(client: ClientBase): void {
    if (this.#common !== undefined) return
    const own = (client as unknown as { readonly _types?: Types & { readonly _types?: Types } })
      ._types
    // What is set for one connection alone is told by `hasOwnParsers`.
    const types = own?._types ?? own
    if (typeof types?.getTypeParser !== 'function') return
    this.#common = types
    for (let oid = NO_TYPE; oid < FIRST_OF_DATABASE; oid++) this.#add(types, oid)
    this.#rename()
  }

  /** Learns which types the database has besides: what `TYPES_SQL` answers. */
  learnTypes(rows: readonly object[]): void {
    const [{ types = '' } = {}] = rows as readonly { readonly types?: string }[]
    const common = this.#common
    if (common === undefined) return
    const added = types.split(' ').filter((oid) => this.#add(common, Number(oid)))
    if (added.length > 0) this.#change()
  }

  /** The name for the parsers of the process. */
  get common(): string {
    return this.#commonName
  }

  /** Grows when the process's parsers were seen to be others than those that are named. */
  get changes(): number {
    return this.#changes
  }

  /**
   * Whether the process's parsers are in the name that was there at `changes`, also those of the types of these columns; names them
   * anew when they are not.
   */
  hold(fields: readonly FieldDef[], changes: number): boolean {
    const types = this.#common
    // A client that does not show its parsers has none to change.
    if (types === undefined) return true
    let isOther = false
    for (const { dataTypeID } of fields) if (this.#add(types, dataTypeID)) isOther = true
    for (const [oid, held] of this.#held) {
      const now = bothOf(types, oid)
      if (isSame(now, held)) continue
      this.#held.set(oid, now)
      isOther = true
    }
    if (isOther) this.#change()
    return changes === this.#changes
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

  /** Holds the parsers of a type, if it is not held and has others than a type that does not exist: whether that is so. */
  #add(types: Types, oid: number): boolean {
    if (this.#held.has(oid)) return false
    const both = bothOf(types, oid)
    const none = this.#held.get(NO_TYPE)
    if (none !== undefined && isSame(both, none)) return false
    this.#held.set(oid, both)
    return true
  }

  #change(): void {
    this.#changes++
    this.#rename()
  }

  #rename(): void {
    const sources = [...this.#held]
      .toSorted(([one], [other]) => one - other)
      .map(([oid, both]) => `${oid} ${both.join('\n')}`)
    this.#commonName = hash('sha256', sources.join('\n'), 'base64url').slice(0, 12)
  }
}

function bothOf(types: Types, oid: number): Both {
  return [types.getTypeParser(oid, 'text'), types.getTypeParser(oid, 'binary')]
}

/** A pool's own `types` may make another function of the same source each time it is asked. */
function isSame(one: Both, other: Both): boolean {
  return one.every((parser, at) => parser === other[at] || String(parser) === String(other[at]))
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
