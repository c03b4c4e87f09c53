import mysql from 'mysql2/promise'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createCache, type Cache } from '../../index.js'
import { cachedPool } from '../../adapters/mysql2/index.js'
import { startMariadb, type MariadbServer } from '../support/servers/mariadb.js'

/** Writes that stay although the statement or its transaction failed, and what procedures leave behind. */
let server: MariadbServer
let cache: Cache
beforeAll(async () => {
  server = await startMariadb()
})
afterAll(() => server?.stop())
beforeEach(() => {
  cache = createCache()
})

const NAME = 'SELECT name FROM item WHERE id = ?'

async function open(engine = 'InnoDB') {
  await server.query('DROP TABLE IF EXISTS item')
  await server.query(
    `CREATE TABLE item (id int PRIMARY KEY, name varchar(20), at timestamp NOT NULL DEFAULT '2024-01-01 00:00:00') ENGINE=${engine} DEFAULT CHARSET=utf8mb4`,
  )
  await server.query("INSERT INTO item (id, name) VALUES (1, 'a'), (2, 'b')")
  const pool = mysql.createPool({ uri: server.url, connectionLimit: 3 })
  const db = cachedPool(pool, { cache, scope: 'shop' })
  return {
    db,
    name: async (id = 1) => ((await db.query(NAME, [id]))[0] as { name: string }[])[0]?.name,
    [Symbol.asyncDispose]: () => pool.end(),
  }
}

describe.each(['MyISAM', 'Aria', 'MEMORY'])(
  'a table of %s, which knows no transactions',
  (engine) => {
    test('is changed at once within a transaction, and stays so after a rollback', async () => {
      await using opened = await open(engine)
      const { db, name } = opened
      expect(await name()).toBe('a')
      const connection = await db.getConnection()
      await connection.beginTransaction()
      await connection.query("UPDATE item SET name = 'x' WHERE id = 1")
      expect(await name()).toBe('x')
      await connection.query("UPDATE item SET name = 'y' WHERE id = 1")
      await connection.rollback()
      expect(await name()).toBe('y')
      connection.release()
    })

    test('keeps the rows that a statement wrote before it failed', async () => {
      await using opened = await open(engine)
      const { db, name } = opened
      expect(await name(9)).toBe(undefined)
      await expect(
        db.query("INSERT INTO item (id, name) VALUES (9, 'n'), (1, 'again')"),
      ).rejects.toThrow(/Duplicate/)
      expect(await name(9)).toBe('n')
    })
  },
)

test('a function that nobody can follow may have written such a table within a transaction', async () => {
  await using opened = await open('MyISAM')
  const { db, name } = opened
  await server.query(
    "CREATE OR REPLACE FUNCTION hidden() RETURNS int BEGIN SET time_zone = @@time_zone; UPDATE item SET name = 'd' WHERE id = 1; RETURN 1; END",
  )
  await server.query('CREATE TABLE IF NOT EXISTS watched (id int) ENGINE=InnoDB')
  await server.query(
    'CREATE OR REPLACE TRIGGER w AFTER INSERT ON watched FOR EACH ROW UPDATE item SET name = NEW.id WHERE id = 1',
  )
  expect(await name()).toBe('a')
  const connection = await db.getConnection()
  await connection.beginTransaction()
  await connection.query('INSERT INTO watched VALUES (5)')
  expect(await name()).toBe('5')
  await connection.query('SELECT hidden()')
  expect(await name()).toBe('d')
  await connection.rollback()
  expect(await name()).toBe('d')
  connection.release()
  await server.query('DROP TABLE watched')
})

test('a write through a table that is made of others reaches them', async () => {
  await using opened = await open('MyISAM')
  const { db, name } = opened
  await server.query('DROP TABLE IF EXISTS merged')
  await server.query(
    "CREATE TABLE merged (id int, name varchar(20), at timestamp NOT NULL DEFAULT '2024-01-01 00:00:00', KEY (id)) ENGINE=MERGE UNION=(item) INSERT_METHOD=LAST DEFAULT CHARSET=utf8mb4",
  )
  await server.query('ALTER TABLE item DROP PRIMARY KEY, ADD KEY (id), MODIFY id int')
  expect(await name()).toBe('a')
  await db.query("UPDATE merged SET name = 'm' WHERE id = 1")
  expect(await name()).toBe('m')
  await server.query('DROP TABLE merged')
})

test.each([false, true])(
  'what a procedure did before it failed is gone from the cache, in a transaction: %s',
  async (isInside) => {
    await using opened = await open()
    const { db, name } = opened
    await server.query(
      "CREATE OR REPLACE PROCEDURE half() BEGIN UPDATE item SET name = 'x' WHERE id = 1; COMMIT; UPDATE item SET name = 'y' WHERE id = 2; SIGNAL SQLSTATE '45000'; END",
    )
    expect([await name(1), await name(2)]).toEqual(['a', 'b'])
    expect((await db.explain('CALL half()')).invalidates).toEqual([
      'q:shop:test.item',
      'q:shop:test.item/rows',
    ])
    const connection = await db.getConnection()
    if (isInside) await connection.beginTransaction()
    await expect(connection.query('CALL half()')).rejects.toThrow(/45000|exception/i)
    await connection.commit()
    connection.release()
    expect([await name(1), await name(2)]).toEqual(['x', 'y'])
  },
)

test.each([
  "SET SESSION time_zone = '+05:00'",
  "SET @@time_zone = '+05:00'",
  "BEGIN DECLARE n int; SET n = 1, time_zone = '+05:00'; END",
  "BEGIN IF EXISTS (SELECT 1 FROM item WHERE name = 'a' FOR UPDATE) THEN SET time_zone = '+05:00'; END IF; END",
])('a connection on which a procedure did %s is not as new', async (body) => {
  await using opened = await open()
  const { db } = opened
  await server.query(`CREATE OR REPLACE PROCEDURE sets(wanted int) ${body}`)
  const query = { sql: 'SELECT at FROM item WHERE id = 1', dateStrings: true }
  const hour = async (by: Pick<typeof db, 'query'>) =>
    ((await by.query(query))[0] as { at: string }[])[0]!.at.slice(11, 13)
  const before = await hour(db)
  const connection = await db.getConnection()
  await connection.query('CALL sets(1)')
  const { hits } = cache.stats()
  expect(await hour(connection)).not.toBe(before)
  expect(cache.stats().hits).toBe(hits)
  connection.destroy()
  expect(await hour(db)).toBe(before)
})

test('a procedure that assigns what is its own leaves the connection as it was', async () => {
  await using opened = await open()
  const { db, name } = opened
  await server.query(
    `CREATE OR REPLACE PROCEDURE own(IN wanted int, Found varchar(20)) BEGIN
      DECLARE n, m int DEFAULT 0; DECLARE word varchar(20) CHARACTER SET utf8mb4; DECLARE kind set('a', 'b');
      DECLARE CONTINUE HANDLER FOR NOT FOUND SET n = 1;
      SET n = coalesce(wanted, 2), m := n, @seen = (SELECT count(*) FROM item), found = 'yes';
      IF m = 1 THEN UPDATE item SET name = 'own' WHERE id = wanted; END IF; END`,
  )
  expect(await name(2)).toBe('b')
  const connection = await db.getConnection()
  await connection.query("CALL own(1, 'x')")
  const { hits } = cache.stats()
  expect(await name(1)).toBe('own')
  expect((await connection.query(NAME, [1]))[0]).toEqual([{ name: 'own' }])
  expect(cache.stats().hits).toBe(hits + 1)
  connection.release()
})

test('a transaction that was prepared with XA is gone from the cache when it is committed, on whatever connection', async () => {
  await using opened = await open()
  const { db, name } = opened
  expect(await name()).toBe('a')
  const first = await db.getConnection()
  await first.query("XA START 'x'")
  await first.query("UPDATE item SET name = 'x' WHERE id = 1")
  await first.query("XA END 'x'")
  await first.query("XA PREPARE 'x'")
  expect(await name()).toBe('a')
  first.destroy()
  const second = await db.getConnection()
  await expect.poll(() => second.query("XA COMMIT 'x'").then(() => 'done', String)).toBe('done')
  second.release()
  expect(await name()).toBe('x')
})

test('BEGIN within a transaction commits it, and case makes no other savepoint', async () => {
  await using opened = await open()
  const { db, name } = opened
  expect([await name(1), await name(2)]).toEqual(['a', 'b'])
  const connection = await db.getConnection()
  for (const sql of [
    'BEGIN',
    "UPDATE item SET name = 'x' WHERE id = 1",
    'BEGIN',
    'SAVEPOINT s',
    "UPDATE item SET name = 'y' WHERE id = 2",
    'SAVEPOINT S',
    "UPDATE item SET name = 'z' WHERE id = 1",
    'ROLLBACK TO s',
  ])
    await connection.query(sql)
  expect(await name(1)).toBe('x')
  await connection.query('COMMIT')
  expect([await name(1), await name(2)]).toEqual(['x', 'y'])
  connection.release()
})

test('a client that tells nothing of transactions is followed through the commit of a definition', async () => {
  await using opened = await open()
  const { db, name } = opened
  expect(await name()).toBe('a')
  const client = await mysql.createConnection(server.url)
  const connection = db.queries.connection()
  const send = (sql: string) => connection.run({ sql }, () => client.query(sql))
  await send('BEGIN')
  await send("UPDATE item SET name = 'x' WHERE id = 1")
  await send('CREATE TABLE IF NOT EXISTS made (id int)')
  expect(await name()).toBe('x')
  await send("UPDATE item SET name = 'y' WHERE id = 1")
  expect(await name()).toBe('y')
  await send('BEGIN')
  await send("UPDATE item SET name = 'z' WHERE id = 1")
  await send('BEGIN')
  await send('ROLLBACK')
  expect(await name()).toBe('z')
  await client.end()
})

test('steps before a COMMIT are told of what a statement commits by itself', async () => {
  await using opened = await open()
  const { db, name } = opened
  expect(await name()).toBe('a')
  const told: string[] = []
  db.queries.use({ beforeCommit: ({ tables }) => void told.push(tables.join()) })
  const connection = await db.getConnection()
  await connection.beginTransaction()
  await connection.query("UPDATE item SET name = 'x' WHERE id = 1")
  expect(told).toEqual([])
  await connection.query('ANALYZE TABLE item')
  expect(told).toEqual(['test.item'])
  expect(await name()).toBe('x')
  connection.release()
})

test('NULL that becomes something else on its way into a row is in no known partition', async () => {
  await server.query('CREATE OR REPLACE TABLE parted (id int PRIMARY KEY, org int NOT NULL)')
  const pool = mysql.createPool({ uri: server.url, connectionLimit: 2 })
  pool.on('connection', (connection) => void connection.query("SET SESSION sql_mode = ''"))
  const db = cachedPool(pool, { cache, scope: 'shop', partitions: { parted: ['org'] } })
  const count = async () =>
    ((await db.query('SELECT count(*) AS n FROM parted WHERE org = ?', [0]))[0] as object[])[0]
  expect(await count()).toEqual({ n: 0 })
  await db.execute('INSERT INTO parted (id, org) VALUES (1, ?), (2, ?)', [null, null])
  expect(await count()).toEqual({ n: 2 })
  await pool.end()
})

test('a column whose name may be a string is not known, nor what it becomes', async () => {
  await server.query('CREATE OR REPLACE TABLE parted (id int PRIMARY KEY, org int NOT NULL)')
  await server.query('INSERT INTO parted VALUES (1, 1)')
  const pool = mysql.createPool({ uri: server.url, connectionLimit: 2 })
  pool.on(
    'connection',
    (connection) => void connection.query("SET SESSION sql_mode = 'ANSI_QUOTES'"),
  )
  const db = cachedPool(pool, { cache, scope: 'shop', partitions: { parted: ['org'] } })
  const count = async () =>
    ((await db.query('SELECT count(*) AS n FROM parted WHERE org = ?', [2]))[0] as object[])[0]
  expect(await count()).toEqual({ n: 0 })
  await db.execute('UPDATE parted SET "org" = ? WHERE org = ?', [2, 1])
  expect(await count()).toEqual({ n: 1 })
  await pool.end()
})
