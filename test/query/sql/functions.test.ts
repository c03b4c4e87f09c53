import { DatabaseSync } from 'node:sqlite'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { expect, test } from 'vitest'
import { MYSQL_FUNCTIONS } from '../../../src/query/sql/functions/mysql.js'
import { POSTGRES_FUNCTIONS } from '../../../src/query/sql/functions/postgres.js'
import { SQLITE_FUNCTIONS } from '../../../src/query/sql/functions/sqlite.js'
import { POSTGRES_OPERATORS } from '../../../src/query/sql/operators.js'
import { typeKind } from '../../../src/query/sql/types-of-values.js'
import { startMariadb } from '../../support/servers/mariadb.js'
import { startPostgres } from '../../support/servers/postgres.js'

const pure = (functions: ReadonlyMap<string, unknown>): string[] =>
  [...functions].filter(([, kind]) => kind === 'pure').map(([name]) => name)

/**
 * STABLE, though their arguments decide what they answer: they turn values into text as the session would show them anyway, or look
 * at the definition of a type.
 */
const STABLE_AND_PURE =
  `array_to_json array_to_string concat concat_ws convert convert_from convert_to enum_first enum_last enum_range
  format json_agg json_build_array json_build_object json_object_agg jsonb_agg jsonb_build_array jsonb_build_object
  length numeric pg_typeof quote_literal quote_nullable row_to_json to_json to_jsonb`
    .trim()
    .split(/\s+/)

test('PostgreSQL calls every function we call pure IMMUTABLE', async () => {
  await using server = await startPostgres()
  const rows = await server.query(
    `SELECT proname AS name, bool_and(provolatile = 'i') AS immutable FROM pg_proc
     WHERE pronamespace = 'pg_catalog'::regnamespace GROUP BY 1`,
  )
  const immutable = new Map(rows.map((row) => [String(row['name']), row['immutable'] === true]))
  const doubtful = pure(POSTGRES_FUNCTIONS).filter((name) => immutable.get(name) === false)
  expect(doubtful.toSorted()).toEqual(STABLE_AND_PURE)
  const operators = await server.query(
    `SELECT DISTINCT oprname AS name FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace`,
  )
  const known = new Set(operators.map((row) => String(row['name'])))
  expect([...POSTGRES_OPERATORS].filter((name) => !known.has(name) && name !== '!=')).toEqual(
    ['!!'].filter((n) => !known.has(n)),
  )
  const types = await server.query(
    `SELECT typname AS name FROM pg_type t JOIN pg_proc p ON p.oid = t.typinput
     WHERE typnamespace = 'pg_catalog'::regnamespace AND provolatile <> 'i'`,
  )
  const stable = types.map((row) => String(row['name'])).filter((name) => typeKind(name) === 'pure')
  expect(stable.filter((name) => !PURE_INPUT.includes(name))).toEqual([])
})

/** Types whose input is STABLE for a format it may meet or for the type inside, which is pure here. */
const PURE_INPUT =
  `interval json record tsvector xml int4range int8range numrange int4multirange int8multirange nummultirange`.split(
    ' ',
  )

test('SQLite has no function on our list under another meaning', () => {
  const database = new DatabaseSync(':memory:')
  const rows = database
    .prepare(
      'SELECT name, min(flags & 0x800) AS deterministic FROM pragma_function_list WHERE builtin GROUP BY 1',
    )
    .all()
  database.close()
  const random = rows.filter((row) => row['deterministic'] === 0).map((row) => String(row['name']))
  // Aggregates and windows are not called deterministic, nor are the full text functions.
  const known = pure(SQLITE_FUNCTIONS)
  const window =
    `avg count group_concat string_agg sum total median percentile percentile_cont percentile_disc min max
    row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value json_group_array
    jsonb_group_array json_group_object jsonb_group_object bm25 highlight snippet offsets matchinfo match`
      .trim()
      .split(/\s+/)
  expect(random.filter((name) => known.includes(name) && !window.includes(name))).toEqual([])
})

test('MariaDB knows no function of ours as a stored one', async () => {
  await using server = await startMariadb()
  const connection = await createConnection({ uri: server.url })
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT LOWER(FUNCTION) AS name FROM information_schema.SQL_FUNCTIONS',
  )
  await connection.end()
  const native = rows.map((row) => String(row['name']))
  const impure =
    `benchmark connection_id current_user curdate curtime database found_rows get_lock is_free_lock is_used_lock
    last_insert_id load_file lastval localtime localtimestamp master_pos_wait nextval now random_bytes rand release_all_locks
    release_lock row_count schema session_user setval sleep sys_guid sysdate system_user user utc_date utc_time utc_timestamp uuid
    uuid_short version`
      .trim()
      .split(/\s+/)
  const known = pure(MYSQL_FUNCTIONS)
  expect(impure.filter((name) => known.includes(name))).toEqual([])
  // What the server calls native and we know nothing of is refused; it should be little.
  const unknown = native.filter((name) => !MYSQL_FUNCTIONS.has(name) && !name.startsWith('st_'))
  expect(unknown.length).toBeLessThan(150)
})
