import type { Known } from './catalogue-holder.js'
import { keyText, type TableChange, type TableLayout } from './change.js'
import type { Analysis, Resolved, ResolvedEquality } from './sql/index.js'
import { dependsOnNow } from './sql/index.js'
import { findsRows } from './found.js'
import { changesIn, type Params, valueOf } from './write.js'
import { databaseTag, partitionsTag, partitionTag, rowsTag, rowTag, tableTag } from './tags.js'
import type { NotCached } from './types.js'
import { canonicalValue } from './sql/index.js'

/** Why a text is not cached, whoever asks. */
export interface Refused {
  readonly why: NotCached
  readonly detail: string
}

export interface PlanOptions {
  /** Tables that the caller says a read depends on. */
  readonly tables: readonly string[] | undefined
  readonly sameSettings: boolean
}

/** How a read depends on one table. */
interface TableRead {
  readonly table: string
  readonly layout: TableLayout | undefined
  /** The equalities on the columns of the primary key, in its order, when all are there. */
  readonly key: readonly ResolvedEquality[] | undefined
  readonly partitions: readonly ResolvedEquality[]
}

/**
 * What follows from a text and the database's definitions alone, made once for both: whether its answer may be kept, and how its tags
 * and changes come from its parameters.
 */
export interface Plan {
  readonly analysis: Analysis
  /** Undefined while there is no catalogue. */
  readonly resolved: Resolved | undefined
  readonly known: Known | undefined
  /** Undefined when its answer may be kept. */
  readonly refused: Refused | undefined
  /** Rows depend on who asks. */
  readonly personal: boolean
  /** By table; `tags` makes the labels of them. */
  readonly reads: readonly TableRead[]
  /** The answer shows by its rows whether the rows asked for by key were found. */
  readonly findsRows: boolean
  /** It may change anything. */
  readonly unknown: boolean
  readonly defines: boolean
}

/** Reasons that mean "not known" and nothing worse: a caller who names the tables overrules them. */
const NOT_KNOWN = new Set<NotCached>([
  'function',
  'operator',
  'type',
  'foreign',
  'syntax',
  'unknown',
  'unknown-name',
  'no-catalogue',
])

export function createPlan(
  analysis: Analysis,
  known: Known | undefined,
  { tables, sameSettings }: PlanOptions,
): Plan {
  const resolved = known?.resolver(analysis)
  const refusals: Refused[] = (resolved ?? analysis).refusals
    .filter(({ reason, detail }) => {
      // Whether the scope says who asks is seen when it is asked for.
      if (reason === 'session' && detail.startsWith('row security of ')) return false
      return !(sameSettings && reason === 'settings')
    })
    .map(({ reason, detail }) => ({ why: reason, detail }))
  if (resolved === undefined) refusals.push({ why: 'no-catalogue', detail: 'not loaded' })
  for (const name of resolved?.missing ?? []) refusals.push({ why: 'unknown-name', detail: name })
  if (analysis.temporary && refusals.length === 0)
    refusals.push({ why: 'session', detail: 'temporary table' })
  if (resolved !== undefined && resolved.writes.length > 0)
    refusals.push({ why: 'writes', detail: resolved.writes[0]! })
  const named = tables?.flatMap((name) => known?.roots(name) ?? [])
  const unseen = tables?.filter((name) => known?.roots(name).length === 0) ?? []
  const overruled = tables !== undefined && refusals.every(({ why }) => NOT_KNOWN.has(why))
  if (overruled) refusals.length = 0
  for (const name of unseen) refusals.push({ why: 'unknown-name', detail: name })
  const reads = new Set([...(resolved?.reads ?? []), ...(named ?? [])])
  // Without a catalogue the names are what the caller says they are.
  if (known === undefined && tables !== undefined) for (const name of tables) reads.add(name)
  return {
    analysis,
    resolved,
    known,
    refused: refusals[0],
    personal: resolved?.rowSecurity ?? false,
    reads: [...reads].map((table) => readOf(table, tables === undefined, resolved, known)),
    findsRows: resolved !== undefined && findsRows(analysis),
    unknown: isUnknown(analysis, resolved) && !overruled,
    defines: analysis.kind === 'ddl' || resolved?.defines === true,
  }
}

const FETCHES = /^\s*(?:fetch|move)\b/i

/** Whether running it may change what nobody can list. */
function isUnknown(analysis: Analysis, resolved: Resolved | undefined): boolean {
  // What a cursor's query does is known where it is declared.
  if (FETCHES.test(analysis.text) && analysis.statements === 1) return false
  if (resolved !== undefined) return resolved.effects === 'unknown'
  if (analysis.effects === 'unknown') return true
  // Without a catalogue neither views, triggers nor foreign keys are seen behind a write.
  return analysis.writes.length > 0 || analysis.kind === 'write' || analysis.kind === 'ddl'
}

function readOf(
  table: string,
  bounded: boolean,
  resolved: Resolved | undefined,
  known: Known | undefined,
): TableRead {
  const layout = known?.layout(table)
  const equalities = bounded
    ? (resolved?.columns.filter((equality) => equality.table === table) ?? [])
    : []
  const on = (name: string): ResolvedEquality | undefined =>
    equalities.find((equality) => equality.column === name)
  const key = layout?.key.map(({ name }) => on(name)).filter((e) => e !== undefined) ?? []
  return {
    table,
    layout,
    key:
      layout !== undefined && key.length > 0 && key.length === layout.key.length ? key : undefined,
    partitions: layout?.partitions.flatMap(({ name }) => on(name) ?? []) ?? [],
  }
}

/** The labels of one answer. */
export interface ReadTags {
  readonly tags: readonly string[]
  /** Labels it carries besides when it found nothing. */
  readonly absent: readonly string[]
}

/**
 * @param believed False when values may not be where the text has its parameters.
 */
export function readTags(
  plan: Plan,
  database: string,
  params: Params,
  believed: boolean,
): ReadTags {
  const tags = [databaseTag(database)]
  const absent: string[] = []
  for (const { table, layout, key, partitions } of plan.reads) {
    const row =
      believed && plan.findsRows && key !== undefined && layout !== undefined
        ? keyText(
            layout.key,
            key.map(({ value }) => valueOf(value, params)),
          )
        : undefined
    if (row !== undefined) {
      tags.push(rowsTag(database, table), rowTag(database, table, row))
      absent.push(tableTag(database, table))
      continue
    }
    const part = believed ? partitionOf(partitions, params) : undefined
    if (part === undefined) tags.push(tableTag(database, table))
    else {
      const { column, text } = part
      tags.push(partitionsTag(database, table, column), partitionTag(database, table, column, text))
    }
  }
  return { tags, absent }
}

function partitionOf(
  partitions: readonly ResolvedEquality[],
  params: Params,
): { readonly column: string; readonly text: string } | undefined {
  for (const { column, info, value } of partitions) {
    const text = canonicalValue(info, valueOf(value, params))
    if (text !== undefined) return { column, text }
  }
  return undefined
}

/** What a write changes, when that can be told; undefined when it may be anything. */
export function changesOf(
  plan: Plan,
  params: Params,
  believed: boolean,
): readonly TableChange[] | undefined {
  if (plan.unknown || plan.defines) return undefined
  return plan.resolved === undefined ? [] : changesIn(plan.resolved, plan.known, params, believed)
}

/** Whether parameters make the answer depend on the moment. */
export function isMomentary(plan: Plan, params: Params): boolean {
  if (!plan.analysis.params.moments || params === undefined) return false
  return dependsOnNow(plan.analysis, Array.isArray(params) ? params : Object.values(params))
}
