import { BY_KIND } from './combine.js'
import { relationName, type Findings } from './findings.js'
import type { Analysis, Change, Equality, Kind, Reason, Refusal, TransactionStep } from './types.js'

/** What reading one statement has given. */
export interface Facts extends Pick<Analysis, 'dialect' | 'text' | 'params'> {
  readonly kind: Kind
  readonly step: TransactionStep | undefined
  readonly found: Findings
  readonly columns: readonly Equality[]
  readonly change: Change | undefined
}

/** Weighs what was found in one statement. */
export function conclude(facts: Facts): Analysis {
  const { dialect, text, params, found, step, columns } = facts
  const relations = [...found.relations.values()].filter((r) => r.operations.length > 0)
  const reads = relations.filter((r) => r.operations.includes('read')).map(relationName)
  const written = relations.filter((r) => r.operations.some((operation) => operation !== 'read'))
  const writes = written.map(relationName)
  const kind = kindOf(facts.kind, found, writes.length > 0)
  const refusals = withFirst(BY_KIND[kind], kind, found.refusals)
  const why = refusals[0]?.reason
  const change = kind === 'write' && writes.length === 1 ? facts.change : undefined
  return {
    dialect,
    text,
    params,
    kind,
    reads,
    writes,
    effects: found.unknown ? 'unknown' : 'known',
    cacheable: why === undefined,
    ...(why === undefined ? {} : { why }),
    refusals,
    functions: [...found.functions],
    operators: [...found.operators],
    types: [...found.types],
    fields: [...found.fields],
    relations,
    columns,
    ...(change === undefined ? {} : { change }),
    ...(step === undefined ? {} : { step }),
    statements: 1,
    parts: [],
    session: found.temporary ? 'changed' : found.session,
    temporary: found.temporary,
  }
}

function kindOf(kind: Kind, found: Findings, writes: boolean): Kind {
  if (kind !== 'read') return kind
  if (found.has('ddl')) return 'ddl'
  if (writes || found.has('writes')) return 'write'
  if (found.unknown) return 'unknown'
  if (found.has('lock')) return 'lock'
  return found.speaks ? 'session' : 'read'
}

/** The reasons, the kind's own first. Where the kind is only what is left of others (`unknown`, `session`), theirs come first. */
function withFirst(
  reason: Reason | undefined,
  kind: Kind,
  refusals: readonly Refusal[],
): readonly Refusal[] {
  if (reason === undefined) return refusals
  if ((kind === 'unknown' || kind === 'session') && refusals.length > 0) return refusals
  const own = refusals.find((refusal) => refusal.reason === reason)
  return [own ?? { reason, detail: kind }, ...refusals.filter((refusal) => refusal !== own)]
}
