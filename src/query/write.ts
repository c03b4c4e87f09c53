import type { Known } from './catalogue-holder.js'
import type { RowKey, TableChange, TableLayout } from './change.js'
import type { Assignment, Change, Equality, Resolved, Value } from './sql/index.js'

export type Params = readonly unknown[] | Readonly<Record<string, unknown>> | undefined

/** The value that stands in a condition or an assignment; undefined when it is not known. */
export function valueOf(value: Value | undefined, params: Params): unknown {
  if (value === undefined) return undefined
  if ('literal' in value) return value.literal
  if (params === undefined) return undefined
  return typeof value.param === 'number'
    ? (params as readonly unknown[])[value.param - 1]
    : (params as Readonly<Record<string, unknown>>)[value.param]
}

/** What a write whose effects are known does to each table. */
export function changesIn(
  { writes, change }: Resolved,
  known: Known | undefined,
  params: Params,
  believed: boolean,
): TableChange[] {
  return writes.map((table) => {
    const layout = known?.layout(table)
    if (!believed || change?.table !== table || change.anyRow || layout === undefined)
      return { table }
    return change.operation === 'insert'
      ? inserted(table, change, layout, params)
      : altered(table, change, layout, params)
  })
}

function inserted(table: string, change: Change, layout: TableLayout, params: Params): TableChange {
  const { rows } = change
  if (rows === undefined) return { table, inserted: true }
  const of = (row: readonly Assignment[], column: string): unknown =>
    given(row.find((assignment) => assignment.column === column)?.value, params)
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

function altered(table: string, change: Change, layout: TableLayout, params: Params): TableChange {
  const before = (column: string): unknown => given(find(change.where, column)?.value, params)
  const { assigned } = change
  // Undefined when it may be put in without our seeing with what.
  const after = (column: string): { readonly value: unknown } | 'same' => {
    if (change.operation === 'delete') return 'same'
    if (assigned === undefined) return { value: undefined }
    const assignment = assigned.find((one) => one.column === column)
    return assignment === undefined ? 'same' : { value: given(assignment.value, params) }
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
function given(value: Value | undefined, params: Params): unknown {
  return valueOf(value, params) ?? undefined
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
