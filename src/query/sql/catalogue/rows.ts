import type { Assignment, Change, Equality } from '../types.js'
import { keyOf, type Lookup } from './lookup.js'
import { Reach } from './reach.js'
import type { Catalogue, CatalogueRelation, Column } from './types.js'

/** A condition on a table of the database's own, by `tableName`; `info` says which values can be told apart. */
export interface ResolvedEquality extends Equality {
  readonly info: Column
}

/** The conditions of a read that are about tables, each named once. */
export function columnsOf(
  columns: readonly Equality[],
  found: ReadonlyMap<string, CatalogueRelation>,
  lookup: Lookup,
): ResolvedEquality[] {
  return columns.flatMap((equality) => {
    const relation = found.get(equality.table)
    if (relation?.kind !== 'table' || !isAlone(equality.table, relation, found, lookup)) return []
    const info = relation.columns.find((column) => column.name === equality.column)
    const [root, second] = lookup.roots(relation)
    if (info === undefined || root === undefined || second !== undefined) return []
    return [{ ...equality, table: keyOf(root), info }]
  })
}

/** Two names in a text, `t` and `public.t`, may be one table, and a view may read it too: then no condition is about all its rows. */
function isAlone(
  name: string,
  relation: CatalogueRelation,
  found: ReadonlyMap<string, CatalogueRelation>,
  lookup: Lookup,
): boolean {
  const family = new Set(lookup.family(relation).map(keyOf))
  for (const [other, target] of found) {
    if (other !== name && (target.kind === 'view' || family.has(keyOf(target)))) return false
  }
  return true
}

/** What a change does to the rows of a table, with all that triggers and foreign keys may add to it. */
export function changeOf(
  change: Change,
  found: ReadonlyMap<string, CatalogueRelation>,
  catalogue: Catalogue,
  lookup: Lookup,
  unknown: boolean,
): Change | undefined {
  const relation = found.get(change.table)
  const root = relation && lookup.roots(relation)
  if (relation?.kind !== 'table' || root?.length !== 1 || root[0] === undefined) return undefined
  const table = keyOf(root[0])
  const others =
    unknown ||
    !isAlone(change.table, relation, found, lookup) ||
    comesBack(relation, change, catalogue, lookup)
  const before = lookup
    .family(relation)
    .some((m) =>
      m.triggers.some((t) => t.timing !== 'after' && t.operations.includes(change.operation)),
    )
  const where = change.where.flatMap((equality) => {
    const known = relation.columns.some((column) => column.name === equality.column)
    return known ? [{ ...equality, table }] : []
  })
  return {
    ...change,
    table,
    anyRow: change.anyRow || others || (before && change.operation === 'insert'),
    where: others ? [] : where,
    assigned: before ? undefined : allAssigned(change.assigned, relation, catalogue),
    rows: before ? undefined : change.rows?.map((row) => nameColumns(row, relation, catalogue)),
  }
}

/** Whether triggers or foreign keys lead back to the table, so that rows may change which the statement does not name. */
function comesBack(
  relation: CatalogueRelation,
  change: Change,
  catalogue: Catalogue,
  lookup: Lookup,
): boolean {
  const reach = new Reach(catalogue, lookup)
  const family = lookup.family(relation)
  const assigned = change.assigned && new Set(change.assigned.map((a) => String(a.column)))
  reach.writeBehind(family, change.operation, assigned)
  return reach.unknown || family.some((member) => reach.writes.has(keyOf(member)))
}

/** The columns assigned with those that follow from others; undefined where a name may stand for another column. */
function allAssigned(
  assigned: readonly Assignment[] | undefined,
  relation: CatalogueRelation,
  catalogue: Catalogue,
): Assignment[] | undefined {
  if (assigned === undefined) return undefined
  const names = new Set(relation.columns.map((column) => column.name))
  // SQLite's `rowid` is the key under another name.
  if (
    assigned.some(
      (a) =>
        typeof a.column !== 'string' || (catalogue.dialect === 'sqlite' && !names.has(a.column)),
    )
  )
    return undefined
  const generated = relation.columns
    .filter((column) => column.generated)
    .map((column) => ({ column: column.name }))
  return [...assigned.filter((a) => !generated.some((g) => g.column === a.column)), ...generated]
}

/** A row's values by column, without those that the server replaces. */
function nameColumns(
  row: readonly Assignment[],
  relation: CatalogueRelation,
  catalogue: Catalogue,
): Assignment[] {
  const visible = relation.columns.filter(
    (column) => !(catalogue.dialect === 'sqlite' && column.generated),
  )
  return row.flatMap((assignment) => {
    const info =
      typeof assignment.column === 'number'
        ? visible[assignment.column]
        : relation.columns.find((column) => column.name === assignment.column)
    if (info === undefined) return []
    const { value } = assignment
    const zero =
      value !== undefined && 'literal' in value && (value.literal === 0 || value.literal === '0')
    if (value === undefined || info.generated || info.identity === true || (info.counted && zero))
      return [{ column: info.name }]
    return [{ column: info.name, value }]
  })
}
