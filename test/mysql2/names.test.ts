import mysql, { type PoolConnection } from 'mysql2/promise'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createCache, type Cache } from '../../index.js'
import { cachedPool } from '../../adapters/mysql2/index.js'
import { startMariadb, type MariadbServer } from '../support/servers/mariadb.js'

/** Which table a bare name means: `item` is there in two databases. */
let server: MariadbServer
let cache: Cache
beforeAll(async () => {
  server = await startMariadb()
  await server.query('CREATE DATABASE b')
  for (const name of ['item', 'b.item'])
    await server.query(`CREATE TABLE ${name} (id int PRIMARY KEY, v int)`)
  await server.query('CREATE TABLE moment (at timestamp)')
  await server.query("INSERT INTO moment VALUES ('2024-01-02 00:00:00')")
})
afterAll(() => server?.stop())
beforeEach(async () => {
  await server.query('REPLACE INTO item VALUES (1, 1)')
  await server.query('REPLACE INTO b.item VALUES (1, 2)')
  cache = createCache()
  return () => cache.close()
})

function open(options: mysql.PoolOptions = {}) {
  const pool = mysql.createPool({ uri: server.url, connectionLimit: 3, ...options })
  const db = cachedPool(pool, { cache, scope: 'shop', ttl: '1h' })
  const read = async (sql: string) => ((await db.query(sql))[0] as { v: unknown }[])[0]?.v
  return { db, read, [Symbol.asyncDispose]: () => pool.end() }
}

const OTHER = 'SELECT v FROM b.item WHERE id = 1'
const BARE = 'SELECT v FROM item WHERE id = 1'
const SET = 'UPDATE item SET v = 3 WHERE id = 1'
const use = (connection: PoolConnection) => connection.query('USE b')

test.each([
  ['USE', use],
  ['changeUser', (connection: PoolConnection) => connection.changeUser({ database: 'b' })],
])('a write goes to the database of %s', async (_, change) => {
  await using opened = open()
  const { db, read } = opened
  expect(await read(OTHER)).toBe(2)
  const connection = await db.getConnection()
  await change(connection)
  await connection.query(SET)
  expect(await read(OTHER)).toBe(3)
  connection.destroy()
})

test.each([
  ['that has ended', true],
  ['that is under way', false],
])(
  'a reset leaves the database of a USE %s: what is answered from there is kept for nobody',
  async (_, waits) => {
    await using one = open({ connectionLimit: 1 })
    await using two = open({ connectionLimit: 1 })
    await one.read(OTHER)
    const connection = await one.db.getConnection()
    const used = use(connection)
    if (waits) await used
    await connection.reset()
    await used
    connection.release()
    expect(await one.read(BARE)).toBe(2)
    expect(await two.read(BARE)).toBe(1)
  },
)

test('a reset undoes what a listener has set: what is answered then is kept for nobody', async () => {
  const listened = () => {
    const opened = open({ connectionLimit: 1, dateStrings: true })
    opened.db.on('connection', (connection) => void connection.query("SET time_zone = '+05:00'"))
    return opened
  }
  await using one = listened()
  await using two = listened()
  await one.read(OTHER)
  const connection = await one.db.getConnection()
  await connection.reset()
  connection.release()
  const AT = 'SELECT at AS v FROM moment'
  expect(await one.read(AT)).not.toBe(await two.read(AT))
})

test('a connection that was reset is as new where nothing else was set', async () => {
  await using one = open({ connectionLimit: 1 })
  await one.read(OTHER)
  const connection = await one.db.getConnection()
  await connection.query("SET time_zone = '+05:00'")
  await connection.reset()
  connection.release()
  expect([await one.read(BARE), await one.read(BARE)]).toEqual([1, 1])
  expect(cache.stats().hits).toBe(1)
})

test('the database of names is not asked on a connection behind USE', async () => {
  await using one = open({ connectionLimit: 1 })
  const errors: unknown[] = []
  one.db.queries.on('error', ({ error }) => errors.push(error))
  const connection = await one.db.getConnection()
  await use(connection)
  connection.release()
  expect(await one.read(BARE)).toBe(2)
  expect(errors).toEqual([
    expect.objectContaining({ message: expect.stringContaining('searchPath') }),
  ])
})
