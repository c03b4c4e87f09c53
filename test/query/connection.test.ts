import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createCache, type Cache } from '../../index.js'
import { createQueries, type ConnectionOptions, type Queries } from '../../src/query/index.js'
import { FakeClock } from '../../src/testing/index.js'

/** What is followed of a connection, where a client cannot be brought into the state in question: PGlite is the database. */
let db: PGlite
let cache: Cache
let clock: FakeClock
let queries: Queries
/** The database's description cannot be read; or not yet. */
let isMute = false
let answers: Promise<void> | undefined

beforeAll(async () => {
  db = await PGlite.create()
})
afterAll(() => db.close())
beforeEach(async () => {
  await db.exec(`DROP TABLE IF EXISTS item, note CASCADE; CREATE TABLE item (id int PRIMARY KEY, name text);
    CREATE TABLE note (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'a'); INSERT INTO note VALUES (1, 'a')`)
  clock = new FakeClock()
  cache = createCache({ clock })
  isMute = false
  answers = undefined
  queries = open()
  return () => cache.close()
})

function open(): Queries {
  return createQueries({
    cache,
    dialect: 'postgres',
    scope: 'shop',
    ttl: '1h',
    async describe(sql) {
      if (isMute) throw new Error('mute')
      await answers
      return (await db.query(sql)).rows as object[]
    },
  })
}

const read = async (by = queries, table = 'item'): Promise<unknown> => {
  const sql = `SELECT name FROM ${table} WHERE id = 1`
  const { rows } = await by.run({ sql }, () => db.query<{ name: string }>(sql))
  return rows[0]?.name
}
const set = (name: string): string => `UPDATE item SET name = '${name}' WHERE id = 1`
function follow(options?: ConnectionOptions) {
  const connection = queries.connection(options)
  const send = (sql: string) => connection.run({ sql }, () => db.exec(sql))
  return { connection, send }
}

test('after a write whose outcome is not known it is invalidated at once, and twice more for a server that is still at it', async () => {
  expect(await read()).toBe('a')
  let told = 0
  cache.on('invalidate', () => told++)
  await expect(
    queries.run({ sql: set('late') }, () => Promise.reject(new Error('timed out'))),
  ).rejects.toThrow('timed out')
  expect(told).toBe(1)
  expect(await read()).toBe('a')
  await db.exec(set('b'))
  await clock.advance(999)
  expect(await read()).toBe('a')
  await clock.advance(1)
  expect(await read()).toBe('b')
  await db.exec(set('c'))
  await clock.advance(8_999)
  expect(await read()).toBe('b')
  await clock.advance(1)
  expect(await read()).toBe('c')
})

test('what was under way on a connection that is lost is invalidated, and it is not as new', async () => {
  expect(await read()).toBe('a')
  const { connection, send } = follow()
  await send('BEGIN')
  await send(set('b'))
  await db.exec('COMMIT')
  expect(await read()).toBe('a')
  expect(connection.inTransaction).toBe(true)
  await connection.lost()
  expect(await read()).toBe('b')
  expect(connection).toMatchObject({ inTransaction: false, plain: false })
})

test('a statement that cannot be seen may have written anything, and set anything', async () => {
  expect(await read()).toBe('a')
  const { connection } = follow()
  const ended = connection.begin(undefined)
  expect(connection.plain).toBe(false)
  await db.exec(set('b'))
  await ended()
  expect(await read()).toBe('b')
  expect(connection).toMatchObject({ inTransaction: false, plain: false })
})

test('a transaction that the client knows to be over is over, whoever has ended it', async () => {
  expect(await read()).toBe('a')
  let isInside = false
  const { connection, send } = follow({ inTransaction: () => isInside })
  await send('BEGIN')
  isInside = true
  await send(set('b'))
  await db.exec('COMMIT')
  isInside = false
  expect(await read()).toBe('a')
  await send('SELECT 1')
  expect(await read()).toBe('b')
  expect(connection.plain).toBe(true)
})

test('a transaction that only the client knows of is one', async () => {
  expect(await read()).toBe('a')
  const { connection, send } = follow({ inTransaction: () => true })
  expect(connection.plain).toBe(false)
  await db.exec('BEGIN')
  await send(set('b'))
  await db.exec('ROLLBACK')
  expect(await read()).toBe('a')
  expect(cache.stats()).toMatchObject({ loads: 1, hits: 1 })
})

test('of a text of several statements that fails, the first may have committed', async () => {
  expect(await read()).toBe('a')
  const { send } = follow({ isUnknown: () => false })
  await send('BEGIN')
  await send(set('b'))
  await expect(send('COMMIT; SELECT 1 / 0')).rejects.toThrow('zero')
  expect(await read()).toBe('b')
})

test('on the way of hits too, zero is not minus zero', async () => {
  await read()
  const sql = 'SELECT $1::float8 AS n FROM item WHERE id = 1'
  const ask = (n: number) => queries.run({ sql, params: [n] }, () => db.query(sql, [n]))
  await ask(0)
  await ask(0)
  await ask(5)
  expect(await queries.atHand(sql, [5])).toMatchObject({ rows: [{ n: 5 }] })
  expect(await queries.atHand(sql, [0])).toMatchObject({ rows: [{ n: 0 }] })
  expect(queries.atHand(sql, [-0])).toBeUndefined()
})

test('a chained COMMIT begins the next transaction', async () => {
  expect(await read()).toBe('a')
  const { connection, send } = follow()
  await send('BEGIN')
  await send(set('b'))
  await send('COMMIT AND CHAIN')
  expect(await read()).toBe('b')
  expect(connection.plain).toBe(false)
  await send(set('c'))
  await send('ROLLBACK')
  expect(await read()).toBe('b')
  expect(connection.plain).toBe(true)
})

describe('definitions that cannot be learnt again', () => {
  const FOLLOW = `CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE note SET name = NEW.name; RETURN NEW; END';
    CREATE TRIGGER follow AFTER UPDATE ON item FOR EACH ROW EXECUTE FUNCTION follow()`

  test('are not those of before: what is written until then may be anything', async () => {
    expect(await read()).toBe('a')
    const { send } = follow()
    await send(FOLLOW)
    isMute = true
    expect(await read()).toBe('a')
    isMute = false
    // As another process would: it knows them.
    const other = open()
    expect(await read(other, 'note')).toBe('a')
    isMute = true
    await send(set('b'))
    isMute = false
    expect(await read(other, 'note')).toBe('b')
    await db.exec('DROP FUNCTION follow CASCADE')
  })

  test('are not those of before either while they are learnt at last', async () => {
    expect(await read()).toBe('a')
    const { send } = follow()
    await send(FOLLOW)
    isMute = true
    await read()
    isMute = false
    const other = open()
    expect(await read(other, 'note')).toBe('a')
    await clock.advance(5_000)
    const gate = Promise.withResolvers<void>()
    answers = gate.promise
    const learning = queries.explain({ sql: 'SELECT 1' })
    await send(set('b'))
    expect(await read(other, 'note')).toBe('b')
    gate.resolve()
    await learning
    await db.exec('DROP FUNCTION follow CASCADE')
  })

  test('are learnt once more when they changed while they were learnt', async () => {
    const gate = Promise.withResolvers<void>()
    const own = createQueries({
      cache,
      dialect: 'postgres',
      scope: 'shop',
      async describe(sql) {
        const { rows } = await db.query<object>(sql)
        await gate.promise
        return rows
      },
    })
    const sql = 'SELECT name FROM later'
    const first = own.explain({ sql: 'SELECT 1' })
    await db.query('SELECT 1')
    await db.exec('CREATE TABLE later (name text)')
    void own.redefined('a table was made')
    const second = own.explain({ sql })
    gate.resolve()
    await first
    expect(await second).toMatchObject({ cached: true, reads: ['public.later'] })
    await db.exec('DROP TABLE later')
  })

  test('are asked for again after a while', async () => {
    isMute = true
    const { loads } = cache.stats()
    await read()
    isMute = false
    await read()
    expect(cache.stats().loads).toBe(loads)
    await clock.advance(5_000)
    await read()
    await read()
    expect(cache.stats()).toMatchObject({ loads: loads + 1, hits: 1 })
  })
})
