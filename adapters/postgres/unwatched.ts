import { tableName } from '../../src/query/sql/index.js'

type Ask = (
  text: string,
  values?: string[],
) => Promise<{ readonly rows: readonly Record<string, unknown>[] }>

// A trigger that is enabled for replicas only (`R`), or not at all (`D`), does not see what applications write.
const UNWATCHED = `SELECT n.nspname AS schema, c.relname AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname = ANY (string_to_array($1, E'\\x1f'))
    AND 4 > (SELECT count(*) FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND g.tgenabled IN ('O', 'A')
      AND g.tgname IN ('keepfresh_insert', 'keepfresh_update', 'keepfresh_delete', 'keepfresh_truncate'))
  ORDER BY 1, 2`

/** The tables of these schemas, by `tableName`, that the migration of triggers has not reached. */
export async function unwatchedTables(ask: Ask, schemas: readonly string[]): Promise<string[]> {
  const { rows } = await ask(UNWATCHED, [schemas.join('\x1f')])
  return rows.map(({ schema, name }) => tableName(String(schema), String(name)))
}
