import type { Dialect } from '../types.js'

/**
 * One statement per dialect that tells everything a {@link Catalogue} is made of, as rows `{ part, data }` with JSON in `data`.
 * It reads catalogues only, locks nothing and needs no privilege beyond seeing the objects; what a role may not see is missing and
 * makes its names unknown.
 *
 * PostgreSQL 14 and later; MariaDB 10.6 and later, MySQL 8; SQLite 3.38 and later. SQLite's says nothing of attached files: it is run
 * for each with its name in place of `main`, see `sqliteCatalogueSql`.
 */
export const CATALOGUE_SQL: Readonly<Record<Dialect, string>> = {
  postgres: postgresSql(),
  mysql: mysqlSql(),
  sqlite: sqliteCatalogueSql('main'),
}

/** Where bare names are looked for by the connection that is asked, as `path` with a JSON list. */
export const SEARCH_PATH_SQL = {
  postgres: 'SELECT pg_catalog.array_to_json(pg_catalog.current_schemas(false))::text AS path',
  mysql: 'SELECT JSON_ARRAY(DATABASE()) AS path',
} as const

function postgresSql(): string {
  const own = `n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%'`
  const names = (keys: string, relation: string): string =>
    `(SELECT coalesce(json_agg(a.attname ORDER BY u.n), '[]') FROM unnest(${keys}) WITH ORDINALITY AS u(num, n)
      JOIN pg_catalog.pg_attribute a ON a.attrelid = ${relation} AND a.attnum = u.num)`
  const depends = (owner: string, refclass: string): string =>
    `(SELECT coalesce(json_agg(DISTINCT d.refobjid::text), '[]') FROM pg_catalog.pg_depend d
      WHERE d.refclassid = '${refclass}'::regclass AND (d.classid, d.objid) IN (${owner}) AND d.refobjid <> c.oid)`
  const extension = (routine: string): string =>
    `(SELECT e.extname FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
      WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = ${routine} AND d.deptype = 'e' LIMIT 1)`
  const owners = `SELECT 'pg_catalog.pg_rewrite'::regclass::oid, r.oid FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid
      UNION ALL SELECT 'pg_catalog.pg_policy'::regclass, p.oid FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid
      UNION ALL SELECT 'pg_catalog.pg_attrdef'::regclass, f.oid FROM pg_catalog.pg_attrdef f WHERE f.adrelid = c.oid
      UNION ALL SELECT 'pg_catalog.pg_constraint'::regclass, k.oid FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'`
  // The owner of a rule, a policy and a check is enough: what they speak of depends on it, whatever its name is in whose path.
  return `SELECT 'relation' AS part, json_build_object('oid', c.oid::text, 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
    'rls', c.relrowsecurity,
    'policies', CASE WHEN c.relrowsecurity THEN (SELECT json_agg(pg_catalog.pg_get_expr(p.polqual, p.polrelid) ORDER BY p.polname)
      FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid AND p.polqual IS NOT NULL) END,
    'rules', EXISTS (SELECT 1 FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN'),
    'definition', CASE WHEN c.relkind = 'v' THEN pg_catalog.pg_get_viewdef(c.oid) END,
    'parents', (SELECT coalesce(json_agg(i.inhparent::text), '[]') FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid),
    'columns', (SELECT coalesce(json_agg(json_build_array(a.attname, coalesce(b.typname, t.typname), coalesce(b.typtype, t.typtype),
        coalesce(l.collisdeterministic, true), a.attgenerated <> '', a.atttypmod, a.attidentity <> '')
        ORDER BY a.attnum), '[]')
      FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_catalog.pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
      LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    'key', (SELECT ${names('i.indkey::int2[]', 'c.oid')} FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary),
    'behind', ${depends(owners, 'pg_catalog.pg_class')}, 'calls', ${depends(owners, 'pg_catalog.pg_proc')}) AS data
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${own}
  UNION ALL
  SELECT 'reference', json_build_object('from', k.conrelid::text, 'to', k.confrelid::text, 'onDelete', k.confdeltype,
    'onUpdate', k.confupdtype, 'columns', ${names('k.confkey', 'k.confrelid')})
  FROM pg_catalog.pg_constraint k WHERE k.contype = 'f'
  UNION ALL
  SELECT 'trigger', json_build_object('on', g.tgrelid::text, 'name', g.tgname, 'type', g.tgtype, 'routine', g.tgfoid::text)
  FROM pg_catalog.pg_trigger g WHERE NOT g.tgisinternal AND g.tgenabled <> 'D'
  UNION ALL
  SELECT 'routine', json_build_object('oid', p.oid::text, 'schema', n.nspname, 'name', p.proname, 'language', l.lanname,
    'volatility', p.provolatile, 'kind', p.prokind, 'config', p.proconfig,
    'body', CASE WHEN l.lanname IN ('sql', 'plpgsql') THEN coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc) END,
    'extension', ${extension('p.oid')},
    'ofRow', p.pronargs = 1 AND EXISTS (SELECT 1 FROM pg_catalog.pg_type t WHERE t.oid = p.proargtypes[0]
      AND (t.typrelid <> 0 OR t.typtype = 'p')))
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang WHERE ${own}
  UNION ALL
  SELECT 'operator', json_build_object('name', o.oprname, 'volatility', p.provolatile,
    'extension', ${extension('o.oprcode')})
  FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
  LEFT JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode WHERE ${own}
  UNION ALL
  SELECT 'type', json_build_object('schema', n.nspname, 'name', t.typname, 'kind', t.typtype,
    'base', (SELECT b.typname FROM pg_catalog.pg_type b WHERE b.oid = t.typbasetype AND b.typnamespace = 'pg_catalog'::regnamespace),
    'checked', EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid))
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype IN ('e', 'd') AND ${own}`
}

function mysqlSql(): string {
  const own = (column: string): string =>
    `${column} NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')`
  // JSON_ARRAYAGG would be cut at group_concat_max_len in MariaDB, so columns come as rows of their own.
  return `SELECT 'relation' AS part, JSON_OBJECT('schema', TABLE_SCHEMA, 'name', TABLE_NAME, 'kind', TABLE_TYPE, 'engine', ENGINE) AS data
  FROM information_schema.TABLES WHERE ${own('TABLE_SCHEMA')}
  UNION ALL
  SELECT 'view', JSON_OBJECT('schema', TABLE_SCHEMA, 'name', TABLE_NAME, 'definition', VIEW_DEFINITION)
  FROM information_schema.VIEWS WHERE ${own('TABLE_SCHEMA')}
  UNION ALL
  SELECT 'column', JSON_OBJECT('schema', TABLE_SCHEMA, 'table', TABLE_NAME, 'name', COLUMN_NAME, 'position', ORDINAL_POSITION,
    'type', DATA_TYPE, 'full', COLUMN_TYPE, 'collation', COLLATION_NAME, 'length', CHARACTER_MAXIMUM_LENGTH, 'key', COLUMN_KEY,
    'extra', EXTRA, 'default', COLUMN_DEFAULT)
  FROM information_schema.COLUMNS WHERE ${own('TABLE_SCHEMA')}
  UNION ALL
  SELECT 'key', JSON_OBJECT('schema', TABLE_SCHEMA, 'table', TABLE_NAME, 'name', COLUMN_NAME, 'position', ORDINAL_POSITION)
  FROM information_schema.KEY_COLUMN_USAGE WHERE CONSTRAINT_NAME = 'PRIMARY' AND ${own('TABLE_SCHEMA')}
  UNION ALL
  SELECT 'reference', JSON_OBJECT('schema', r.CONSTRAINT_SCHEMA, 'from', r.TABLE_NAME, 'to', r.REFERENCED_TABLE_NAME,
    'toSchema', r.UNIQUE_CONSTRAINT_SCHEMA, 'onDelete', r.DELETE_RULE, 'onUpdate', r.UPDATE_RULE, 'name', r.CONSTRAINT_NAME)
  FROM information_schema.REFERENTIAL_CONSTRAINTS r WHERE ${own('r.CONSTRAINT_SCHEMA')}
  UNION ALL
  SELECT 'referenced', JSON_OBJECT('schema', CONSTRAINT_SCHEMA, 'from', TABLE_NAME, 'name', CONSTRAINT_NAME, 'column', REFERENCED_COLUMN_NAME)
  FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_COLUMN_NAME IS NOT NULL AND ${own('CONSTRAINT_SCHEMA')}
  UNION ALL
  SELECT 'trigger', JSON_OBJECT('schema', EVENT_OBJECT_SCHEMA, 'on', EVENT_OBJECT_TABLE, 'name', TRIGGER_NAME,
    'event', EVENT_MANIPULATION, 'timing', ACTION_TIMING, 'body', ACTION_STATEMENT)
  FROM information_schema.TRIGGERS WHERE ${own('TRIGGER_SCHEMA')}
  UNION ALL
  SELECT 'routine', JSON_OBJECT('schema', ROUTINE_SCHEMA, 'name', ROUTINE_NAME, 'type', ROUTINE_TYPE, 'body', ROUTINE_DEFINITION,
    'access', SQL_DATA_ACCESS, 'deterministic', IS_DETERMINISTIC)
  FROM information_schema.ROUTINES WHERE ${own('ROUTINE_SCHEMA')}
  UNION ALL
  SELECT 'parameter', JSON_OBJECT('schema', SPECIFIC_SCHEMA, 'routine', SPECIFIC_NAME, 'type', ROUTINE_TYPE, 'name', PARAMETER_NAME)
  FROM information_schema.PARAMETERS WHERE PARAMETER_NAME IS NOT NULL AND ${own('SPECIFIC_SCHEMA')}`
}

/**
 * The statement for one file of SQLite: `main`, `temp` or the name of an attached one.
 *
 * Only tables are asked for their columns: asking a view whose table is gone, or a virtual table whose module is not there, is an error.
 * In newer releases (seen in 3.54) what a subquery gives is text to `json_object`, whatever made it; `json` makes it JSON again.
 */
export function sqliteCatalogueSql(schema: string): string {
  const text = `'${schema.replaceAll("'", "''")}'`
  const master = `"${schema.replaceAll('"', '""')}".sqlite_schema`
  return `SELECT 'relation' AS part, json_object('schema', ${text}, 'name', m.name, 'kind', l.type, 'sql', m.sql, 'type', m.type,
    'rowid', NOT l.wr, 'columns', json(CASE WHEN l.type IN ('table', 'shadow') THEN (SELECT json_group_array(
      json_array(x.name, x.type, x.pk, x.hidden)) FROM pragma_table_xinfo(m.name, ${text}) x) ELSE '[]' END),
    'references', json((SELECT json_group_array(json_object('to', f."table", 'onDelete', f.on_delete, 'onUpdate', f.on_update,
      'column', coalesce(f."to", ''))) FROM pragma_foreign_key_list(m.name, ${text}) f))) AS data
  FROM ${master} m JOIN pragma_table_list l ON l.schema = ${text} AND l.name = m.name
  WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
  UNION ALL
  SELECT 'trigger', json_object('schema', ${text}, 'on', m.tbl_name, 'name', m.name, 'sql', m.sql)
  FROM ${master} m WHERE m.type = 'trigger'
  UNION ALL
  SELECT DISTINCT 'routine', json_object('name', name, 'deterministic', flags & 0x800 <> 0) FROM pragma_function_list WHERE NOT builtin`
}
