import type { Analysis, Dialect } from './sql/index.js'

/** Kinds that commit nothing but themselves. */
const KINDS: ReadonlySet<Analysis['kind']> = new Set<Analysis['kind']>(['read', 'write', 'tx'])

/** Other statements of MySQL and MariaDB that leave an open transaction as it is. */
const LEAVES =
  /^\s*(?:select|with|values|table|show|use|do|explain|desc|describe|help|kill|prepare|deallocate|get|signal|resignal|set(?!\s+(?:password|role|default|statement)\b))\b/i

/**
 * Whether a statement may commit the transaction that is open, by itself and also when it fails: MySQL's definitions, `LOCK TABLES`,
 * `ANALYZE TABLE`, `GRANT` and many more do. An error and a list of rows do not say what became of the transaction.
 */
export function mayCommitBySelf(dialect: Dialect, { kind, text }: Analysis): boolean {
  return dialect === 'mysql' && !KINDS.has(kind) && !LEAVES.test(text)
}

/**
 * Whether a statement that failed may have done a part of what it does: MySQL drops those of several tables that are there, and a
 * procedure, which may also commit on its way in PostgreSQL, has done what came before the error.
 */
export function mayBeHalfDone(dialect: Dialect, { kind, text }: Analysis): boolean {
  if (kind === 'unknown') return true
  return dialect === 'mysql' && kind === 'ddl' && /\bdrop\b/i.test(text) && text.includes(',')
}
