import { Pool, types, type QueryConfig, type QueryResult } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createCache, type Cache } from '../../index.js'
import { cachedPool, type CachedPool } from '../../adapters/pg/index.js'
import { quiet } from '../support/pools.js'
import { startPostgres, type PostgresServer } from '../support/servers/postgres.js'

/** Values become JavaScript in one way or another: an answer of one way is nobody's who asked for another. */
let server: PostgresServer
let cache: Cache
let db: CachedPool

beforeAll(async () => {
  server = await startPostgres()
  await server.query(`CREATE TYPE mood AS ENUM ('sad', 'glad')`)
  await server.query('CREATE TABLE item (id int PRIMARY KEY, born date, mood mood, name text)')
})
afterAll(() => server.stop())
beforeEach(async () => {
  await server.query('TRUNCATE item')
  await server.query(
    `INSERT INTO item VALUES (1, '2024-01-02', 'glad', 'one'), (2, NULL, 'sad', 'two')`,
  )
  cache = createCache()
  db = open()
  const opened = { db, cache }
  return async () => {
    await opened.db.end()
    await opened.cache.close()
  }
})

function open(max = 3): CachedPool {
  const pool = quiet(new Pool({ connectionString: server.url, max }))
  return cachedPool(pool, { cache, scope: 'shop' })
}

const DATE = 1082
const BORN = 'SELECT born FROM item WHERE id = $1'
const born = async (by: Pick<CachedPool, 'query'>): Promise<unknown> =>
  (await by.query<{ born: unknown }>(BORN, [1])).rows[0]?.born
const hits = (): number => cache.stats().hits

/** Sets a parser for the time of a test. */
function setParser(oid: number, parser: (text: string) => unknown): Disposable {
  const before = types.getTypeParser(oid, 'text') as (text: string) => unknown
  types.setTypeParser(oid, parser as never)
  return { [Symbol.dispose]: () => types.setTypeParser(oid, before as never) }
}

test('a parser that is set after the first query is noticed by the next load, and old answers are not served after it', async () => {
  expect(await born(db)).toBeInstanceOf(Date)
  expect(await born(db)).toBeInstanceOf(Date)
  expect(hits()).toBe(1)
  using _set = setParser(DATE, (text) => `day ${text}`)
  // A load of another text is enough to notice it.
  await db.query('SELECT name FROM item WHERE id = $1', [1])
  expect(await born(db)).toBe('day 2024-01-02')
  expect(await born(db)).toBe('day 2024-01-02')
  expect(hits()).toBe(2)
})

test('what a load answers that the new parser has overtaken is not kept', async () => {
  await db.query('SELECT name FROM item WHERE id = $1', [1])
  {
    using _set = setParser(DATE, (text) => `day ${text}`)
    expect(await born(db)).toBe('day 2024-01-02')
  }
  const other = open()
  expect(await born(other)).toBeInstanceOf(Date)
  await other.end()
  // It notices that the parser is the old one again.
  await db.query('SELECT name FROM item WHERE id = $1', [2])
  expect(await born(db)).toBeInstanceOf(Date)
})

test('the parser of a type of the database’s own is a part of the key, too', async () => {
  const [row] = await server.query(`SELECT 'mood'::regtype::oid::int AS oid`)
  const mood = async (by: CachedPool): Promise<unknown> =>
    (await by.query<{ mood: unknown }>('SELECT mood FROM item WHERE id = $1', [1])).rows[0]?.mood
  expect([await mood(db), await mood(db)]).toEqual(['glad', 'glad'])
  expect(hits()).toBe(1)
  using _set = setParser(Number(row!['oid']), (text) => text.toUpperCase())
  // As in another process, which has set it from the start.
  const other = open()
  expect([await mood(other), await mood(other), await mood(other)]).toEqual(
    Array.from({ length: 3 }, () => 'GLAD'),
  )
  expect(hits()).toBe(2)
  await other.end()
})

test('what a connection with parsers of its own answers is for its caller alone', async () => {
  const single = open(1)
  await single.query('SELECT name FROM item WHERE id = $1', [1])
  const client = await single.connect()
  client.setTypeParser(DATE, (text: string) => `own ${text}`)
  expect(await born(client)).toBe('own 2024-01-02')
  client.release()
  expect(await born(single)).toBe('own 2024-01-02')
  expect(await born(db)).toBeInstanceOf(Date)
  await single.end()
})

test('a statement that is only named is the text that was prepared under its name', async () => {
  const client = await db.connect()
  await client.query({ name: 'set', text: 'UPDATE item SET name = $1 WHERE id = 1', values: ['x'] })
  const read = 'SELECT name FROM item WHERE id = $1'
  expect((await db.query(read, [1])).rows).toEqual([{ name: 'x' }])
  const again: QueryConfig = { name: 'set', values: ['y'] } as never
  await client.query(again)
  expect((await db.query(read, [1])).rows).toEqual([{ name: 'y' }])
  await client.query({ name: 'get', text: read, values: [1] })
  const only: QueryConfig = { name: 'get', values: [2] } as never
  expect((await client.query<{ name: string }>(only)).rows).toEqual([{ name: 'two' }])
  client.release()
})

test('a write whose values are nothing to pg is seen', async () => {
  const client = await db.connect()
  expect(await born(db)).toBeInstanceOf(Date)
  await client.query('UPDATE item SET born = NULL WHERE id = 1', '' as never)
  expect(await born(db)).toBe(null)
  client.release()
})

// pg refuses the second text on the connection that has prepared the first, which one that is chance has decided; an answer is by its text.
test('under one name each text has its own answer', async () => {
  const single = open(1)
  const named = (text: string): Promise<QueryResult> =>
    single.query({ name: 'one', text, values: [1] })
  const other = 'SELECT id FROM item WHERE id = $1'
  expect((await single.query(other, [1])).rows).toEqual([{ id: 1 }])
  expect((await named(BORN)).rows[0]).toHaveProperty('born')
  expect((await named(other)).rows).toEqual([{ id: 1 }])
  await expect(named('SELECT name FROM item WHERE id = $1')).rejects.toThrow(/must be unique/)
  expect((await named(BORN)).rows[0]).toHaveProperty('born')
  await single.end()
})
