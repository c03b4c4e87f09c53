import type { Answers } from './answers.js'
import type { Commits } from './commits.js'
import { changesOf, type Plan } from './plan.js'
import { noPending } from './transaction.js'
import type { Explanation, Query } from './types.js'

export interface ExplainOptions {
  readonly answers: Answers
  readonly commits: Commits
}

/** Says what would be done with a statement on a connection as new. */
export function explain(
  plan: Plan,
  query: Query,
  { answers, commits }: ExplainOptions,
): Explanation {
  const { analysis, resolved } = plan
  const judged = answers.judge(plan, query)
  const cached = 'key' in judged
  const tags = cached ? answers.tags(plan, query).tags : []
  const refusals: Explanation['refusals'][number][] =
    plan.refused === undefined ? [] : [...(resolved ?? analysis).refusals]
  if (!cached && refusals.length === 0) refusals.push({ reason: judged.why, detail: judged.detail })
  return {
    cached,
    ...(cached ? { key: judged.key } : { why: judged.why }),
    refusals,
    tags,
    invalidatedBy: cached ? plan.reads.map((read) => inWords(read.table, tags)) : [],
    reads: resolved?.reads ?? analysis.reads,
    writes: resolved?.writes ?? analysis.writes,
    invalidates: invalidated(plan, query, commits),
  }
}

function invalidated(plan: Plan, query: Query, commits: Commits): readonly string[] {
  const changes =
    query.invalidates === undefined ? changesOf(plan, query.params, true) : query.invalidates
  const { kind } = plan.analysis
  if (changes === undefined) {
    if (kind === 'tx' || kind === 'session') return []
    return commits.commit({ ...noPending(), everything: 'not known' }, undefined).tags
  }
  return commits.tags(commits.rooted(changes))
}

function inWords(table: string, tags: readonly string[]): string {
  const name = table.replace(/^public\./, '')
  const of = (sign: string): string | undefined =>
    tags.find((tag) => tag.includes(`:${table}${sign}`))
  const row = of('#')
  if (row !== undefined) return `a change of ${name} ${row.slice(row.indexOf('#') + 1)}`
  const part = tags.find((tag) => tag.includes(`:${table}[`) && tag.includes('='))
  if (part !== undefined)
    return `a change of ${name} where ${part.slice(part.indexOf('[') + 1, -1)}`
  return `any change of ${name}`
}
