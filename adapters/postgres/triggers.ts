/**
 * The migration that makes PostgreSQL tell of every write, whoever writes: statement triggers that send one notification each.
 *
 * A trigger per operation, since only a trigger of one operation may have transition tables ("CREATE TRIGGER", REFERENCING), and a
 * function per table whose text says what is told. Nothing in it is put together at run time: whoever reads the migration has
 * read all that will run, and the reader of SQL in keepfresh/query can tell that a write does nothing else.
 */
import { createHash } from 'node:crypto'
import { invalidOption } from '../../src/base/errors.js'
import { tableName } from '../../src/query/sql/index.js'
import { dollarQuoted, identifier, inComment, literal } from './quote.js'
import type { WatchedTable } from './tables.js'

export interface TriggerOptions {
  /** The channel that is notified, at most 63 bytes. Default: `'keepfresh'`. */
  readonly channel?: string | undefined
  /** The schema that the functions are made in. Default: `'keepfresh'`. */
  readonly functions?: string | undefined
  /** The most rows of one statement that are told one by one; beyond them the notification says "any row". Default: 100. */
  readonly maxRows?: number | undefined
}

interface Resolved {
  readonly channel: string
  readonly functions: string
  readonly maxRows: number
}

const OPERATIONS = ['insert', 'update', 'delete', 'truncate'] as const
type Operation = (typeof OPERATIONS)[number]

/** pg_notify refuses 8000 bytes and more ("NOTIFY", payload). */
const LONGEST_PAYLOAD = 7999

/**
 * The statements that install the triggers on these tables, or bring them up to date: safe to run again. PostgreSQL 14 and later.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for a wrong option.
 */
export function triggersSql(tables: readonly WatchedTable[], options: TriggerOptions = {}): string {
  const resolved = resolve(options)
  return [
    '-- Tells keepfresh of every statement that writes these tables: one NOTIFY per statement, sent when its transaction commits.',
    `CREATE SCHEMA IF NOT EXISTS ${identifier(resolved.functions)};`,
    ...tables.map((table) =>
      [functionSql(table, resolved), ...createSql(table, resolved)].join('\n'),
    ),
    '',
  ].join('\n\n')
}

/** The statements that take the triggers away again: from these tables, or with `undefined` from all that have them. */
export function dropTriggersSql(
  tables: readonly WatchedTable[] | undefined,
  options: TriggerOptions = {},
): string {
  const { functions } = resolve(options)
  if (tables === undefined)
    return `-- The functions, and with them every trigger that calls one.\nDROP SCHEMA IF EXISTS ${identifier(functions)} CASCADE;\n`
  const statements = tables.map((table) =>
    [
      ...OPERATIONS.map(
        (operation) =>
          `DROP TRIGGER IF EXISTS ${identifier(triggerName(operation))} ON ${identifier(table.schema, table.name)};`,
      ),
      `DROP FUNCTION IF EXISTS ${functionName(table, functions)}();`,
    ].join('\n'),
  )
  return `${statements.join('\n\n')}\n`
}

function resolve(options: TriggerOptions): Resolved {
  const { channel = 'keepfresh', functions = 'keepfresh', maxRows = 100 } = options
  for (const [option, name] of Object.entries({ channel, functions })) {
    const bytes = typeof name === 'string' ? Buffer.byteLength(name) : 0
    if (bytes < 1 || bytes > 63 || name.includes('\0'))
      throw invalidOption(option, 'a name of 1 to 63 bytes', name)
  }
  if (!Number.isInteger(maxRows) || maxRows < 0 || maxRows > 10_000)
    throw invalidOption('maxRows', 'a whole number from 0 to 10,000', maxRows)
  return { channel, functions, maxRows }
}

/** @internal What the four triggers on a table are called. */
export function triggerName(operation: Operation): string {
  return `keepfresh_${operation}`
}

/** Called after its table; PostgreSQL would cut a longer name at 63 bytes, and two tables might share what is left. */
function functionName(table: WatchedTable, schema: string): string {
  const name = tableName(table.schema, table.name)
  if (Buffer.byteLength(name) <= 63) return identifier(schema, name)
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 16)
  // A letter that is cut in two is not shown.
  const start = Buffer.from(name).subarray(0, 46).toString().replaceAll('\ufffd', '')
  return identifier(schema, `${start}_${digest}`)
}

function createSql(table: WatchedTable, { functions }: Resolved): string[] {
  const transition: Readonly<Record<Operation, string>> = {
    insert: ' REFERENCING NEW TABLE AS new_rows',
    update: ' REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows',
    delete: ' REFERENCING OLD TABLE AS old_rows',
    truncate: '',
  }
  return OPERATIONS.map(
    (operation) =>
      `CREATE OR REPLACE TRIGGER ${identifier(triggerName(operation))} AFTER ${operation.toUpperCase()} ON ${identifier(table.schema, table.name)}${transition[operation]}\n  FOR EACH STATEMENT EXECUTE FUNCTION ${functionName(table, functions)}();`,
  )
}

function functionSql(table: WatchedTable, options: Resolved): string {
  return `-- ${inComment(tableName(table.schema, table.name))}: tells ${saysWhat(table, options)}.
CREATE OR REPLACE FUNCTION ${functionName(table, options.functions)}() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS ${dollarQuoted(bodySql(table, options))};`
}

function saysWhat(table: WatchedTable, { maxRows }: Resolved): string {
  const columns = toldColumns(table, maxRows)
  if (columns.length === 0) return 'that it was written'
  return `${columns.map(inComment).join(', ')} of up to ${maxRows} rows, else that it was written`
}

function toldColumns(table: WatchedTable, maxRows: number): string[] {
  return maxRows === 0 ? [] : [...new Set([...table.key, ...table.partitions])]
}

/**
 * `told` is null when any row may be meant. Reading one row more than is told of each version is enough to know that there are too
 * many, so that a statement that writes a million rows costs no more than one that writes a hundred.
 *
 * A write must never fail because of its trigger: where the columns are no longer those of the migration, any row is meant.
 */
function bodySql(table: WatchedTable, { channel, maxRows }: Resolved): string {
  const columns = toldColumns(table, maxRows)
  const some = columns.length > 0
  const of = (rows: string): string => columns.map((c) => `${rows}.${identifier(c)}`).join(', ')
  const version = (rows: string): string =>
    `(SELECT ${of(rows) || '1'} FROM ${rows} LIMIT ${some ? maxRows + 1 : 1})`
  const row = `json_build_array(${columns.map((c) => `versions.${identifier(c)}::text`).join(', ')})::text`
  const count = (from: string, bound: number): string =>
    some
      ? `SELECT count(*), CASE WHEN count(*) <= ${bound} THEN '[' || string_agg(DISTINCT ${row}, ',') || ']' END
          INTO touched, told FROM ${from} AS versions;`
      : `SELECT count(*) INTO touched FROM ${from} AS versions;`
  // Its name is that of now: a table that was renamed has kept its triggers.
  const message = (end: string): string => `start || ${literal(end)}`
  const detailed = `  payload := ${message(`,"key":${table.key.length},"columns":${JSON.stringify(columns)},"rows":`)} || told || '}';\n`
  return `DECLARE
  touched bigint := 0;
  told text;
  payload text;
  start text := '{"v":1,"schema":' || to_json(TG_TABLE_SCHEMA) || ',"table":' || to_json(TG_TABLE_NAME) || ',"operation":"' || TG_OP || '"';
BEGIN
  IF TG_OP <> 'TRUNCATE' THEN
    BEGIN
      IF TG_OP = 'INSERT' THEN
        ${count(version('new_rows'), maxRows)}
      ELSIF TG_OP = 'DELETE' THEN
        ${count(version('old_rows'), maxRows)}
      ELSE
        ${count(`(${version('old_rows')} UNION ALL ${version('new_rows')})`, 2 * maxRows)}
      END IF;
      IF touched = 0 THEN RETURN NULL; END IF;
    EXCEPTION WHEN OTHERS THEN
      told := NULL;
    END;
  END IF;
${some ? detailed : ''}  IF payload IS NULL OR octet_length(payload) > ${LONGEST_PAYLOAD} THEN
    payload := ${message('}')};
  END IF;
  PERFORM pg_notify(${literal(channel)}, payload);
  RETURN NULL;
END`
}
