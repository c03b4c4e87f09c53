import { AsyncLocalStorage } from 'node:async_hooks'
import { Pool } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCache } from '../../index.js'
import { cachedPool } from '../../adapters/pg/index.js'
import { quiet } from '../support/pools.js'
import { startPostgres, type PostgresServer } from '../support/servers/postgres.js'

/** Rows that depend on who asks: one tenant's never answer another's query. */
let server: PostgresServer
const poolOf = (user: string, max = 4): Pool =>
  quiet(new Pool({ connectionString: server.url.replace('postgres@', `${user}@`), max }))
const SQL = 'SELECT id, what FROM notes ORDER BY id'

beforeAll(async () => {
  server = await startPostgres()
  for (const sql of [
    'CREATE TABLE notes (id int PRIMARY KEY, tenant text, what text)',
    "INSERT INTO notes VALUES (1, 'a', 'of a'), (2, 'b', 'of b')",
    'CREATE ROLE a LOGIN',
    'CREATE ROLE b LOGIN',
    'GRANT ALL ON notes TO a, b',
    'ALTER TABLE notes ENABLE ROW LEVEL SECURITY',
    `CREATE POLICY own ON notes USING (tenant = coalesce(nullif(current_setting('app.tenant', true), ''), current_user))`,
  ])
    await server.query(sql)
})
afterAll(() => server.stop())

const ids = (rows: readonly { id: number }[]): number[] => rows.map(({ id }) => id)

test('a scope that does not say who asks is not enough', async () => {
  const cache = createCache()
  const db = cachedPool(poolOf('a'), { cache, scope: 'shop' })
  expect(await db.explain(SQL)).toMatchObject({ cached: false, why: 'row-security' })
  expect(ids((await db.query<{ id: number }>(SQL)).rows)).toEqual([1])
  expect(cache.stats().loads).toBe(0)
  await db.end()
})

test('two roles of one database keep answers apart, and a write of one reaches the other', async () => {
  const cache = createCache()
  const open = (user: string) =>
    cachedPool(poolOf(user), {
      cache,
      scope: { database: 'shop', user },
    })
  const [a, b] = [open('a'), open('b')]
  for (let time = 0; time < 2; time++) {
    expect(ids((await a.query<{ id: number }>(SQL)).rows)).toEqual([1])
    expect(ids((await b.query<{ id: number }>(SQL)).rows)).toEqual([2])
  }
  expect(cache.stats().hits).toBe(2)
  await a.query("INSERT INTO notes VALUES (3, 'a', 'new')")
  expect(ids((await a.query<{ id: number }>(SQL)).rows)).toEqual([1, 3])
  await b.query(SQL)
  expect(cache.stats().hits).toBe(2)
  await server.query('DELETE FROM notes WHERE id = 3')
  await Promise.all([a.end(), b.end()])
})

test('two tenants of one pool keep answers apart, in the memory of the process too', async () => {
  const cache = createCache()
  const tenants = new AsyncLocalStorage<string>()
  const db = cachedPool(poolOf('postgres'), {
    cache,
    database: 'shop',
    scope: () => ({ database: 'shop', tenant: tenants.getStore() }),
  })
  // Whose answer it is shows in what was there when it was asked for.
  const read = (tenant: string) =>
    tenants.run(
      tenant,
      async () => (await db.query('SELECT what FROM notes WHERE id = $1', [1])).rows,
    )
  const before = await read('a')
  await server.query("UPDATE notes SET what = 'later' WHERE id = 1")
  expect(await read('a')).toEqual(before)
  expect(await read('b')).toEqual([{ what: 'later' }])
  expect(await read('a')).toEqual(before)
  await server.query("UPDATE notes SET what = 'of a' WHERE id = 1")
  await db.end()
})

test('a scope is of the database that tags are named by', async () => {
  const cache = createCache()
  const pool = poolOf('a')
  const scope = { database: 'shop', server: 'eu' }
  expect(() => cachedPool(pool, { cache, scope, database: 'other' })).toThrow(
    /database must be "shop", as in the scope/,
  )
  const elsewhere = cachedPool(pool, { cache, database: 'shop', scope: () => scope })
  await expect(elsewhere.query('SELECT 1')).rejects.toThrow(/scope\(\).database must be "shop"/)
  const db = cachedPool(poolOf('a'), { cache, scope })
  for (const other of [{ database: 'other' }, { server: 'us' }])
    await expect(db.query({ text: 'SELECT 1', cache: { scope: other } })).rejects.toThrow(
      /cache.scope must be of the same database/,
    )
  await Promise.all([elsewhere.end(), db.end()])
})

test('tenants by a setting of the session: only where the caller names them', async () => {
  const cache = createCache()
  const tenants = new AsyncLocalStorage<string>()
  const db = cachedPool(poolOf('a', 2), {
    cache,
    database: 'shop',
    scope: () => {
      const tenant = tenants.getStore()
      return tenant === undefined ? undefined : { database: 'shop', tenant }
    },
  })
  expect(await db.explain(SQL)).toMatchObject({ cached: false, why: 'scope' })
  const read = (tenant: string, named: boolean): Promise<number[]> =>
    tenants.run(tenant, async () => {
      const client = await db.connect()
      try {
        await client.query("SELECT set_config('app.tenant', $1, false)", [tenant])
        const cacheOf = named ? { cache: { scope: { tenant } } } : {}
        return ids((await client.query<{ id: number }>({ text: SQL, ...cacheOf })).rows)
      } finally {
        client.release()
      }
    })
  await tenants.run('a', () => db.query('SELECT 1'))
  const { loads } = cache.stats()
  for (let time = 0; time < 3; time++) {
    expect(await read('a', false)).toEqual([1])
    expect(await read('b', false)).toEqual([2])
  }
  // The session was changed, and nobody said to what.
  expect(cache.stats().loads).toBe(loads)
  for (let time = 0; time < 3; time++) {
    expect(await read('a', true)).toEqual([1])
    expect(await read('b', true)).toEqual([2])
  }
  expect(cache.stats().loads).toBe(loads + 2)
  // A load of the pool on such a connection is for its caller alone: it may be the other tenant's.
  const before = cache.stats().fills
  for (let time = 0; time < 4; time++) await tenants.run('a', () => db.query(SQL))
  expect(cache.stats().fills).toBe(before)
  await db.end()
})

test('a policy that asks for the time is not cached for anybody', async () => {
  await server.query('CREATE TABLE timed (id int PRIMARY KEY, from_then timestamptz)')
  await server.query('ALTER TABLE timed ENABLE ROW LEVEL SECURITY')
  await server.query('CREATE POLICY shown ON timed USING (from_then <= now())')
  const scope = { database: 'shop', user: 'a' }
  const db = cachedPool(poolOf('a'), { cache: createCache(), scope })
  expect(await db.explain('SELECT * FROM timed')).toMatchObject({ cached: false, why: 'time' })
  await db.end()
})

test('tenants by SET LOCAL in transactions are never cached', async () => {
  const cache = createCache()
  const db = cachedPool(poolOf('a', 1), {
    cache,
    scope: { database: 'shop', user: 'a' },
  })
  await db.query('SELECT 1')
  const { loads } = cache.stats()
  const within = async (tenant: string): Promise<number[]> => {
    const client = await db.connect()
    try {
      await client.query('BEGIN')
      await client.query("SELECT set_config('app.tenant', $1, true)", [tenant])
      const { rows } = await client.query<{ id: number }>(SQL)
      await client.query('COMMIT')
      return ids(rows)
    } finally {
      client.release()
    }
  }
  expect(await within('b')).toEqual([2])
  expect(await within('a')).toEqual([1])
  expect(cache.stats().loads).toBe(loads)
  await db.end()
})
