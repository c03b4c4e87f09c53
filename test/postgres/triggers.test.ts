import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { readPayload } from '../../adapters/postgres/payload.js'
import { selectTables, type TableSelection } from '../../adapters/postgres/tables.js'
import {
  dropTriggersSql,
  triggersSql,
  type TriggerOptions,
} from '../../adapters/postgres/triggers.js'
import {
  analyze,
  CATALOGUE_SQL,
  createResolver,
  readCatalogue,
  type Catalogue,
  type CatalogueRow,
} from '../../src/query/sql/index.js'
import { startPostgres, type PostgresServer } from '../support/servers/index.js'

const ODD = `o'd"d\\name$keepfresh$\n; DROP TABLE orders; --`

let server: PostgresServer
let client: Client
const heard: string[] = []

beforeAll(async () => {
  server = await startPostgres({ settings: { max_prepared_transactions: 5 } })
  client = new Client(server.url)
  await client.connect()
  client.on('notification', ({ payload }) => heard.push(payload ?? ''))
  await client.query('LISTEN keepfresh')
})
afterAll(async () => {
  await client?.end()
  await server?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await client.query('ROLLBACK')
  await client.query('RESET ALL; SET client_min_messages = warning')
  await client.query('DROP SCHEMA IF EXISTS keepfresh CASCADE; DROP SCHEMA public CASCADE')
  await client.query('CREATE SCHEMA public; GRANT ALL ON SCHEMA public TO public')
  heard.length = 0
})

async function catalogue(): Promise<Catalogue> {
  const { rows } = await client.query<CatalogueRow>(CATALOGUE_SQL.postgres)
  return readCatalogue('postgres', rows)
}

async function install(options: TriggerOptions & TableSelection = {}): Promise<string> {
  const sql = triggersSql(selectTables(await catalogue(), options), options)
  await client.query(sql)
  return sql
}

/** What is told of a statement, as `operation table row row`, or `any`; a round trip later everything has come. */
async function toldOf(sql: string): Promise<string[]> {
  heard.length = 0
  await client.query(sql)
  await client.query('SELECT 1')
  return heard.map((payload) => {
    expect(readPayload(payload)).toBeDefined()
    const { operation, table, rows } = JSON.parse(payload) as {
      operation: string
      table: string
      rows?: unknown[][]
    }
    return `${operation} ${table} ${rows?.map((row) => row.join('|')).join(' ') ?? 'any'}`
  })
}

const ORDERS = 'CREATE TABLE orders (id int PRIMARY KEY, org_id int, total int)'

test('tells the operation and the keys of each row, before and after', async () => {
  await client.query(ORDERS)
  await install()
  const told: [string, string][] = [
    ['INSERT INTO orders VALUES (1, 7, 0), (2, 8, 0)', 'INSERT orders 1 2'],
    ['UPDATE orders SET total = 1 WHERE id = 1', 'UPDATE orders 1'],
    ['UPDATE orders SET id = 5 WHERE id = 1', 'UPDATE orders 1 5'],
    ['DELETE FROM orders WHERE id = 5', 'DELETE orders 5'],
    ['TRUNCATE orders', 'TRUNCATE orders any'],
  ]
  for (const [sql, expected] of told) expect(await toldOf(sql)).toEqual([expected])
  const upsert = 'INSERT INTO orders VALUES (3, 1, 1) ON CONFLICT (id) DO UPDATE SET total = 2'
  expect(await toldOf(upsert)).toEqual(['INSERT orders 3'])
  expect(await toldOf(upsert)).toEqual(['UPDATE orders 3'])
})

test('says nothing of a statement that wrote nothing, nor of a transaction rolled back', async () => {
  await client.query(ORDERS)
  await install()
  expect(await toldOf('UPDATE orders SET total = 1 WHERE id = 99')).toEqual([])
  expect(await toldOf('BEGIN; INSERT INTO orders VALUES (1, 1, 1); ROLLBACK')).toEqual([])
})

test('tells declared partition columns with the key, old and new', async () => {
  await client.query(ORDERS)
  await install({ partitions: { orders: ['org_id'] } })
  await client.query('INSERT INTO orders VALUES (1, 7, 0), (2, NULL, 0)')
  expect(await toldOf('UPDATE orders SET org_id = 8 WHERE id = 1')).toEqual([
    'UPDATE orders 1|7 1|8',
  ])
  expect(readPayload(heard[0]!)).toEqual({
    table: 'public.orders',
    inserted: false,
    columns: ['id'],
    rows: [['1'], ['1']],
    partitions: { id: ['1'], org_id: ['7', '8'] },
  })
  await toldOf('DELETE FROM orders WHERE id = 2')
  expect(readPayload(heard[0]!)?.partitions).toEqual({ id: ['2'], org_id: [null] })
})

test('beyond the bound, or beyond what a notification holds, any row is meant', async () => {
  await client.query(ORDERS)
  await client.query('CREATE TABLE names (name text PRIMARY KEY)')
  await install({ maxRows: 3 })
  const fill = (n: number) => `INSERT INTO orders SELECT g, 1, 1 FROM generate_series(1, ${n}) g`
  expect(await toldOf(fill(3))).toEqual(['INSERT orders 1 2 3'])
  expect(await toldOf('UPDATE orders SET id = id + 10')).toEqual(['UPDATE orders 1 11 12 13 2 3'])
  expect(await toldOf('DELETE FROM orders')).toEqual(['DELETE orders 11 12 13'])
  expect(await toldOf(fill(4))).toEqual(['INSERT orders any'])
  expect(await toldOf('UPDATE orders SET total = 2')).toEqual(['UPDATE orders any'])
  expect(await toldOf('DELETE FROM orders')).toEqual(['DELETE orders any'])
  // A character of four bytes counts as four; 7999 bytes are the most that pg_notify takes.
  const long = (ascii: number) =>
    toldOf(`INSERT INTO names VALUES (repeat('🦉', 1000) || repeat('x', ${ascii}))`)
  await long(0)
  const left = 7999 - Buffer.byteLength(heard[0]!)
  await long(left)
  expect(Buffer.byteLength(heard[0]!)).toBe(7999)
  expect(await long(left + 1)).toEqual(['INSERT names any'])
})

test('a table without a key, or with one that cannot be told apart, is told as a whole', async () => {
  await client.query('CREATE TABLE log (at timestamptz, line text)')
  await client.query('CREATE TABLE ticks (at timestamptz PRIMARY KEY)')
  await install()
  expect(await toldOf(`INSERT INTO log VALUES (now(), 'x'), (now(), 'y')`)).toEqual([
    'INSERT log any',
  ])
  expect(await toldOf('INSERT INTO ticks VALUES (now())')).toEqual(['INSERT ticks any'])
  expect(await toldOf('DELETE FROM log WHERE false')).toEqual([])
  await client.query('ALTER TABLE log ADD org_id int')
  await install({ partitions: { log: ['org_id'] } })
  expect(await toldOf(`INSERT INTO log (org_id) VALUES (1), (2), (1)`)).toEqual(['INSERT log 1 2'])
  expect(readPayload(heard[0]!)).toEqual({
    table: 'public.log',
    inserted: true,
    partitions: { org_id: ['1', '2'] },
  })
})

test('a key of several columns, quoted names, names that the function uses itself', async () => {
  await client.query('CREATE TABLE pairs (payload int, "tOLD" text, PRIMARY KEY ("tOLD", payload))')
  await install()
  await toldOf(`INSERT INTO pairs VALUES (1, 'a "b" \\ c')`)
  expect(readPayload(heard[0]!)).toMatchObject({
    columns: ['tOLD', 'payload'],
    rows: [['a "b" \\ c', '1']],
  })
})

test('no name, however odd, ends what it stands in', async () => {
  await client.query(ORDERS)
  const quoted = `"${ODD.replaceAll('"', '""')}"`
  await client.query(`CREATE TABLE ${quoted} (${quoted} int PRIMARY KEY)`)
  await client.query(`CREATE TABLE ${'t'.repeat(63)} (id int PRIMARY KEY)`)
  await client.query(`CREATE TABLE ${'t'.repeat(62)} (id int PRIMARY KEY)`)
  await client.query('SET standard_conforming_strings = off')
  await client.query(`LISTEN ${quoted}`)
  await install({ channel: ODD })
  expect(await toldOf(`INSERT INTO ${quoted} VALUES (1)`)).toEqual([`INSERT ${ODD} 1`])
  for (const name of ['t'.repeat(63), 't'.repeat(62)])
    expect(await toldOf(`INSERT INTO ${name} VALUES (1)`)).toEqual([`INSERT ${name} 1`])
  await client.query(`UNLISTEN ${quoted}`)
})

test('a partition is told under the name it was written by', async () => {
  await client.query(
    `CREATE TABLE events (id int, day int, PRIMARY KEY (id, day)) PARTITION BY LIST (day)`,
  )
  await client.query(`CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1)`)
  await client.query(`CREATE TABLE events_2 PARTITION OF events FOR VALUES IN (2)`)
  await install({ tables: ['events'] })
  expect(await toldOf('INSERT INTO events VALUES (1, 1), (2, 2)')).toEqual([
    'INSERT events 1|1 2|2',
  ])
  expect(await toldOf('UPDATE events_1 SET id = 3')).toEqual(['UPDATE events_1 1|1 3|1'])
  // Moves the row into another partition.
  expect(await toldOf('UPDATE events SET day = 2 WHERE id = 3')).toEqual(['UPDATE events 3|1 3|2'])
  expect((await toldOf('TRUNCATE events')).toSorted()).toEqual([
    'TRUNCATE events any',
    'TRUNCATE events_1 any',
    'TRUNCATE events_2 any',
  ])
})

test('rows deleted through a foreign key, or copied in, are told', async () => {
  await client.query(ORDERS)
  await client.query(
    'CREATE TABLE items (id int PRIMARY KEY, order_id int REFERENCES orders ON DELETE CASCADE)',
  )
  await install()
  await client.query('INSERT INTO orders VALUES (1, 1, 1); INSERT INTO items VALUES (10, 1)')
  expect(await toldOf('DELETE FROM orders WHERE id = 1')).toEqual([
    'DELETE orders 1',
    'DELETE items 10',
  ])
  expect(await toldOf(`COPY orders FROM PROGRAM 'echo 5,5,5' (FORMAT csv)`)).toEqual([
    'INSERT orders 5',
  ])
})

test('a role without any right on the functions writes as before', async () => {
  await client.query(ORDERS)
  await install()
  await client.query(
    `DO $$ BEGIN CREATE ROLE clerk; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
  )
  await client.query('GRANT INSERT ON orders TO clerk')
  expect(await toldOf('SET ROLE clerk; INSERT INTO orders VALUES (1, 1, 1); RESET ROLE')).toEqual([
    'INSERT orders 1',
  ])
})

test('a write does not fail when a column of the migration is gone or renamed', async () => {
  await client.query(ORDERS)
  await install({ partitions: { orders: ['org_id'] } })
  await client.query('ALTER TABLE orders DROP COLUMN org_id')
  expect(await toldOf('INSERT INTO orders VALUES (1, 1)')).toEqual(['INSERT orders any'])
})

test('a table that was renamed or moved is told by its name of now', async () => {
  await client.query(ORDERS)
  await install()
  await client.query('ALTER TABLE orders RENAME TO "the ""orders"""')
  const written = await toldOf('INSERT INTO "the ""orders""" VALUES (1, 1, 1)')
  expect(written).toEqual(['INSERT the "orders" 1'])
  await client.query('CREATE SCHEMA moved; ALTER TABLE "the ""orders""" SET SCHEMA moved')
  await toldOf('DELETE FROM moved."the ""orders"""')
  expect(JSON.parse(heard[0] ?? '')).toMatchObject({ schema: 'moved' })
  await client.query('DROP SCHEMA moved CASCADE')
})

test('PostgreSQL refuses to prepare a transaction that has told something', async () => {
  await client.query(ORDERS)
  await install()
  await client.query('BEGIN; INSERT INTO orders VALUES (1, 1, 1)')
  await expect(client.query(`PREPARE TRANSACTION 'one'`)).rejects.toThrow('NOTIFY')
})

test('installs again over itself, and goes without a trace', async () => {
  await client.query(ORDERS)
  await install()
  await install({ maxRows: 5 })
  expect(await toldOf('INSERT INTO orders VALUES (1, 1, 1)')).toHaveLength(1)
  const tables = selectTables(await catalogue(), {})
  await client.query(dropTriggersSql(tables))
  expect(await toldOf('INSERT INTO orders VALUES (2, 1, 1)')).toEqual([])
  const triggers = 'SELECT 1 FROM pg_trigger WHERE NOT tgisinternal'
  expect((await client.query(triggers)).rows).toEqual([])
  await install()
  await client.query(dropTriggersSql(undefined))
  expect((await client.query(triggers)).rows).toEqual([])
  expect(
    (await client.query(`SELECT 1 FROM pg_namespace WHERE nspname = 'keepfresh'`)).rows,
  ).toEqual([])
})

test('with the triggers, what a statement writes is still known to its end', async () => {
  await client.query(ORDERS)
  await install({ partitions: { orders: ['org_id'] } })
  const resolve = createResolver(await catalogue(), ['public'])
  for (const sql of [
    'INSERT INTO orders VALUES ($1, $2, $3)',
    'UPDATE orders SET total = 1 WHERE id = $1',
    'DELETE FROM orders WHERE id = $1',
  ]) {
    const { effects, writes, change } = resolve(analyze(sql, 'postgres'))
    expect({ sql, effects, writes, anyRow: change?.anyRow }).toEqual({
      sql,
      effects: 'known',
      writes: ['public.orders'],
      anyRow: false,
    })
  }
})

test('names that do not exist are refused before anything is printed', async () => {
  await client.query(ORDERS)
  const now = await catalogue()
  expect(() => selectTables(now, { tables: ['nothing'] })).toThrow('tables')
  expect(() => selectTables(now, { partitions: { orders: ['nothing'] } })).toThrow('partitions')
  expect(() => triggersSql([], { channel: '' })).toThrow('channel')
  expect(() => triggersSql([], { maxRows: -1 })).toThrow('maxRows')
})

test.each([
  'x',
  'null',
  '7',
  '{}',
  '{"v":2,"schema":"public","table":"t","operation":"INSERT"}',
  '{"v":1,"schema":"public","table":"t","operation":"insert"}',
  '{"v":1,"schema":"public","table":7,"operation":"INSERT"}',
  '{"v":1,"schema":"public","table":"t","operation":"INSERT","rows":[["1"]]}',
  '{"v":1,"schema":"public","table":"t","operation":"INSERT","key":1,"columns":["id"],"rows":[["1","2"]]}',
  '{"v":1,"schema":"public","table":"t","operation":"INSERT","key":1,"columns":[1],"rows":[]}',
  '{"v":1,"schema":"public","table":"t","operation":"INSERT","key":2,"columns":["id"],"rows":[]}',
])('%s is no message of a trigger', (payload) => {
  expect(readPayload(payload)).toBeUndefined()
})
