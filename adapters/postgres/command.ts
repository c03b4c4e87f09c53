/** `keepfresh postgres …`: what a database needs to tell of writes, as SQL to read, keep with the other migrations and run. */
import { parseArgs } from 'node:util'
import { endClient, newClient, type PgClient } from './client.js'
import { publicationMigration, triggerMigration } from './migration.js'
import type { TableSelection } from './tables.js'

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
  --help                prints this

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
  help: { type: 'boolean', short: 'h' },
} as const

/** Runs `keepfresh postgres …` and returns what it prints. @throws what is wrong with the arguments, or the database. */
export async function postgresCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const [what, ...rest] = args
  if (what === undefined || ['help', '--help', '-h'].includes(what)) return POSTGRES_USAGE
  const command = Object.hasOwn(COMMANDS, what) ? COMMANDS[what] : undefined
  if (command === undefined)
    throw new Error(
      `keepfresh postgres knows ${Object.keys(COMMANDS).join(' and ')}, not "${what}"`,
    )
  const { values } = parseArgs({ args: [...rest], options: OPTIONS, strict: true })
  if (values.help) return POSTGRES_USAGE
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

const COMMANDS: Readonly<Record<string, (client: PgClient, values: Values) => Promise<string>>> = {
  triggers: (client, values) =>
    triggerMigration(client, {
      ...selectionOf(values),
      channel: values.channel,
      functions: values.functions,
      maxRows: values['max-rows'] === undefined ? undefined : Number(values['max-rows']),
      drop: values.drop,
    }),
  publication: (client, values) =>
    publicationMigration(client, {
      ...selectionOf(values),
      publication: values.publication,
      drop: values.drop,
      slot: values.slot,
    }),
}

function selectionOf(values: Values): TableSelection {
  return {
    tables: list(values.tables),
    schemas: list(values.schema),
    partitions: partitionsOf(list(values.partitions) ?? []),
  }
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
