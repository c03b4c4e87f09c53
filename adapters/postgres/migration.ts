/** Migrations made for a database as it is: its tables, keys and replica identities are read from its catalogue. */
import {
  CATALOGUE_SQL,
  readCatalogue,
  tableName,
  type Catalogue,
  type CatalogueRow,
} from '../../src/query/sql/index.js'
import type { PgClient } from './client.js'
import { dropPublicationSql, publicationSql, type PublicationOptions } from './publication.js'
import { selectTables, type TableSelection } from './tables.js'
import { dropTriggersSql, triggersSql, type TriggerOptions } from './triggers.js'

/** What can be asked about the database: a client or a pool of `pg`. */
export type Asked = Pick<PgClient, 'query'>

export interface TriggerMigrationOptions extends TableSelection, TriggerOptions {
  /** Takes the triggers away: from the tables named, or with neither `tables` nor `schemas` from all. Default: false. */
  readonly drop?: boolean | undefined
}

export interface PublicationMigrationOptions extends TableSelection, PublicationOptions {
  /** Takes the publication away. Default: false. */
  readonly drop?: boolean | undefined
  /** With `drop`: the permanent replication slot that goes with it. Default: none. */
  readonly slot?: string | undefined
}

/**
 * The SQL that makes the tables tell of every statement that writes them, for `listenForChanges`; what `npx keepfresh postgres triggers`
 * prints. Nothing is changed.
 *
 * @throws {CacheError} as a rejection: `CACHE_OPTION_INVALID` naming a wrong option, table or column.
 */
export async function triggerMigration(
  client: Asked,
  options: TriggerMigrationOptions = {},
): Promise<string> {
  const { drop = false, tables, schemas } = options
  if (drop && tables === undefined && schemas === undefined)
    return dropTriggersSql(undefined, options)
  const selected = selectTables(await catalogueOf(client), options)
  return drop ? dropTriggersSql(selected, options) : triggersSql(selected, options)
}

const IDENTITIES = `SELECT n.nspname AS schema, c.relname AS table, c.relreplident AS identity,
    EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS keyed
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p'`

/**
 * The SQL that publishes the writes to the tables, for `replicateChanges`; what `npx keepfresh postgres publication` prints. To be run in one
 * transaction. Nothing is changed.
 *
 * @throws {CacheError} as a rejection: `CACHE_OPTION_INVALID` naming a wrong option, table or column.
 */
export async function publicationMigration(
  client: Asked,
  options: PublicationMigrationOptions = {},
): Promise<string> {
  if (options.drop === true) return dropPublicationSql(options.slot, options)
  const catalogue = await catalogueOf(client)
  const { rows } = await client.query(IDENTITIES)
  const identities = new Map(
    rows.map((row) => [tableName(String(row.schema), String(row.table)), row]),
  )
  const tables = selectTables(catalogue, options).flatMap((table) => {
    const found = identities.get(tableName(table.schema, table.name))
    // Unlogged tables are in no log.
    if (found === undefined) return []
    return [{ ...table, identity: String(found.identity), hasPrimaryKey: found.keyed === true }]
  })
  const { rows: existing } = await client.query(
    'SELECT 1 FROM pg_catalog.pg_publication WHERE pubname = $1',
    [options.publication ?? 'keepfresh'],
  )
  return publicationSql(tables, existing.length > 0, options)
}

async function catalogueOf(client: Asked): Promise<Catalogue> {
  const { rows } = await client.query(CATALOGUE_SQL.postgres)
  return readCatalogue('postgres', rows as unknown as CatalogueRow[])
}
