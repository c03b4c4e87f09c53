import type { Column } from './sql/catalogue/types.js'
import { canonicalValue } from './sql/index.js'
import { partitionsTag, partitionTag, rowsTag, rowTag, tableTag } from './tags.js'

/** A primary key: its value, or its values in the order of the key's columns. */
export type RowKey = string | number | bigint | boolean | readonly unknown[]

/**
 * A change of rows of one table, as far as it is known. An analysed write becomes this, and so does what a trigger or the replication
 * tells, and what a caller says of a write that cannot be understood.
 *
 * What is left out is not known, and invalidates more: `{ table: 'orders' }` is any change of any rows.
 */
export interface TableChange {
  /** `orders`, found in the search path, or `shop.orders`. A partition or an heir stands for the table above it. */
  readonly table: string
  /** Only rows that did not exist before. What was found by its primary key stays as it was. Default: false. */
  readonly inserted?: boolean | undefined
  /** The primary keys of all rows touched, as they were and as they are now. */
  readonly rows?: readonly RowKey[] | undefined
  /**
   * The columns whose values `rows` have, where whoever tells of them may not know the key of now: if they are not those of the
   * primary key, rows are not known. Default: the primary key's, in its order.
   */
  readonly columns?: readonly string[] | undefined
  /** By declared partition column: the values of all rows touched, as they were and as they are now. */
  readonly partitions?: Readonly<Record<string, readonly unknown[]>> | undefined
}

/** What is known of a table's rows: what tags are made by. */
export interface TableLayout {
  /** By `tableName`, the topmost of its family. */
  readonly table: string
  /** The columns of the primary key; empty when rows cannot be told apart by one. */
  readonly key: readonly Column[]
  /** The declared partition columns. */
  readonly partitions: readonly Column[]
  /** Other tables inherit from it or are parts of it, so one key may stand for several rows. */
  readonly family: boolean
}

/** Rows touched at once beyond this are not told apart: one tag for all costs less than so many. */
export const MAX_ROWS = 200

/**
 * The tags that a change makes unusable.
 *
 * @param declared The partition columns that answers of any process may carry, where the layout is not known.
 */
export function changeTags(
  database: string,
  change: TableChange,
  layout: TableLayout | undefined,
  declared: readonly string[] = [],
): string[] {
  const table = layout?.table ?? change.table
  const tags = [tableTag(database, table)]
  if (layout === undefined) {
    tags.push(rowsTag(database, table))
    for (const column of declared) tags.push(partitionsTag(database, table, column))
    return tags
  }
  tags.push(...keyTags(database, change, layout))
  for (const column of layout.partitions) {
    const values = texts(column, change.partitions?.[column.name])
    if (values === undefined) tags.push(partitionsTag(database, table, column.name))
    else for (const value of values) tags.push(partitionTag(database, table, column.name, value))
  }
  return tags
}

function keyTags(database: string, change: TableChange, layout: TableLayout): string[] {
  const { table, key, family } = layout
  const keys = key.length === 0 ? undefined : keyTexts(key, change)
  if (keys !== undefined) return keys.map((texts) => rowTag(database, table, texts))
  return change.inserted === true && !family && key.length > 0 ? [] : [rowsTag(database, table)]
}

function keyTexts(
  key: readonly Column[],
  { rows, columns }: TableChange,
): (readonly string[])[] | undefined {
  if (rows === undefined || rows.length > MAX_ROWS) return undefined
  if (columns !== undefined && columns.length !== key.length) return undefined
  const places = columns && key.map((column) => columns.indexOf(column.name))
  if (places?.includes(-1)) return undefined
  const keys: string[][] = []
  for (const row of rows) {
    const values: readonly unknown[] = typeof row === 'object' ? row : [row]
    const texts = keyText(key, places === undefined ? values : places.map((at) => values[at]))
    if (texts === undefined) return undefined
    keys.push(texts)
  }
  return keys
}

/** The texts of one primary key; undefined when it is not certain which row it is. */
export function keyText(key: readonly Column[], values: readonly unknown[]): string[] | undefined {
  if (values.length !== key.length) return undefined
  const texts: string[] = []
  for (const [index, column] of key.entries()) {
    const text = canonicalValue(column, values[index])
    if (text === undefined) return undefined
    texts.push(text)
  }
  return texts
}

function texts(column: Column, values: readonly unknown[] | undefined): string[] | undefined {
  if (values === undefined || values.length > MAX_ROWS) return undefined
  const all = new Set<string>()
  for (const value of values) {
    // No answer is bounded to NULL: nothing is equal to it.
    if (value === null) continue
    const text = canonicalValue(column, value)
    if (text === undefined) return undefined
    all.add(text)
  }
  return [...all]
}
