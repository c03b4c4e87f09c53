import type { Explanation } from '../../src/query/index.js'
import { dependsOnNow } from '../../src/query/sql/index.js'
import type { Connection } from './connection.js'
import { allValues, keyOfGiven, readGiven } from './parameters.js'
import type { Plan } from './plan.js'

type Refusals = Explanation['refusals']

/** Says what would be done with a statement, as it would be decided now. */
export function explain(
  connection: Connection,
  plan: Plan,
  values: readonly unknown[],
): Explanation {
  const { resolved, use } = plan
  const given = readGiven(values)
  const read = use === 'change' ? undefined : connection.tagsOf(plan, given)
  const refusals = refusalsOf(connection, plan, values)
  const parameters = given && keyOfGiven(given)
  const why = refusals[0]?.reason
  const change =
    use === 'change' && plan.analysis.step === undefined
      ? connection.changeOf(plan, given)
      : undefined
  return {
    cached: why === undefined,
    ...(why === undefined ? { key: `${plan.id}a;${parameters}` } : { why }),
    refusals,
    tags: read === undefined ? [] : [...read.tags],
    invalidatedBy: why === undefined ? describeChanges(connection, plan, read?.tags ?? []) : [],
    reads: resolved.reads,
    writes: resolved.writes,
    invalidates:
      change === undefined ? [] : change.everything ? [connection.everything] : change.tags,
  }
}

function refusalsOf(connection: Connection, plan: Plan, values: readonly unknown[]): Refusals {
  const { analysis, resolved, options } = plan
  const refusals: Refusals[number][] = [...resolved.refusals]
  const add = (reason: Refusals[number]['reason'], detail: string): void => {
    refusals.push({ reason, detail })
  }
  if (options.bypass === true) add('bypass', 'cache.bypass')
  if (connection.client.inTransaction()) add('transaction', 'a transaction is open')
  if (connection.isTreacherous) add('changed-session', 'a pragma')
  if (connection.authorized) add('changed-session', 'setAuthorizer')
  if (plan.use !== 'answer' && refusals.length === 0) {
    if (analysis.temporary) add('session', 'a temporary table')
    else add(plan.use === 'change' ? 'writes' : 'unknown', analysis.kind)
  }
  const given = readGiven(values)
  if (given === undefined || keyOfGiven(given) === undefined)
    add('parameter', 'a value that SQLite does not take')
  else if (dependsOnNow(analysis, allValues(given))) add('time', 'a parameter')
  return refusals
}

/** In words, for people. */
function describeChanges(
  { settings }: Connection,
  { resolved, ttlMs }: Plan,
  tags: readonly string[],
): string[] {
  const words = resolved.reads.map((table) => {
    const some = tags.filter((tag) => /[#=]/.test(tag) && tag.includes(table))
    return some.length === 0
      ? `any write to ${table}`
      : `writes to ${table} that touch ${some.map((tag) => tag.slice(tag.search(/[#[]/))).join(', ')}`
  })
  words.push('a statement that is not understood, or a change of definitions')
  if (!settings.onlyWriter) words.push('any commit of another connection')
  if (ttlMs !== Infinity) words.push(`its age: ${ttlMs} ms`)
  return words
}
