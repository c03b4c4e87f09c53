/** What logical replication needs in the database: a publication of the tables, each with a replica identity. */
import { invalidOption } from '../../src/base/errors.js'
import { tableName } from '../../src/query/sql/index.js'
import { identifier, inComment, literal } from './quote.js'
import type { WatchedTable } from './tables.js'

export interface PublicationOptions {
  /** The name of the publication, at most 63 bytes. Default: `'keepfresh'`. */
  readonly publication?: string | undefined
}

/** A table that may be published, with what its replica identity is now (`pg_class.relreplident`). */
export interface PublishedTable extends WatchedTable {
  /** `d` the primary key, `n` nothing, `f` the whole row, `i` an index. */
  readonly identity: string
  readonly hasPrimaryKey: boolean
}

/**
 * The statements that make or change the publication. They are to be run in one transaction.
 *
 * PostgreSQL refuses UPDATE and DELETE of a published table that has no replica identity, so one without a primary key gets the
 * whole row for its identity; so does one with declared partition columns, whose old values would not be told otherwise.
 *
 * @param exists The publication is there already.
 */
export function publicationSql(
  tables: readonly PublishedTable[],
  exists: boolean,
  options: PublicationOptions = {},
): string {
  const name = identifier(resolvePublication(options))
  const list = tables.map((table) => identifier(table.schema, table.name)).join(',\n  ')
  const how = "publish = 'insert, update, delete, truncate', publish_via_partition_root = true"
  const identities = tables.filter(needsWholeRow).map(
    (table) =>
      `-- ${inComment(tableName(table.schema, table.name))}: ${table.hasPrimaryKey ? 'the old values of its partition columns are told, at the price of more log' : 'without a primary key, or this, UPDATE and DELETE would be refused'}.
ALTER TABLE ${identifier(table.schema, table.name)} REPLICA IDENTITY FULL;`,
  )
  const change = exists
    ? [`ALTER PUBLICATION ${name} SET TABLE\n  ${list};`, `ALTER PUBLICATION ${name} SET (${how});`]
    : [`CREATE PUBLICATION ${name} FOR TABLE\n  ${list}\n  WITH (${how});`]
  const head =
    '-- Publishes the writes to these tables for keepfresh. The server runs with wal_level = logical.'
  return `${[head, ...identities, ...change].join('\n\n')}\n`
}

/** Takes the publication away, and the slot of that name if there is one; replica identities stay as they are. */
export function dropPublicationSql(
  slot: string | undefined,
  options: PublicationOptions = {},
): string {
  const drop = `DROP PUBLICATION IF EXISTS ${identifier(resolvePublication(options))};\n`
  if (slot === undefined) return drop
  return `${drop}SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ${literal(slot)};\n`
}

function needsWholeRow({ identity, hasPrimaryKey, partitions }: PublishedTable): boolean {
  if (identity === 'f') return false
  const none = identity === 'n' || (identity === 'd' && !hasPrimaryKey)
  return none || partitions.length > 0
}

function resolvePublication({ publication = 'keepfresh' }: PublicationOptions): string {
  const bytes = typeof publication === 'string' ? Buffer.byteLength(publication) : 0
  if (bytes < 1 || bytes > 63 || publication.includes('\0'))
    throw invalidOption('publication', 'a name of 1 to 63 bytes', publication)
  return publication
}
