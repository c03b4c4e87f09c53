import { drizzle } from 'drizzle-orm/mysql2'
import { int, mysqlTable, varchar, datetime } from 'drizzle-orm/mysql-core'
import { eq } from 'drizzle-orm'
import { Kysely, MysqlDialect, sql } from 'kysely'
import { createPool as createCallbackPool } from 'mysql2'
import mysql from 'mysql2/promise'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createCache, type Cache } from '../../index.js'
import { cachedPool } from '../../adapters/mysql2/index.js'
import { startMariadb, type MariadbServer } from '../support/servers/mariadb.js'

let server: MariadbServer
let cache: Cache
beforeAll(async () => {
  server = await startMariadb()
})
afterAll(() => server?.stop())
beforeEach(async () => {
  cache = createCache()
  await server.query('DROP TABLE IF EXISTS item')
  await server.query(
    'CREATE TABLE item (id int PRIMARY KEY AUTO_INCREMENT, org int, name varchar(20), at datetime, n decimal(10,2))',
  )
  await server.query(
    "INSERT INTO item (org, name, at, n) VALUES (1, 'a', '2024-01-02 03:04:05', 1.5), (1, 'b', NULL, 2), (2, 'c', NULL, 3)",
  )
})

function open(options: mysql.PoolOptions = {}) {
  const pool = mysql.createPool({ uri: server.url, connectionLimit: 3, ...options })
  const db = cachedPool(pool, { cache, scope: 'shop', partitions: { item: ['org'] } })
  return { pool, db, [Symbol.asyncDispose]: () => pool.end() }
}

const NAME = 'SELECT name FROM item WHERE id = ?'

test('reads are answered from the cache until a write touches them', async () => {
  await using opened = open()
  const { db, pool } = opened
  expect(db).toBeInstanceOf(pool.constructor as never)
  const [rows, fields] = await db.query(NAME, [1])
  expect(rows).toEqual([{ name: 'a' }])
  expect((fields as { name: string; table: string }[])[0]).toMatchObject({
    name: 'name',
    table: 'item',
  })
  expect(await db.query(NAME, [1])).toEqual([rows, fields])
  expect(cache.stats().hits).toBe(1)
  await db.query('UPDATE item SET name = ? WHERE id = ?', ['bb', 2])
  await db.query(NAME, [1])
  expect(cache.stats().hits).toBe(2)
  const [result] = await db.execute('UPDATE item SET name = ? WHERE id = ?', ['aa', 1])
  expect(result).toMatchObject({ affectedRows: 1 })
  expect((await db.query(NAME, [1]))[0]).toEqual([{ name: 'aa' }])
})

test.each([
  'CREATE TABLE item (id int)',
  'LOCK TABLES nowhere WRITE',
  'ANALYZE TABLE item',
  'DROP USER nobody@nowhere',
  'ALTER TABLE nowhere ADD x int',
])('what %s has committed by itself is gone from the cache', async (sql) => {
  await using opened = open()
  const { db } = opened
  expect((await db.query(NAME, [1]))[0]).toEqual([{ name: 'a' }])
  const connection = await db.getConnection()
  await connection.beginTransaction()
  await connection.query("UPDATE item SET name = 'z' WHERE id = 1")
  await connection.query(sql).catch(() => {})
  await connection.rollback()
  connection.release()
  expect((await db.query(NAME, [1]))[0]).toEqual([{ name: 'z' }])
})

test('a DROP that fails for one of its tables has dropped the others', async () => {
  await using opened = open()
  const { db } = opened
  await db.query('CREATE TABLE brief (id int PRIMARY KEY)')
  expect((await db.query('SELECT * FROM brief'))[0]).toEqual([])
  await expect(db.query('DROP TABLE nowhere, brief')).rejects.toThrow('nowhere')
  await expect(db.query('SELECT * FROM brief')).rejects.toThrow('brief')
})

test('a prepared statement has answers of its own, and so has every form of rows', async () => {
  await using opened = open()
  const { db } = opened
  const text = 'SELECT id, n, at FROM item WHERE id = 1'
  const forms = async (): Promise<unknown[]> => [
    (await db.query(text))[0],
    (await db.execute(text))[0],
    (await db.query({ sql: text, rowsAsArray: true }))[0],
    (await db.query({ sql: text, nestTables: true }))[0],
    (await db.query({ sql: text, dateStrings: true }))[0],
    (await db.query({ sql: text, decimalNumbers: true } as object as mysql.QueryOptions))[0],
    (await db.query({ sql: text, typeCast: false }))[0],
    (
      await db.query({
        sql: text,
        typeCast: (field, next) => (field.type === 'LONG' ? 'x' : next()),
      })
    )[0],
  ]
  const before = await forms()
  const { hits } = cache.stats()
  const after = await forms()
  expect(after).toEqual(before)
  expect(cache.stats().hits - hits).toBe(8)
  expect(new Set(before.map((form) => JSON.stringify(form))).size).toBeGreaterThan(5)
  let outside = 0
  const cast = { sql: text, typeCast: () => ++outside }
  expect((await db.query(cast))[0]).not.toEqual((await db.query(cast))[0])
  const { why } = await db.explain(cast)
  expect(why).toBe('parsers')
})

test('named placeholders, identifiers, lists and pieces of SQL are what they become', async () => {
  await using opened = open({ namedPlaceholders: true })
  const { db } = opened
  const named = () => db.query('SELECT name FROM item WHERE id = :id', { id: 1 })
  await named()
  expect((await named())[0]).toEqual([{ name: 'a' }])
  await db.query('UPDATE item SET name = :name WHERE id = :id', { name: 'x', id: 2 })
  await named()
  await db.query('UPDATE ?? SET ? WHERE id IN (?)', ['item', { name: 'z' }, [1, 3]])
  expect((await named())[0]).toEqual([{ name: 'z' }])
  const raw = mysql.raw('(SELECT max(id) FROM item)')
  const latest = () => db.query('SELECT ? AS latest', [raw])
  expect((await latest())[0]).toEqual([{ latest: 3 }])
  await db.query('INSERT INTO item (org) VALUES (1)')
  expect((await latest())[0]).toEqual([{ latest: 4 }])
  const explained = await db.explain('SELECT name FROM item WHERE id = ?', [1])
  expect(explained).toMatchObject({ cached: true, reads: ['test.item'] })
})

// Which marks it takes for values depends on the release of mysql2: here is what an older one makes of it.
test('where the client may put a value into a string, no row is believed', async () => {
  await using opened = open()
  const { db } = opened
  const send = async <T>(sql: string, params: unknown[], sent: string): Promise<T> =>
    db.queries.run<T>(
      { sql, params, interpolated: true },
      async () => [await server.query(sent)] as T,
    )
  const read = async () =>
    await send<unknown>(
      "SELECT name FROM item WHERE name <> '?' AND id = ?",
      [1, 2],
      "SELECT name FROM item WHERE name <> '1' AND id = 2",
    )
  expect(await read()).toEqual([[{ name: 'b' }]])
  await db.query("UPDATE item SET name = 'B' WHERE id = 2")
  expect(await read()).toEqual([[{ name: 'B' }]])
  const org = async () => (await db.query('SELECT org FROM item WHERE id = ?', [2]))[0]
  expect(await org()).toEqual([{ org: 1 }])
  await send(
    "UPDATE item SET org = '?' WHERE id = ?",
    [7, 2],
    "UPDATE item SET org = '7' WHERE id = 2",
  )
  expect(await org()).toEqual([{ org: 7 }])
})

test('a mark in a string is seen by who fills it in: rows are believed for what the server fills', async () => {
  await using opened = open()
  const { db } = opened
  const asked = { sql: "SELECT name FROM item WHERE name <> '?' AND id = ?", params: [2] }
  const tags = async (interpolated: boolean) =>
    (await db.queries.explain({ ...asked, interpolated })).tags
  expect(await tags(false)).toContain('q:shop:test.item#2')
  expect(await tags(true)).toEqual(['q:shop', 'q:shop:test.item'])
})

test('a transaction reads the database itself; what it changed goes after the commit, and stays after a rollback', async () => {
  await using opened = open()
  const { db } = opened
  const name = async () => ((await db.query(NAME, [1]))[0] as { name: string }[])[0]!.name
  await name()
  const connection = await db.getConnection()
  await connection.beginTransaction()
  await connection.query('UPDATE item SET name = ? WHERE id = 1', ['inside'])
  expect((await connection.query(NAME, [1]))[0]).toEqual([{ name: 'inside' }])
  expect(await name()).toBe('a')
  await connection.rollback()
  const { hits } = cache.stats()
  expect(await name()).toBe('a')
  expect(cache.stats().hits).toBe(hits + 1)
  await connection.beginTransaction()
  await connection.execute('UPDATE item SET name = ? WHERE id = 1', ['kept'])
  await connection.commit()
  expect(await name()).toBe('kept')
  connection.release()
})

test('autocommit turned off is a transaction that nobody began', async () => {
  await using opened = open()
  const { db } = opened
  const name = async () => ((await db.query(NAME, [1]))[0] as { name: string }[])[0]!.name
  await name()
  const connection = await db.getConnection()
  await connection.query('SET autocommit = 0')
  await connection.query('UPDATE item SET name = ? WHERE id = 1', ['late'])
  expect(await name()).toBe('a')
  expect(await name()).toBe('a')
  await connection.query('COMMIT')
  expect(await name()).toBe('late')
  await connection.query('UPDATE item SET name = ? WHERE id = 1', ['later'])
  await name()
  // DDL commits what was open.
  await connection.query('CREATE TABLE IF NOT EXISTS made (id int)')
  expect(await name()).toBe('later')
  connection.destroy()
})

test('a deadlocked or killed transaction leaves nothing wrong behind', async () => {
  await using opened = open()
  const { db } = opened
  const name = async () => ((await db.query(NAME, [1]))[0] as { name: string }[])[0]!.name
  await name()
  const connection = await db.getConnection()
  await connection.beginTransaction()
  await connection.query('UPDATE item SET name = ? WHERE id = 1', ['lost'])
  await server.query(`KILL ${connection.threadId}`)
  await expect(connection.query('COMMIT')).rejects.toThrow(/./)
  connection.destroy()
  const { hits } = cache.stats()
  expect(await name()).toBe('a')
  expect(cache.stats().hits).toBe(hits)
})

test('streams, prepared statements, several statements and procedures go through and are seen', async () => {
  await using opened = open({ multipleStatements: true })
  const { db } = opened
  const total = async () =>
    ((await db.query('SELECT count(*) AS n FROM item'))[0] as { n: number }[])[0]!.n
  expect(await total()).toBe(3)
  await db.query('INSERT INTO item (org) VALUES (1); INSERT INTO item (org) VALUES (2)')
  expect(await total()).toBe(5)
  const connection = await db.getConnection()
  const statement = await connection.prepare('DELETE FROM item WHERE id = ?')
  await statement.execute([4])
  expect(await total()).toBe(4)
  const rows: unknown[] = []
  const stream = (
    connection as unknown as {
      connection: { query(sql: string): { stream(): AsyncIterable<unknown> } }
    }
  ).connection
    .query('SELECT id FROM item')
    .stream()
  for await (const row of stream) rows.push(row)
  expect(rows).toHaveLength(4)
  await server.query('DROP PROCEDURE IF EXISTS more')
  await server.query('CREATE PROCEDURE more() INSERT INTO item (org) VALUES (9)')
  await connection.query('CALL more()')
  expect(await total()).toBe(5)
  await connection.query('USE information_schema')
  await connection.changeUser({ database: 'test' })
  connection.destroy()
})

test('a pool with callbacks does the same, and its promises share the answers', async () => {
  const pool = createCallbackPool({ uri: server.url, connectionLimit: 2 })
  const db = cachedPool(pool, { cache, scope: 'shop' })
  const ask = (text: string, values: unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      db.query(text, values, (error, rows) => (error ? reject(error) : resolve(rows)))
    })
  expect(await ask(NAME, [1])).toEqual([{ name: 'a' }])
  expect(await ask(NAME, [1])).toEqual([{ name: 'a' }])
  const promised = db.promise()
  expect((await promised.query(NAME, [1]))[0]).toEqual([{ name: 'a' }])
  expect(cache.stats().hits).toBe(2)
  await promised.query('UPDATE item SET name = ? WHERE id = 1', ['p'])
  expect(await ask(NAME, [1])).toEqual([{ name: 'p' }])
  await new Promise<void>((resolve, reject) => {
    pool.query('UPDATE item SET name = ? WHERE id = 1', ['raw'], (error) =>
      error ? reject(error) : resolve(),
    )
  })
  expect(await ask(NAME, [1])).toEqual([{ name: 'raw' }])
  await expect(ask('SELECT nothing FROM nowhere', [])).rejects.toThrow(/nowhere/)
  await new Promise<void>((resolve) => pool.end(() => resolve()))
})

test('what has to be asked each time is', async () => {
  await using opened = open()
  const { db } = opened
  for (const text of [
    'SELECT now() FROM item',
    'SELECT rand() FROM item',
    'SELECT * FROM item FOR UPDATE',
    'SELECT connection_id()',
    'SELECT last_insert_id() FROM item',
    'SELECT @x := 1',
  ]) {
    await db.query(text)
    await db.query(text)
    expect((await db.explain(text)).cached).toBe(false)
  }
  expect(cache.stats()).toMatchObject({ hits: 0, misses: 0 })
  await db.query({ sql: 'SELECT id FROM item', cache: false })
  expect(cache.stats().misses).toBe(0)
})

const items = mysqlTable('item', {
  id: int('id').primaryKey().autoincrement(),
  org: int('org'),
  name: varchar('name', { length: 20 }),
  at: datetime('at'),
})

test('Drizzle runs unchanged', async () => {
  await using opened = open()
  const db = drizzle({ client: opened.db })
  const read = () => db.select().from(items).where(eq(items.id, 1))
  const first = await read()
  expect(first[0]).toMatchObject({ id: 1, name: 'a', at: new Date('2024-01-02T03:04:05Z') })
  expect(await read()).toEqual(first)
  expect(cache.stats().hits).toBe(1)
  await db.update(items).set({ name: 'other' }).where(eq(items.id, 2))
  await read()
  expect(cache.stats().hits).toBe(2)
  await db.transaction(async (tx) => {
    await tx.update(items).set({ name: 'in' }).where(eq(items.id, 1))
    expect((await tx.select().from(items).where(eq(items.id, 1)))[0]?.name).toBe('in')
    expect((await read())[0]?.name).toBe('a')
  })
  expect((await read())[0]?.name).toBe('in')
  await expect(
    db.transaction(async (tx) => {
      await tx.delete(items)
      tx.rollback()
    }),
  ).rejects.toThrow(/./)
  expect(await read()).toHaveLength(1)
})

interface Tables {
  item: { id: number; org: number | null; name: string | null }
}

test('Kysely runs unchanged', async () => {
  const pool = createCallbackPool({ uri: server.url, connectionLimit: 3 })
  const cached = cachedPool(pool, { cache, scope: 'shop' })
  const db = new Kysely<Tables>({ dialect: new MysqlDialect({ pool: cached }) })
  // Kysely takes a connection for each query, and one that is held does not wait for the catalogue.
  await cached.explain('SELECT 1')
  const read = () => db.selectFrom('item').select('name').where('id', '=', 1).execute()
  expect(await read()).toEqual([{ name: 'a' }])
  expect(await read()).toEqual([{ name: 'a' }])
  expect(cache.stats().hits).toBe(1)
  await db.transaction().execute(async (tx) => {
    await tx.updateTable('item').set({ name: 'k' }).where('id', '=', 1).execute()
    expect(await read()).toEqual([{ name: 'a' }])
  })
  expect(await read()).toEqual([{ name: 'k' }])
  expect((await sql`SELECT count(*) AS n FROM item`.execute(db)).rows).toEqual([{ n: 3 }])
  await db.destroy()
})
