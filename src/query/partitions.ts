import { invalidOption } from '../base/errors.js'
import type { Dialect } from './sql/index.js'

/** The declared columns by table, named as the catalogue names them. */
export type Partitions = Readonly<Record<string, readonly string[]>>

/** @throws {CacheError} `CACHE_OPTION_INVALID` for anything but lists of columns by table. */
export function readPartitions(given: unknown, dialect: Dialect): Partitions {
  if (typeof given !== 'object' || given === null)
    throw invalidOption('partitions', "columns by table: { orders: ['org_id'] }", given)
  const partitions: Record<string, readonly string[]> = {}
  for (const [table, columns] of Object.entries(given as Readonly<Record<string, unknown>>)) {
    if (!isNames(columns)) throw invalidOption(`partitions.${table}`, 'a list of columns', columns)
    // Only PostgreSQL tells the names of columns apart by case.
    partitions[table] =
      dialect === 'postgres' ? columns : columns.map((column) => column.toLowerCase())
  }
  return partitions
}

function isNames(columns: unknown): columns is readonly string[] {
  return Array.isArray(columns) && columns.every((column) => typeof column === 'string')
}
