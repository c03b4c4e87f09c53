import { tableName } from '../../src/query/index.js'
import type { RelationMessage, TableKeys } from './gather.js'
import type { ReplicateSettings } from './replicate-options.js'

type Ask = (
  text: string,
  values?: string[],
) => Promise<{ readonly rows: readonly Record<string, unknown>[] }>

/** What replication has to know of a database besides its messages. */
export interface Described {
  /** Tables of the schemas that are not published, or never in the log, by `tableName`. */
  readonly unwatched: readonly string[]
  keysOf(relation: RelationMessage): TableKeys
  /** The server describes a table, as it does before its first change and when it is another than before. */
  relation(relation: RelationMessage): void
}

const KEYS = `SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name,
    (SELECT json_agg(a.attname ORDER BY u.n) FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS u(num, n)
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.num) AS key
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE i.indisprimary AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`

// A partition is published with the table above it; an unlogged table is in no log.
const UNPUBLISHED = `SELECT n.nspname AS schema, c.relname AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname = ANY (string_to_array($1, E'\\x1f'))
    AND (c.relpersistence = 'u' OR NOT EXISTS (SELECT 1 FROM pg_catalog.pg_publication_tables t
      JOIN pg_catalog.pg_namespace tn ON tn.nspname = t.schemaname
      JOIN pg_catalog.pg_class tc ON tc.relnamespace = tn.oid AND tc.relname = t.tablename
      WHERE t.pubname = $2 AND (tc.oid = c.oid
        OR tc.oid IN (SELECT a.relid FROM pg_catalog.pg_partition_ancestors(c.oid) AS a))))
  ORDER BY 1, 2`

/**
 * @param onRedefined A table is another than before. @param onError The description could not be read.
 * @throws {Error} when the publication does not exist: the stream would say so at the first write only.
 */
export async function describeDatabase(
  ask: Ask,
  settings: ReplicateSettings,
  onRedefined: (table: string) => void,
  onError: (error: unknown) => void,
): Promise<Described> {
  const { publication, schemas, partitions } = settings
  const { rows: found } = await ask('SELECT 1 FROM pg_catalog.pg_publication WHERE pubname = $1', [
    publication,
  ])
  if (found.length === 0)
    throw new Error(
      `there is no publication ${publication}: see "npx keepfresh postgres publication"`,
    )
  const keys = new Map<string, readonly string[]>()
  async function loadKeys(): Promise<void> {
    for (const row of (await ask(KEYS)).rows)
      keys.set(tableName(String(row.schema), String(row.name)), row.key as readonly string[])
  }
  await loadKeys()
  const { rows } = await ask(UNPUBLISHED, [schemas.join('\x1f'), publication])
  const known = new Map<number, { readonly table: string; readonly shape: string }>()
  return {
    unwatched: rows.map(({ schema, name }) => tableName(String(schema), String(name))),
    keysOf({ relationOid, name }) {
      const table = known.get(relationOid)?.table ?? ''
      return {
        // Where they are no longer those of the primary key, whoever is told of the rows finds out.
        key: keys.get(table) ?? [],
        partitions: partitions[table] ?? partitions[name] ?? [],
      }
    },
    relation(message) {
      const { relationOid, schema, name, keyColumns, columns } = message
      const table = tableName(schema, name)
      const shape = JSON.stringify([table, keyColumns, columns.map((c) => [c.name, c.typeOid])])
      const before = known.get(relationOid)
      known.set(relationOid, { table, shape })
      // The server repeats itself, after ANALYZE for instance: only another description is news.
      if (before !== undefined && before.shape !== shape) onRedefined(table)
      if (before?.shape !== shape && (before !== undefined || !keys.has(table)))
        loadKeys().catch(onError)
    },
  }
}
