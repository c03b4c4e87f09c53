import type { Analysis, Assignment, Change, Equality, Reason, Refusal, Relation } from '../types.js'
import { createLookup, keyOf, type Lookup } from './lookup.js'
import { BY_CATALOGUE, Reach } from './reach.js'
import type { Catalogue, CatalogueRelation, Column } from './types.js'

/** What a statement does in a certain database: every table behind the names of its text. */
export interface Resolved {
  /** Names in the text, or behind it, that the catalogue does not have: it is out of date, or they do not exist. */
  readonly missing: readonly string[]
  /** Tables whose rows have a part in the answer, by `tableName`; a partition or an heir stands under the topmost table. */
  readonly reads: readonly string[]
  /** Tables that may change, the same way. */
  readonly writes: readonly string[]
  /** All relations on the way: views, partitions, and the tables above. */
  readonly reached: { readonly reads: readonly string[]; readonly writes: readonly string[] }
  /** `unknown`: any table may change. */
  readonly effects: 'known' | 'unknown'
  readonly cacheable: boolean
  readonly why?: Reason
  readonly refusals: readonly Refusal[]
  /** Rows depend on who asks: the role and its settings belong to the scope. */
  readonly rowSecurity: boolean
  /** The statement changes definitions: the catalogue is out of date behind it. */
  readonly defines: boolean
  /** Of {@link Analysis.columns} what is about a table of the database's own. */
  readonly columns: readonly ResolvedEquality[]
  /** Of {@link Analysis.change} the same; with `anyRow` where triggers, rules or foreign keys may touch other rows of the table. */
  readonly change?: Change
}

/** A condition on a table of the database's own, by `tableName`; `info` says which values can be told apart. */
export interface ResolvedEquality extends Equality {
  readonly info: Column
}

/** Follows analyses through a catalogue. An analysis is followed once. */
export type Resolver = (analysis: Analysis) => Resolved

/** @param searchPath The schemas (MySQL: the database; SQLite: the files) a bare name is looked for in, in order. */
export function createResolver(catalogue: Catalogue, searchPath: readonly string[]): Resolver {
  const lookup = createLookup(catalogue, searchPath)
  const known = new WeakMap<Analysis, Resolved>()
  return (analysis) => {
    const before = known.get(analysis)
    if (before !== undefined) return before
    const resolved = Object.freeze(follow(analysis, catalogue, lookup))
    known.set(analysis, resolved)
    return resolved
  }
}

function follow(analysis: Analysis, catalogue: Catalogue, lookup: Lookup): Resolved {
  const reach = new Reach(catalogue, lookup)
  const found = new Map<string, CatalogueRelation>()
  for (const relation of analysis.relations)
    followRelation(relation, analysis, reach, lookup, found)
  const ofText = settle(analysis, catalogue, reach)
  noteTimesOfDay(analysis, reach, lookup)
  const missing = [...reach.missing]
  const unknown = reach.unknown || startsUnknown(analysis) || missing.length > 0
  const refusals = [
    ...ofText,
    ...reach.refusals,
    ...missing.map((detail) => ({ reason: 'unknown' as const, detail })),
  ]
  const why = refusals[0]?.reason
  const certain = !reach.called && !reach.rowSecurity && missing.length === 0
  const change = analysis.change && changeOf(analysis.change, found, catalogue, lookup, unknown)
  return {
    missing,
    reads: tablesOf(reach.reads, lookup),
    writes: tablesOf(reach.writes, lookup),
    reached: { reads: [...reach.reads], writes: [...reach.writes] },
    effects: unknown ? 'unknown' : 'known',
    cacheable: why === undefined,
    ...(why === undefined ? {} : { why }),
    refusals,
    rowSecurity: reach.rowSecurity,
    defines: analysis.kind === 'ddl' || analysis.parts.some((part) => part.kind === 'ddl'),
    columns: certain ? columnsOf(analysis.columns, found, lookup) : [],
    ...(change === undefined ? {} : { change }),
  }
}

function followRelation(
  relation: Relation,
  analysis: Analysis,
  reach: Reach,
  lookup: Lookup,
  found: Map<string, CatalogueRelation>,
): void {
  const { schema, name, operations } = relation
  const written = schema === undefined ? name : `${schema}.${name}`
  const target = lookup.relation(schema, name)
  if (target === undefined) {
    // What is being made is not there yet, and what the database says of itself is no table.
    const made = operations.every((operation) => operation === 'define')
    const own = analysis.refusals.some(
      (refusal) => refusal.reason === 'catalogue' && refusal.detail === name,
    )
    if (!made && !own) reach.missing.add(written)
    return
  }
  found.set(written, target)
  const change = analysis.change?.table === written ? analysis.change : undefined
  const assigned = change?.assigned && new Set(change.assigned.map((a) => String(a.column)))
  for (const operation of operations) {
    if (operation === 'read') reach.read(target)
    else reach.write(target, operation, operation === 'update' ? assigned : undefined)
  }
  // A materialized view is filled from what is behind it.
  if (target.kind === 'materialized' && operations.includes('define')) {
    for (const key of target.behind) reach.reads.add(key)
  }
}

/** The reasons of the text that remain: functions, operators and types are what the catalogue says they are. */
function settle(analysis: Analysis, catalogue: Catalogue, reach: Reach): Refusal[] {
  const unlisted = new Set(
    analysis.refusals.filter((r) => r.reason === 'function').map((r) => r.detail),
  )
  for (const name of analysis.functions) reach.call(name.split('.'), unlisted.has(name))
  for (const field of analysis.fields) reach.callOfRow(field)
  for (const { reason, detail } of analysis.refusals) {
    if (reason === 'type' && !catalogue.plainTypes.has(detail)) reach.refuse(reason, detail)
  }
  for (const operator of analysis.operators) reach.operator(operator)
  return analysis.refusals.filter(
    ({ reason, detail }) =>
      !BY_CATALOGUE.has(reason) && !(reason === 'unknown' && detail === 'call'),
  )
}

/** MySQL's functions that make a moment of today out of a time of day. */
const FROM_TIME = new Set(
  'cast convert date datetime timestamp timestampadd timestampdiff adddate addtime date_add date_sub subdate datediff to_days to_seconds'.split(
    ' ',
  ),
)

function noteTimesOfDay(analysis: Analysis, reach: Reach, lookup: Lookup): void {
  if (!analysis.functions.some((name) => FROM_TIME.has(name))) return
  for (const key of reach.reads) {
    if (lookup.byKey(key)?.columns.some((column) => column.timeOfDay)) reach.refuse('time', key)
  }
}

/** Whether something in the text itself may do anything, besides calls, which were followed. */
function startsUnknown(analysis: Analysis): boolean {
  if (analysis.effects === 'known') return false
  return analysis.refusals.some(
    ({ reason, detail }) =>
      reason === 'syntax' ||
      (reason === 'unknown' && detail !== 'call') ||
      (reason === 'function' && !analysis.functions.includes(detail)),
  )
}

/** Tables by the topmost of their family, without the views that led there. */
function tablesOf(keys: ReadonlySet<string>, lookup: Lookup): string[] {
  const tables = new Set<string>()
  for (const key of keys) {
    const relation = lookup.byKey(key)
    if (relation === undefined || relation.kind === 'view') continue
    for (const root of lookup.roots(relation)) tables.add(keyOf(root))
  }
  return [...tables]
}

function columnsOf(
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

function changeOf(
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
    if (value === undefined || info.generated || (info.counted && zero))
      return [{ column: info.name }]
    return [{ column: info.name, value }]
  })
}
