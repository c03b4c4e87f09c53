/** `keepfresh postgres …`: what a database needs to tell of writes, as SQL to read, keep with the other migrations and run. */
import { parseArgs } from 'node:util'
import {
  CATALOGUE_SQL,
  readCatalogue,
  tableName,
  type Catalogue,
  type CatalogueRow,
} from '../../src/query/sql/index.js'
import { endClient, newClient, type PgClient } from './client.js'
import { dropPublicationSql, publicationSql } from './publication.js'
import { selectTables, type TableSelection } from './tables.js'
import { dropTriggersSql, triggersSql } from './triggers.js'

export const POSTGRES_USAGE = `keepfresh postgres triggers|publication [options]

  Prints SQL that makes PostgreSQL tell of every write to the tables, whoever writes. The database is read for its tables and
  keys and not changed, unless --apply says so.

  triggers              statement triggers that NOTIFY, for listenForChanges
  publication           a publication for logical replication, for replicateChanges

  --url URL             the database. Default: DATABASE_URL, else the PG* variables as psql reads them
  --tables a,shop.b     these tables. Default: all of the schemas
  --schema a,b          the schemas whose tables are meant. Default: public
  --partitions t.c,t.d  columns declared as \`partitions\` of the queries, told with the keys
  --drop                takes it away again: the triggers of the tables given, or of all; the publication
  --apply               runs the SQL, in one transaction, besides printing it

  triggers:
  --max-rows n          the most rows of one statement told one by one. Default: 100
  --channel name        the channel that is notified. Default: keepfresh
  --functions name      the schema the functions are made in. Default: keepfresh

  publication:
  --publication name    its name. Default: keepfresh
  --slot name           with --drop: the permanent replication slot to drop with it
`

const OPTIONS = {
  url: { type: 'string' },
  tables: { type: 'string' },
  schema: { type: 'string' },
  partitions: { type: 'string' },
  'max-rows': { type: 'string' },
  channel: { type: 'string' },
  functions: { type: 'string' },
  publication: { type: 'string' },
  slot: { type: 'string' },
  drop: { type: 'boolean' },
  apply: { type: 'boolean' },
} as const

const COMMANDS: Readonly<
  Record<string, (client: PgClient, values: Values) => string | Promise<string>>
> = { triggers: triggersOf, publication: publicationOf }

/** Runs `keepfresh postgres …` and returns what it prints. @throws what is wrong with the arguments, or the database. */
export async function postgresCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const [what, ...rest] = args
  if (what === undefined || what === 'help' || what === '--help') return POSTGRES_USAGE
  const command = Object.hasOwn(COMMANDS, what) ? COMMANDS[what] : undefined
  if (command === undefined)
    throw new Error(
      `keepfresh postgres knows ${Object.keys(COMMANDS).join(' and ')}, not "${what}"`,
    )
  const { values } = parseArgs({ args: [...rest], options: OPTIONS, strict: true })
  const client = await newClient(connectionOf(values.url, environment))
  client.on('error', () => {})
  try {
    await client.connect()
    const sql = await command(client, values)
    if (values.apply) await client.query(`BEGIN;\n${sql}\nCOMMIT;`)
    return sql
  } finally {
    await endClient(client, 1_000)
  }
}

/** Without a URL `pg` reads the PG* variables by itself. */
function connectionOf(
  url: string | undefined,
  { DATABASE_URL }: Readonly<Record<string, string | undefined>>,
): string | object {
  return url ?? DATABASE_URL ?? {}
}

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values']

async function triggersOf(client: PgClient, values: Values): Promise<string> {
  const options = {
    channel: values.channel,
    functions: values.functions,
    maxRows: values['max-rows'] === undefined ? undefined : Number(values['max-rows']),
  }
  if (values.drop && values.tables === undefined && values.schema === undefined)
    return dropTriggersSql(undefined, options)
  const tables = selectTables(await catalogueOf(client), selectionOf(values))
  return values.drop ? dropTriggersSql(tables, options) : triggersSql(tables, options)
}

const IDENTITIES = `SELECT n.nspname AS schema, c.relname AS table, c.relreplident AS identity,
    EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS keyed
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p'`

async function publicationOf(client: PgClient, values: Values): Promise<string> {
  const options = { publication: values.publication }
  if (values.drop) return dropPublicationSql(values.slot, options)
  const catalogue = await catalogueOf(client)
  const { rows } = await client.query(IDENTITIES)
  const identities = new Map(
    rows.map((row) => [tableName(String(row.schema), String(row.table)), row]),
  )
  const tables = selectTables(catalogue, selectionOf(values)).flatMap((table) => {
    const found = identities.get(tableName(table.schema, table.name))
    // Unlogged tables are in no log.
    if (found === undefined) return []
    return [{ ...table, identity: String(found.identity), hasPrimaryKey: found.keyed === true }]
  })
  const { rows: existing } = await client.query(
    'SELECT 1 FROM pg_catalog.pg_publication WHERE pubname = $1',
    [values.publication ?? 'keepfresh'],
  )
  return publicationSql(tables, existing.length > 0, options)
}

function selectionOf(values: Values): TableSelection {
  return {
    tables: list(values.tables),
    schemas: list(values.schema),
    partitions: partitionsOf(list(values.partitions) ?? []),
  }
}

async function catalogueOf(client: PgClient): Promise<Catalogue> {
  const { rows } = await client.query(CATALOGUE_SQL.postgres)
  return readCatalogue('postgres', rows as unknown as CatalogueRow[])
}

function list(text: string | undefined): string[] | undefined {
  return text?.split(',').map((part) => part.trim())
}

/** `orders.org_id`, `shop.orders.org_id`: the last part is the column. */
function partitionsOf(paths: readonly string[]): Record<string, string[]> {
  const partitions: Record<string, string[]> = {}
  for (const path of paths) {
    const dot = path.lastIndexOf('.')
    if (dot < 1) throw new Error(`--partitions takes table.column, not "${path}"`)
    ;(partitions[path.slice(0, dot)] ??= []).push(path.slice(dot + 1))
  }
  return partitions
}
