import type { RowKey, TableChange, TableLayout } from './change.js'
import type { Layouts } from './layouts.js'
import type { Assignment, Change, Equality, Resolved, Value } from './sql/index.js'

export type Params = readonly unknown[] | Readonly<Record<string, unknown>> | undefined

/** Gives the value that stands in a condition or an assignment; undefined when it is not known. */
export type Values = (value: Value) => unknown

/** The values of a text, by the parameters it was given. */
export function valuesIn(params: Params): Values {
  return (value) => {
    if ('literal' in value) return value.literal
    if (params === undefined) return undefined
    return typeof value.param === 'number'
      ? (params as readonly unknown[])[value.param - 1]
      : (params as Readonly<Record<string, unknown>>)[value.param]
  }
}

/**
 * What a write whose effects are known does to each table.
 *
 * @param values Undefined when values may not be where the text has its parameters: then any row may be meant.
 */
export function changesIn(
  { writes, change }: Resolved,
  layouts: Layouts | undefined,
  values: Values | undefined,
): TableChange[] {
  return writes.map((table) => {
    const layout = layouts?.layout(table)
    if (values === undefined || layout === undefined) return { table }
    if (change?.table !== table || change.anyRow) return { table }
    return change.operation === 'insert'
      ? inserted(table, change, layout, values)
      : altered(table, change, layout, values)
  })
}

function inserted(table: string, change: Change, layout: TableLayout, values: Values): TableChange {
  const { rows } = change
  if (rows === undefined) return { table, inserted: true }
  const of = (row: readonly Assignment[], column: string): unknown =>
    given(row.find((assignment) => assignment.column === column)?.value, values)
  return {
    table,
    inserted: true,
    ...keysOf(
      layout,
      rows.map((row) => layout.key.map(({ name }) => of(row, name))),
    ),
    partitions: partitionsOf(layout, (name) => rows.map((row) => of(row, name))),
  }
}

function altered(table: string, change: Change, layout: TableLayout, values: Values): TableChange {
  const before = (column: string): unknown => given(find(change.where, column)?.value, values)
  const { assigned } = change
  // Undefined when it may be put in without our seeing with what.
  const after = (column: string): { readonly value: unknown } | 'same' => {
    if (change.operation === 'delete') return 'same'
    if (assigned === undefined) return { value: undefined }
    const assignment = assigned.find((one) => one.column === column)
    return assignment === undefined ? 'same' : { value: given(assignment.value, values) }
  }
  const old = layout.key.map(({ name }) => before(name))
  const moved = layout.key.map(({ name }, index) => {
    const now = after(name)
    return now === 'same' ? old[index] : now.value
  })
  return {
    table,
    ...keysOf(layout, [old, moved]),
    partitions: partitionsOf(layout, (name) => {
      const now = after(name)
      return now === 'same' ? [before(name)] : [before(name), now.value]
    }),
  }
}

function find(where: readonly Equality[], column: string): Equality | undefined {
  return where.find((equality) => equality.column === column)
}

/** NULL may become something else on its way into a row (a default, the next number): it is not known what is there then. */
function given(value: Value | undefined, values: Values): unknown {
  return value && (values(value) ?? undefined)
}

function keysOf(
  layout: TableLayout,
  keys: readonly (readonly unknown[])[],
): { readonly rows?: readonly RowKey[] } {
  if (layout.key.length === 0 || keys.some((key) => key.includes(undefined))) return {}
  return { rows: layout.key.length === 1 ? keys.map(([one]) => [one]) : keys }
}

function partitionsOf(
  layout: TableLayout,
  of: (column: string) => readonly unknown[],
): Record<string, readonly unknown[]> {
  const partitions: Record<string, readonly unknown[]> = {}
  for (const { name } of layout.partitions) {
    const values = of(name)
    if (!values.includes(undefined)) partitions[name] = values
  }
  return partitions
}
