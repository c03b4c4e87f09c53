import { canonicalValue } from '../../../src/query/sql/catalogue/comparison.js'
import type { Resolved } from '../../../src/query/sql/catalogue/resolve.js'
import type { Assignment, Value } from '../../../src/query/sql/types.js'

export interface Run {
  readonly resolved: Resolved
  readonly values: readonly unknown[]
}

const valueOf = (value: Value | undefined, values: readonly unknown[]): unknown => {
  if (value === undefined) return undefined
  if ('literal' in value) return value.literal
  return typeof value.param === 'number' ? values[value.param - 1] : undefined
}

/**
 * Whether a write may change what a read answered, by what the analyses say and nothing else: the decision that tags stand for. The
 * tests hold it against what the database then answers.
 */
export function mayAffect(read: Run, write: Run): boolean {
  const { resolved } = write
  if (resolved.effects === 'unknown' || resolved.defines) return true
  const shared = read.resolved.reads.filter((table) => resolved.writes.includes(table))
  if (shared.length === 0) return false
  const { change } = resolved
  if (change === undefined || change.anyRow || shared.some((table) => table !== change.table))
    return true
  const conditions = read.resolved.columns.filter((equality) => equality.table === change.table)
  return !conditions.some(({ column, value, info }) => {
    const wanted = canonicalValue(info, valueOf(value, read.values))
    if (wanted === undefined) return false
    const differs = (assignment: { readonly value?: Value } | undefined): boolean => {
      const text = canonicalValue(info, valueOf(assignment?.value, write.values))
      return text !== undefined && text !== wanted
    }
    if (change.operation === 'insert') {
      return change.rows !== undefined && change.rows.every((row) => differs(find(row, column)))
    }
    const before = change.where.some((equality) => equality.column === column && differs(equality))
    if (change.operation === 'delete' || !before) return before
    // An update may move a row to where the read looks.
    if (change.assigned === undefined) return false
    const assigned = find(change.assigned, column)
    return assigned === undefined || differs(assigned)
  })

  function find(row: readonly Assignment[], column: string): Assignment | undefined {
    return row.find((assignment) => assignment.column === column)
  }
}
