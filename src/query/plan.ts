import type { Known } from './catalogue-holder.js'
import type { TableChange } from './change.js'
import { readsOf, type TableRead } from './reads.js'
import { dependsOnNow, type Analysis, type Resolved } from './sql/index.js'
import type { NotCached } from './types.js'
import { changesIn, valuesIn, type Params } from './write.js'

/** Why a text is not cached, whoever asks. */
export interface Refused {
  readonly why: NotCached
  readonly detail: string
}

export interface PlanOptions {
  /** Tables that the caller says a read depends on. */
  readonly tables: readonly string[] | undefined
  readonly sameSettings: boolean
  /** Bare names may mean tables of any schema. */
  readonly moved?: boolean | undefined
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
  /** By table; `readTags` makes the labels of them. */
  readonly reads: readonly TableRead[]
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
  { tables, sameSettings, moved }: PlanOptions,
): Plan {
  const resolved = moved === true ? known?.anywhere()(analysis) : known?.resolver(analysis)
  const refusals: Refused[] = (resolved ?? analysis).refusals
    .filter(({ reason, detail }) => {
      // Whether the scope says who asks is seen when it is asked for.
      if (reason === 'session' && detail.startsWith('row security of ')) return false
      return !(sameSettings && reason === 'settings')
    })
    .map(({ reason, detail }) => ({ why: reason, detail }))
  if (resolved === undefined) refusals.push({ why: 'no-catalogue', detail: 'not loaded' })
  for (const name of resolved?.missing ?? []) refusals.push({ why: 'unknown-name', detail: name })
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
    reads: readsOf(reads, analysis, tables === undefined ? resolved : undefined, known),
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

/**
 * What a write changes, when that can be told; undefined when it may be anything.
 *
 * @param believed False when values may not be where the text has its parameters.
 */
export function changesOf(
  plan: Plan,
  params: Params,
  believed: boolean,
): readonly TableChange[] | undefined {
  if (plan.unknown || plan.defines) return undefined
  if (plan.resolved === undefined) return []
  return changesIn(plan.resolved, plan.known, believed ? valuesIn(params) : undefined)
}

/** Whether parameters make the answer depend on the moment. */
export function isMomentary(plan: Plan, params: Params): boolean {
  if (!plan.analysis.params.moments || params === undefined) return false
  return dependsOnNow(plan.analysis, Array.isArray(params) ? params : Object.values(params))
}
