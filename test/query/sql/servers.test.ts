import { DatabaseSync, constants } from 'node:sqlite'
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { analyze } from '../../../src/query/sql/analyze.js'
import { startMariadb, type MariadbServer } from '../../support/servers/mariadb.js'
import { startPostgres, type PostgresServer } from '../../support/servers/postgres.js'
import type { Case } from './corpus/case.js'
import { MYSQL } from './corpus/mysql.js'
import { POSTGRES } from './corpus/postgres.js'
import { MYSQL_SCHEMA, POSTGRES_SCHEMA, SQLITE_SCHEMA } from './corpus/schema.js'
import { SQLITE } from './corpus/sqlite.js'

/**
 * The expectations of the corpus are held against the servers: each statement is run, and the tables the server locked (or asked
 * permission for) are the ones expected, no more and no fewer, but for what stands behind the names.
 */

/** Tables a server touches because of another: foreign keys, views, partitions, sequences, what `touch` does. */
const BEHIND: Readonly<Record<string, readonly string[]>> = {
  authors: ['books', 'copies'],
  books: ['authors', 'copies', 'books_id_seq'],
  copies: ['books'],
  open_loans: ['loans', 'members'],
  visits: ['visits_old', 'visits_new'],
  log: ['log_id_seq'],
  members: ['members_id_seq'],
  pages: ['pages_data', 'pages_idx', 'pages_content', 'pages_docsize', 'pages_config'],
}

function withBehind(names: readonly string[]): string[] {
  const all = new Set(names)
  for (const name of all) for (const more of BEHIND[name] ?? []) all.add(more)
  return [...all]
}

const runnable = (cases: readonly Case[]): (readonly [string, Case])[] =>
  cases.filter((c) => c.notRun === undefined).map((c) => [c.sql, c] as const)

interface Touched {
  readonly read: readonly string[]
  readonly written: readonly string[]
}

/** Tables touched that were not expected, and expected ones that were not touched. */
function difference(c: Case, touched: Touched, plain: (name: string) => string): string[] {
  if (c.kind === 'ddl' || c.kind === 'session' || c.kind === 'lock') return []
  const [reads = [], writes = [], may = []] = [c.reads, c.writes, c.may].map((names) =>
    names?.map(plain),
  )
  const unseen = c.effects === 'unknown' ? ['log', 'log_id_seq', 'fines'] : []
  const allowed = [...withBehind([...reads, ...writes]), ...may, ...unseen]
  const changed = [...withBehind(writes), ...may, ...unseen]
  const seen = [...touched.read, ...touched.written]
  return [
    ...seen.filter((name) => !allowed.includes(name)).map((name) => `unexpected ${name}`),
    ...touched.written.filter((name) => !changed.includes(name)).map((name) => `written ${name}`),
    ...[...reads, ...writes]
      .filter((name) => !seen.includes(name) && !may.includes(name))
      .map((name) => `untouched ${name}`),
  ]
}

describe('PostgreSQL', () => {
  let server: PostgresServer
  let client: Client
  beforeAll(async () => {
    server = await startPostgres()
    client = new Client({ connectionString: server.url })
    await client.connect()
    await client.query(POSTGRES_SCHEMA)
  })
  afterAll(async () => {
    await client?.end()
    await server?.[Symbol.asyncDispose]()
  })

  const LOCKS = `SELECT c.oid::regclass::text AS name, bool_or(l.mode NOT IN ('AccessShareLock', 'RowShareLock')) AS written
    FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE l.pid = pg_backend_pid() AND l.granted AND n.nspname IN ('public', 'attic', 'pg_catalog') AND c.relkind NOT IN ('i', 'I')
      AND (n.nspname <> 'pg_catalog' OR c.relname = 'pg_class') GROUP BY 1`

  test.each(runnable(POSTGRES))('%s', async (_sql, c) => {
    await client.query('BEGIN')
    try {
      await client.query(c.params ? { text: c.sql, values: [...c.params] } : c.sql)
      const { rows } = await client.query<{ name: string; written: boolean }>(LOCKS)
      const plain = (name: string): string => name.replaceAll('"', '').replace(/^public\./, '')
      // Asking for the locks reads pg_class itself.
      const names = rows.filter((row) => row.name !== 'pg_class' || c.why === 'catalogue')
      const of = (written: boolean): string[] =>
        names.filter((row) => row.written === written).map((row) => plain(row.name))
      expect(difference(c, { read: of(false), written: of(true) }, plain)).toEqual([])
    } finally {
      await client.query('ROLLBACK')
    }
  })
})

describe('MariaDB', () => {
  let server: MariadbServer
  let connection: Connection
  beforeAll(async () => {
    server = await startMariadb({
      args: [
        '--performance-schema=ON',
        '--performance-schema-instrument=wait/lock/metadata/sql/mdl=ON',
      ],
    })
    connection = await createConnection({ uri: server.url, multipleStatements: true })
    for (const sql of MYSQL_SCHEMA) await connection.query(sql)
  })
  afterAll(async () => {
    await connection?.end()
    await server?.[Symbol.asyncDispose]()
  })

  const LOCKS = `SELECT OBJECT_SCHEMA s, OBJECT_NAME n, GROUP_CONCAT(LOCK_TYPE) t FROM performance_schema.metadata_locks
    WHERE OBJECT_TYPE = 'TABLE' AND OBJECT_SCHEMA IN ('test', 'attic') AND OWNER_THREAD_ID =
    (SELECT THREAD_ID FROM performance_schema.threads WHERE PROCESSLIST_ID = CONNECTION_ID()) GROUP BY 1, 2`

  test.each(runnable(MYSQL))('%s', async (_sql, c) => {
    await connection.query('START TRANSACTION')
    try {
      await connection.query(c.sql, [...(c.params ?? [])])
      const [rows] = await connection.query<RowDataPacket[]>(LOCKS)
      const locks = rows.map((row) => ({
        name: `${row['s']}.${row['n']}`,
        types: String(row['t']),
      }))
      const plain = (name: string): string => name.replace(/^test\./, '')
      const of = (written: boolean): string[] =>
        locks
          .filter((lock) => lock.types.includes('WRITE') === written)
          .map((lock) => plain(lock.name))
      expect(difference(c, { read: of(false), written: of(true) }, plain)).toEqual([])
    } finally {
      await connection.query('ROLLBACK')
    }
  })
})

describe('SQLite', () => {
  const database = new DatabaseSync(':memory:')
  database.exec(SQLITE_SCHEMA)
  afterAll(() => database.close())

  // The authorizer is also told the names of a WITH.
  const tables = new Set(
    database
      .prepare(
        "SELECT iif(schema = 'main', '', schema || '.') || name AS name FROM pragma_table_list",
      )
      .all()
      .map((row) => String(row['name'])),
  )

  const WRITES: readonly number[] = [
    constants.SQLITE_INSERT,
    constants.SQLITE_UPDATE,
    constants.SQLITE_DELETE,
  ]

  test.each(runnable(SQLITE))('%s', (_sql, c) => {
    const read = new Set<string>()
    const written = new Set<string>()
    database.exec('SAVEPOINT t')
    try {
      database.setAuthorizer((action, first, second, schema) => {
        const name = schema === 'main' || schema === null ? first : `${schema}.${first}`
        if (name !== null && !/(?:^|\.)sqlite_/.test(name)) {
          if (action === constants.SQLITE_READ && tables.has(name.toLowerCase()))
            read.add(name.toLowerCase())
          else if (WRITES.includes(action)) written.add(name.toLowerCase())
        }
        return constants.SQLITE_OK
      })
      const statement = database.prepare(c.sql)
      statement.all(...((c.params ?? []) as number[]))
    } finally {
      database.setAuthorizer(null)
      database.exec('ROLLBACK TO t; RELEASE t')
    }
    const plain = (name: string): string => name.replace(/^main\./, '')
    expect(difference(c, { read: [...read], written: [...written] }, plain)).toEqual([])
  })
})

test('what is not run on a server says why, and is still analysed', () => {
  const skipped = [...POSTGRES, ...MYSQL, ...SQLITE].filter((c) => c.notRun !== undefined)
  for (const c of skipped) expect(c.notRun).not.toBe('')
  expect(analyze('SELECT 1', 'postgres').cacheable).toBe(true)
})
