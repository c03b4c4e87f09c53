import type { Analysis, Change, Reason, Refusal, Relation } from '../types.js'
import { createLookup, keyOf, type Lookup } from './lookup.js'
import { BY_CATALOGUE, Reach } from './reach.js'
import { changeOf, columnsOf, type ResolvedEquality } from './rows.js'
import type { Catalogue, CatalogueRelation } from './types.js'

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
  /** Some of what changes is there at once, and stays when the statement or its transaction fails. */
  readonly lasting: boolean
  readonly cacheable: boolean
  readonly why?: Reason
  readonly refusals: readonly Refusal[]
  /** Rows depend on who asks: the role and its settings belong to the scope. */
  readonly rowSecurity: boolean
  /** The statement changes definitions, or all rows behind them: the catalogue is out of date, and all that was read. */
  readonly defines: boolean
  /** Of {@link Analysis.columns} what is about a table of the database's own. */
  readonly columns: readonly ResolvedEquality[]
  /** Of {@link Analysis.change} the same; with `anyRow` where triggers, rules or foreign keys may touch other rows of the table. */
  readonly change?: Change
}

/** Follows analyses through a catalogue. An analysis is followed once. */
export type Resolver = (analysis: Analysis) => Resolved

/**
 * @param searchPath The schemas (MySQL: the database; SQLite: the files) a bare name is looked for in, in order. Undefined when they are
 * not known: then it means every table of that name.
 */
export function createResolver(
  catalogue: Catalogue,
  searchPath: readonly string[] | undefined,
): Resolver {
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
    lasting: reach.lasting || (unknown && catalogue.dialect === 'mysql'),
    cacheable: why === undefined,
    ...(why === undefined ? {} : { why }),
    refusals,
    rowSecurity: reach.rowSecurity,
    defines: [analysis, ...analysis.parts].some((one) => one.kind === 'ddl' || numbersAnew(one)),
    columns: certain ? columnsOf(analysis.columns, found, lookup) : [],
    ...(change === undefined ? {} : { change }),
  }
}

/** SQLite's VACUUM, which is about the numbers of rows in tables whose key is something else; not when it makes a copy. */
function numbersAnew({ dialect, kind, text }: Analysis): boolean {
  return dialect === 'sqlite' && kind === 'session' && VACUUM.test(text) && !/\binto\b/i.test(text)
}

const VACUUM = /^(?:\s|--[^\n]*\n|\/\*[^*]*(?:\*(?!\/)[^*]*)*\*\/)*vacuum\b/i

function followRelation(
  relation: Relation,
  analysis: Analysis,
  reach: Reach,
  lookup: Lookup,
  found: Map<string, CatalogueRelation>,
): void {
  const { schema, name, operations } = relation
  const written = schema === undefined ? name : `${schema}.${name}`
  const targets = lookup.relations(schema, name)
  if (targets.length === 0) {
    // What is being made is not there yet, and what the database says of itself is no table.
    const made = operations.every((operation) => operation === 'define')
    const own = analysis.refusals.some(
      (refusal) => refusal.reason === 'catalogue' && refusal.detail === name,
    )
    if (!made && !own) reach.missing.add(written)
    return
  }
  const change = analysis.change?.table === written ? analysis.change : undefined
  const assigned = change?.assigned && new Set(change.assigned.map((a) => String(a.column)))
  for (const target of targets) {
    // Of several, no condition is about one of them.
    if (targets.length === 1) found.set(written, target)
    for (const operation of operations) {
      if (operation === 'read') reach.read(target)
      else reach.write(target, operation, operation === 'update' ? assigned : undefined)
    }
    // A materialized view is filled from what is behind it.
    if (target.kind === 'materialized' && operations.includes('define')) {
      for (const key of target.behind) reach.reads.add(key)
    }
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
