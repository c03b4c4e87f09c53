import type { Dialect } from '../types.js'
import { buildMysql } from './build-mysql.js'
import { buildPostgres } from './build-postgres.js'
import { buildSqlite } from './build-sqlite.js'
import type { Part } from './parts.js'
import type { Catalogue } from './types.js'

/** A row of `CATALOGUE_SQL`: `data` as JSON text, or as the client parsed it. */
export interface CatalogueRow {
  readonly part: string
  readonly data: unknown
}

/** Makes a catalogue of the rows that `CATALOGUE_SQL` gave; in SQLite those of several files may follow each other. */
export function readCatalogue(dialect: Dialect, rows: Iterable<CatalogueRow>): Catalogue {
  const parts: Part[] = []
  for (const { part, data } of rows) {
    const parsed: unknown = typeof data === 'string' ? JSON.parse(data) : data
    if (typeof parsed === 'object' && parsed !== null)
      parts.push({ part, data: parsed as Part['data'] })
  }
  if (dialect === 'postgres') return buildPostgres(parts)
  return dialect === 'mysql' ? buildMysql(parts) : buildSqlite(parts)
}
