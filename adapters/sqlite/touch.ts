import {
  changeTags,
  databaseTag,
  keyText,
  partitionsTag,
  partitionTag,
  rowsTag,
  rowTag,
  tableTag,
  type RowKey,
  type TableChange,
  type TableLayout,
} from '../../src/query/index.js'
import {
  canonicalValue,
  tableName,
  type Analysis,
  type Resolved,
  type Value,
} from '../../src/query/sql/index.js'
import type { Layouts } from './layouts.js'

export type Values = (value: Value) => unknown

/** The tags of an answer: what it carries, and what besides when it is empty. */
export interface ReadTags {
  readonly tags: readonly string[]
  readonly ifEmpty: readonly string[]
}

export function readTags(
  database: string,
  analysis: Analysis,
  resolved: Resolved,
  layouts: Layouts,
  valueOf: Values,
): ReadTags {
  const tags = [databaseTag(database)]
  const ifEmpty: string[] = []
  const isFound = tellsFound(analysis)
  for (const table of resolved.reads) {
    const layout = layouts.get(table)
    const row = layout && rowOf(resolved, layout, valueOf)
    if (row !== undefined) {
      tags.push(rowsTag(database, table), rowTag(database, table, row))
      if (isFound) ifEmpty.push(tableTag(database, table))
      else tags.push(tableTag(database, table))
      continue
    }
    const part = layout && partitionOf(resolved, layout, valueOf)
    if (part === undefined) tags.push(tableTag(database, table))
    else
      tags.push(
        partitionsTag(database, table, part.column),
        partitionTag(database, table, part.column, part.text),
      )
  }
  return { tags, ifEmpty }
}

/** Whether a row of the answer says that each row the text names by its key is there. */
function tellsFound(analysis: Analysis): boolean {
  return (
    analysis.functions.length === 0 &&
    analysis.text.match(/select/gi)?.length === 1 &&
    !/\b(?:exists|group|left|right|full|outer|natural|union|values)\b/i.test(analysis.text)
  )
}

function rowOf(
  resolved: Resolved,
  { table, key }: TableLayout,
  valueOf: Values,
): string[] | undefined {
  if (key.length === 0) return undefined
  const values = key.map((column) => {
    const equality = resolved.columns.find(
      (one) => one.table === table && one.column === column.name,
    )
    return equality && valueOf(equality.value)
  })
  return keyText(key, values)
}

function partitionOf(
  resolved: Resolved,
  { table, partitions }: TableLayout,
  valueOf: Values,
): { readonly column: string; readonly text: string } | undefined {
  for (const column of partitions) {
    for (const equality of resolved.columns) {
      if (equality.table !== table || equality.column !== column.name) continue
      const text = canonicalValue(column, valueOf(equality.value))
      if (text !== undefined) return { column: column.name, text }
    }
  }
  return undefined
}

/** The tags a write makes unusable; undefined when it may change anything. */
export function writeTags(
  database: string,
  resolved: Resolved,
  layouts: Layouts,
  valueOf: Values,
): string[] | undefined {
  if (resolved.effects === 'unknown' || resolved.defines) return undefined
  const tags = new Set<string>()
  for (const table of resolved.writes) {
    const layout = layouts.get(table)
    const change =
      layout !== undefined && resolved.change?.table === table
        ? changeOf(resolved.change, layout, valueOf)
        : { table }
    for (const tag of changeTags(database, change, layout)) tags.add(tag)
  }
  return [...tags]
}

function changeOf(
  change: NonNullable<Resolved['change']>,
  layout: TableLayout,
  valueOf: Values,
): TableChange {
  const { table, operation, anyRow, where, assigned, rows } = change
  if (anyRow) return { table }
  const inserted = operation === 'insert'
  const before = (column: string): unknown[] | undefined => {
    const equality = where.find((one) => one.column === column)
    return equality && [valueOf(equality.value)]
  }
  const after = (column: string): unknown[] | undefined => {
    if (operation === 'delete') return []
    if (assigned === undefined) return undefined
    const assignment = assigned.find((one) => one.column === column)
    if (assignment === undefined) return []
    return assignment.value && [valueOf(assignment.value)]
  }
  const ofRows = (column: string): unknown[] | undefined => {
    const values = rows?.map((row) => row.find((one) => one.column === column)?.value)
    return values?.every((value) => value !== undefined) ? values.map(valueOf) : undefined
  }
  const touched = (column: string): unknown[] | undefined => {
    if (inserted) return ofRows(column)
    const old = before(column)
    const next = after(column)
    return old && next && [...old, ...next]
  }
  return {
    table,
    inserted,
    rows: rowsOf(layout, inserted ? ofRows : undefined, before, after),
    partitions: Object.fromEntries(
      layout.partitions.flatMap(({ name }) => {
        const values = touched(name)
        return values === undefined ? [] : [[name, values]]
      }),
    ),
  }
}

/** For a key of several columns, each as it was with each as it may be now. */
function rowsOf(
  { key }: TableLayout,
  ofRows: ((column: string) => unknown[] | undefined) | undefined,
  before: (column: string) => unknown[] | undefined,
  after: (column: string) => unknown[] | undefined,
): RowKey[] | undefined {
  if (ofRows !== undefined) {
    const columns = key.map(({ name }) => ofRows(name))
    const [first] = columns
    if (first === undefined || columns.some((column) => column === undefined)) return undefined
    return first.map((_, index) => columns.map((column) => column?.[index]))
  }
  let keys: unknown[][] = [[]]
  for (const { name } of key) {
    const old = before(name)
    const next = after(name)
    if (old === undefined || next === undefined) return undefined
    const both = [...old, ...next]
    keys = keys.flatMap((one) => both.map((value) => [...one, value]))
  }
  return keys
}

/** The tags of changes that the application tells of; undefined when a table is not known by its name. */
export function toldTags(
  database: string,
  changes: readonly (string | TableChange)[],
  layouts: Layouts,
  files: readonly string[],
): string[] | undefined {
  const tags = new Set<string>()
  for (const told of changes) {
    const change = typeof told === 'string' ? { table: told } : told
    const name = change.table.toLowerCase()
    const layout =
      layouts.get(name) ??
      files
        .map((file) => layouts.get(tableName(file.toLowerCase(), name)))
        .find((one) => one !== undefined)
    if (layout === undefined) return undefined
    for (const tag of changeTags(database, change, layout)) tags.add(tag)
  }
  return [...tags]
}
