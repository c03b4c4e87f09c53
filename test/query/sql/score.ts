import type { Analysis } from '../../../src/query/sql/types.js'

/** What a text is known to do. */
export interface Expected {
  readonly kind: string
  readonly reads?: readonly string[]
  readonly writes?: readonly string[]
  readonly mayReads?: readonly string[]
  readonly mayWrites?: readonly string[]
  readonly effects?: string
  readonly cacheable: boolean
}

/**
 * - `unsafe`: a table missing from the reads of a read or the writes of a write, effects not reported as unknown, or an answer called
 *   cacheable that is not.
 * - `refused`: unknown where something was known. `over`: more than it does. `missed`: a read of a write left out.
 */
export type Verdict = 'exact' | 'over' | 'missed' | 'refused' | 'unsafe'

export function judge(analysis: Analysis, expected: Expected): Verdict {
  const missing = (
    wanted: readonly string[] = [],
    got: readonly string[],
    may: readonly string[] = [],
  ): boolean => wanted.some((name) => !got.includes(name) && !may.includes(name))
  const { reads = [], writes = [], mayReads = [], mayWrites = [] } = expected
  if (analysis.cacheable && !expected.cacheable) return 'unsafe'
  if (expected.effects === 'unknown' && analysis.effects === 'known') return 'unsafe'
  if (analysis.effects === 'unknown') return expected.effects === 'unknown' ? 'exact' : 'refused'
  const missedReads = missing(reads, analysis.reads, mayReads)
  if (missing(writes, analysis.writes, mayWrites)) return 'unsafe'
  if (missedReads) return expected.kind === 'read' ? 'unsafe' : 'missed'
  if (expected.cacheable && !analysis.cacheable) return 'refused'
  const extra =
    missing(analysis.reads, [...reads, ...mayReads]) ||
    missing(analysis.writes, [...writes, ...mayWrites])
  return extra ? 'over' : 'exact'
}
