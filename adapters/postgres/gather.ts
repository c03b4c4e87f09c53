import { tableName, type TableChange } from '../../src/query/index.js'

/** The slice of the messages of `pgoutput` that says what was written. */
export interface RelationMessage {
  readonly relationOid: number
  readonly schema: string
  readonly name: string
  /** The columns of the replica identity; all of them where it is FULL. */
  readonly keyColumns: readonly string[]
  readonly columns: readonly { readonly name: string; readonly typeOid: number }[]
}

type Tuple = Readonly<Record<string, unknown>>

export interface RowMessage {
  readonly tag: 'insert' | 'update' | 'delete'
  readonly relation: RelationMessage
  /** The old values of the replica identity: of a row deleted, or updated in one of them. */
  readonly key?: Tuple | null | undefined
  /** The old row, where the replica identity is FULL. */
  readonly old?: Tuple | null | undefined
  readonly new?: Tuple | undefined
}

/** What has to be known of a table besides its relation message. */
export interface TableKeys {
  /** The columns of the primary key; empty where there is none. */
  readonly key: readonly string[]
  /** The declared partition columns. */
  readonly partitions: readonly string[]
}

/** More rows of one table than this are not told apart. */
const MOST_ROWS = 200

interface Written {
  readonly table: string
  readonly columns: readonly string[]
  inserted: boolean
  rows: unknown[][] | undefined
  readonly partitions: Map<string, Set<unknown> | undefined>
}

/** The changes of one transaction, gathered table by table as its rows come in. */
export class Gathered {
  readonly #tables: Map<string, Written> = new Map()

  /** A row. */
  add(message: RowMessage, keys: TableKeys): void {
    const { tag, relation } = message
    const written = this.#of(relation, keys)
    if (tag !== 'insert') written.inserted = false
    const versions = versionsOf(message)
    const told = versions.map((version) => valuesOf(version, written.columns))
    if (keys.key.length === 0) written.rows = undefined
    for (const values of told) {
      if (values === undefined) written.rows = undefined
      else if (!written.rows?.some((row) => row.every((value, at) => value === values[at])))
        written.rows?.push(values)
    }
    if (written.rows !== undefined && written.rows.length > MOST_ROWS) written.rows = undefined
    for (const [column, values] of written.partitions) {
      if (values === undefined) continue
      for (const version of versions) values.add(version?.[column])
      if (values.has(undefined) || values.size > MOST_ROWS)
        written.partitions.set(column, undefined)
    }
  }

  /** Any row of the table, as after TRUNCATE. */
  any(relation: RelationMessage): void {
    const written = this.#of(relation, undefined)
    written.inserted = false
    written.rows = undefined
    for (const column of written.partitions.keys()) written.partitions.set(column, undefined)
  }

  changes(): TableChange[] {
    return [...this.#tables.values()].map(({ table, columns, inserted, rows, partitions }) => ({
      table,
      inserted,
      ...(rows !== undefined && { rows, columns }),
      partitions: Object.fromEntries(
        [...partitions].flatMap(([column, values]) => (values ? [[column, [...values]]] : [])),
      ),
    }))
  }

  #of(relation: RelationMessage, keys: TableKeys | undefined): Written {
    const table = tableName(relation.schema, relation.name)
    let written = this.#tables.get(table)
    if (written === undefined) {
      written = {
        table,
        columns: keys?.key ?? [],
        inserted: true,
        rows: [],
        partitions: new Map((keys?.partitions ?? []).map((column) => [column, new Set()])),
      }
      this.#tables.set(table, written)
    }
    return written
  }
}

/** A row as it was and as it is, as far as the message tells; an undefined version has unknown values. */
function versionsOf({ tag, relation, key, old, new: now }: RowMessage): (Tuple | undefined)[] {
  if (tag === 'insert') return [now]
  const before = old ?? key ?? undefined
  if (tag === 'delete') return [before]
  if (before !== undefined) return [before, now]
  // Nothing of the replica identity has changed; what the other columns were is not known.
  const same = relation.keyColumns.map((column) => [column, now?.[column]])
  return [Object.fromEntries(same) as Tuple, now]
}

function valuesOf(version: Tuple | undefined, columns: readonly string[]): unknown[] | undefined {
  const values = columns.map((column) => version?.[column])
  return values.includes(undefined) ? undefined : values
}
