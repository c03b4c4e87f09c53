import { Pool } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCache } from '../../index.js'
import { cachedPool } from '../../adapters/pg/index.js'
import { startPostgres, type PostgresServer } from '../support/servers/postgres.js'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
  await server.query(`CREATE TABLE users (id int PRIMARY KEY, name text, org_id int)`)
  await server.query(`INSERT INTO users VALUES (1, 'Ann', 1), (2, 'Bob', 1), (3, 'Cid', 2)`)
})
afterAll(() => server.stop())

test('reads are answered from the cache until a write touches them', async () => {
  const pool = new Pool({ connectionString: server.url })
  const cache = createCache()
  const db = cachedPool(pool, { cache, scope: 'shop' })
  const read = () => db.query('SELECT name FROM users WHERE id = $1', [1])
  expect((await read()).rows).toEqual([{ name: 'Ann' }])
  expect((await read()).rows).toEqual([{ name: 'Ann' }])
  expect(cache.stats().hits).toBe(1)
  await db.query('UPDATE users SET name = $1 WHERE id = $2', ['Bo', 2])
  await read()
  expect(cache.stats().hits).toBe(2)
  await db.query('UPDATE users SET name = $1 WHERE id = $2', ['Anna', 1])
  expect((await read()).rows).toEqual([{ name: 'Anna' }])
  await db.end()
})
