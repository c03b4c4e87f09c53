import type { Dialect } from './types.js'

const MYSQL_SCHEMAS = new Set(['information_schema', 'mysql', 'performance_schema', 'sys'])

/** Schemas that are not for an application's tables: the database's own, and those of one connection. */
export function catalogueSchema(
  dialect: Dialect,
  schema: string,
): 'catalogue' | 'temporary' | undefined {
  if (dialect === 'postgres') {
    if (schema.startsWith('pg_temp')) return 'temporary'
    return schema === 'information_schema' || schema.startsWith('pg_') ? 'catalogue' : undefined
  }
  if (dialect === 'mysql') return MYSQL_SCHEMAS.has(schema.toLowerCase()) ? 'catalogue' : undefined
  return schema === 'temp' ? 'temporary' : undefined
}

/** Whether a name without columns of its own in the application's schema is meant: `pg_class`, `sqlite_schema`, `pragma_table_info`. */
export function isCatalogue(dialect: Dialect, schema: string | undefined, name: string): boolean {
  if (schema !== undefined && catalogueSchema(dialect, schema) === 'catalogue') return true
  if (dialect === 'postgres') return schema === undefined && name.startsWith('pg_')
  return dialect === 'sqlite' && /^(?:sqlite_|pragma_|dbstat$|bytecode$|tables_used$)/.test(name)
}
