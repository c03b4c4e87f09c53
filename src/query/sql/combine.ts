import { Findings, SESSION_RANK } from './findings.js'
import type { Analysis, Kind, Reason, Refusal, SessionEffect } from './types.js'

/** What a kind by itself says against keeping the answer. */
export const BY_KIND: Partial<Record<Kind, Reason>> = {
  write: 'writes',
  ddl: 'ddl',
  tx: 'tx',
  session: 'session',
  lock: 'lock',
  unknown: 'unknown',
}

/** From worst to best known: what several statements are together. */
const RANK: readonly Kind[] = ['unknown', 'ddl', 'write', 'lock', 'session', 'tx', 'read']

/** What several statements in one text are. */
export function combine(parts: readonly Analysis[]): Analysis {
  const [first] = parts
  if (first === undefined) throw new Error('nothing to combine')
  const kind = RANK.find((rank) => parts.some((part) => part.kind === rank)) ?? 'unknown'
  const all = <T>(pick: (part: Analysis) => readonly T[]): T[] => [...new Set(parts.flatMap(pick))]
  const reason = BY_KIND[kind] ?? 'multiple'
  return {
    dialect: first.dialect,
    text: first.text,
    params: { ...first.params, moments: parts.some((part) => part.params.moments) },
    kind,
    reads: all((part) => part.reads),
    writes: all((part) => part.writes),
    effects: parts.some((part) => part.effects === 'unknown') ? 'unknown' : 'known',
    cacheable: false,
    why: reason,
    refusals: [{ reason, detail: 'several statements' }, ...all((part) => part.refusals)],
    functions: all((part) => part.functions),
    operators: all((part) => part.operators),
    types: all((part) => part.types),
    fields: all((part) => part.fields),
    relations: mergeRelations(parts),
    columns: [],
    statements: parts.length,
    parts,
    session: sessionOf(parts),
    temporary: parts.some((part) => part.temporary),
  }
}

/** What a text may be that can be read in two ways. Nothing is certain about its rows. */
export function union(one: Analysis, other: Analysis): Analysis {
  const both = <T>(pick: (analysis: Analysis) => readonly T[]): T[] => [
    ...new Set([...pick(one), ...pick(other)]),
  ]
  const kind = RANK.find((rank) => one.kind === rank || other.kind === rank) ?? 'unknown'
  const refusals: Refusal[] = both((analysis) => analysis.refusals)
  const { why = other.why } = one
  const { change: _change, step: _step, ...rest } = one
  return {
    ...rest,
    kind,
    reads: both((analysis) => analysis.reads),
    writes: both((analysis) => analysis.writes),
    effects: one.effects === 'unknown' ? 'unknown' : other.effects,
    cacheable: one.cacheable && other.cacheable,
    ...(why === undefined ? {} : { why }),
    refusals,
    functions: both((analysis) => analysis.functions),
    operators: both((analysis) => analysis.operators),
    types: both((analysis) => analysis.types),
    fields: both((analysis) => analysis.fields),
    relations: mergeRelations([one, other]),
    columns: [],
    statements: Math.max(one.statements, other.statements),
    parts: [],
    session: sessionOf([one, other]),
    temporary: one.temporary || other.temporary,
    params: { ...one.params, doubtful: true, moments: one.params.moments || other.params.moments },
  }
}

function sessionOf(parts: readonly Analysis[]): SessionEffect {
  const ranks = parts.map((part) => SESSION_RANK.indexOf(part.session))
  return SESSION_RANK[Math.max(...ranks)] ?? 'changed'
}

function mergeRelations(parts: readonly Analysis[]): Analysis['relations'] {
  const merged = new Findings()
  for (const relation of parts.flatMap((part) => part.relations)) {
    for (const operation of relation.operations)
      merged.relation(relation.schema, relation.name, operation)
  }
  return [...merged.relations.values()]
}
