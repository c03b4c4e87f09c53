import { Pool, type PoolConfig } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createCache, type Cache } from '../../index.js'
import { cachedPool, type CachedPool } from '../../adapters/pg/index.js'
import { quiet } from '../support/pools.js'
import { startPostgres, type PostgresServer } from '../support/servers/postgres.js'

/** Which table a bare name means: `item` is there in two schemas, and the other one is what counts. */
let server: PostgresServer
let cache: Cache
let db: CachedPool

beforeAll(async () => {
  server = await startPostgres()
  await server.query(
    'CREATE SCHEMA b; CREATE TABLE item (id int PRIMARY KEY, v int); CREATE TABLE b.item (id int PRIMARY KEY, v int)',
  )
})
afterAll(() => server?.stop())
beforeEach(async () => {
  await server.query('TRUNCATE item, b.item')
  await server.query('INSERT INTO item VALUES (1, 1); INSERT INTO b.item VALUES (1, 2)')
  cache = createCache()
  db = open()
  return async () => {
    await db.end()
    await cache.close()
  }
})

function open(config: PoolConfig = {}): CachedPool {
  const pool = quiet(new Pool({ connectionString: server.url, max: 3, ...config }))
  return cachedPool(pool, { cache, scope: 'shop', ttl: '1h' })
}

const OTHER = 'SELECT v FROM b.item WHERE id = 1'
const BARE = 'SELECT v FROM item WHERE id = 1'
const SET = 'UPDATE item SET v = 3 WHERE id = 1'
const read = async (sql = OTHER, by = db): Promise<unknown> => (await by.query(sql)).rows[0]?.v

describe('what a write goes to', () => {
  test.each([
    ['a search_path', ['SET search_path = b', SET]],
    ['one of the transaction', ['BEGIN', 'SET LOCAL search_path = b', SET, 'COMMIT']],
    ['one that a function sets', ["SELECT set_config('search_path', 'b', false)", SET]],
    ['a role', ['SET ROLE b', SET]],
  ])('follows %s', async (_, texts) => {
    await server.query('CREATE ROLE b SUPERUSER')
    expect(await read()).toBe(2)
    const client = await db.connect()
    // Not waited for, as a client may.
    await Promise.all(texts.map((text) => client.query(text)))
    client.release(true)
    await server.query('DROP ROLE b')
    expect(await read()).toBe(3)
  })

  test('is found in several statements of one text', async () => {
    expect(await read()).toBe(2)
    await db.query(`SET search_path = b; ${SET}`)
    expect(await read()).toBe(3)
  })

  test('is what a temporary view of that name shows', async () => {
    expect(await read()).toBe(2)
    const client = await db.connect()
    await client.query('CREATE TEMP VIEW item AS SELECT * FROM b.item')
    await client.query(SET)
    client.release(true)
    expect(await read()).toBe(3)
  })

  test('is known where only other things were set', async () => {
    await read()
    const client = await db.connect()
    for (const text of ["SET app.tenant = 'x'", "SET LOCAL TIME ZONE 'UTC'", 'SET work_mem TO 64'])
      await client.query(text)
    await client.query("SELECT set_config('app.tenant', $1, false)", ['y'])
    await client.query(SET)
    client.release(true)
    await read()
    expect(cache.stats().hits).toBe(1)
  })
})

test('what is read under a search_path that the caller names goes with a write to the table by its full name', async () => {
  await read()
  const client = await db.connect()
  await client.query('SET search_path = b')
  const bare = async () =>
    (await client.query({ text: BARE, cache: { scope: { searchPath: 'b' } } })).rows[0].v
  expect([await bare(), await bare()]).toEqual([2, 2])
  expect(cache.stats().hits).toBe(1)
  await db.query('UPDATE b.item SET v = 4')
  expect(await bare()).toBe(4)
  client.release(true)
})

describe('DISCARD ALL on a connection that was told something when it was made', () => {
  const tell = async (client: { query(sql: string): Promise<unknown> }): Promise<void> => {
    await client.query('SET search_path = b')
  }
  const discard = async (by: CachedPool): Promise<void> => {
    const client = await by.connect()
    await client.query('DISCARD ALL')
    client.release()
  }

  test.each<[string, () => CachedPool]>([
    ['by onConnect', () => open({ max: 1, onConnect: tell })],
    ['by a listener', () => open({ max: 1 }).on('connect', (it) => void tell(it))],
  ])('does not make it one whose answers are kept: %s', async (_, make) => {
    const [one, two] = [make(), make()]
    await read(OTHER, one)
    await discard(one)
    expect(await read(BARE, one)).toBe(1)
    expect(await read(BARE, two)).toBe(2)
    await Promise.all([one.end(), two.end()])
  })

  test('does not either where it was there before the cache was', async () => {
    const pool = quiet(new Pool({ connectionString: server.url, max: 1 }))
    await tell(pool)
    const one = cachedPool(pool, { cache, scope: 'shop' })
    await read(OTHER, one)
    await discard(one)
    expect(await read(BARE, one)).toBe(1)
    expect((await one.explain(BARE)).key).toBeDefined()
    expect(cache.stats().fills).toBe(1)
    await one.end()
  })
})

test('where names are looked for is not asked on a connection where that was changed', async () => {
  const one = open({ max: 1 })
  const errors: unknown[] = []
  one.queries.on('error', ({ error }) => errors.push(error))
  const client = await one.connect()
  await client.query('SET search_path = b')
  client.release()
  await one.query('SELECT v FROM item WHERE id = 2')
  expect(errors).toEqual([
    expect.objectContaining({ message: expect.stringContaining('searchPath') }),
  ])
  await one.query('DISCARD ALL')
  await one.queries.redefined('what was not learnt')
  const bare = () => read(BARE, one)
  expect([await bare(), await bare(), cache.stats().hits]).toEqual([1, 1, 1])
  await one.query('UPDATE public.item SET v = 5')
  expect(await bare()).toBe(5)
  await one.end()
})
