import { mysqlFunction } from './functions/mysql.js'
import { postgresFunction } from './functions/postgres.js'
import { sqliteFunction } from './functions/sqlite.js'
import type { Arguments, FunctionKind } from './functions/table.js'
import type { Dialect } from './types.js'

/**
 * What calling a function means for keeping the answer.
 *
 * @param name Folded; with a schema in front when the text has one that is not PostgreSQL's own.
 */
export function classify(dialect: Dialect, name: string, call: Arguments): FunctionKind {
  if (dialect === 'postgres') return postgresFunction(name, call)
  return dialect === 'mysql' ? mysqlFunction(name, call) : sqliteFunction(name, call)
}
