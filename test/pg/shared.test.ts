import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createCache, type Cache } from '../../index.js'
import { memoryStore } from '../../adapters/memory/index.js'
import { cachedPool, type CachedPool } from '../../adapters/pg/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { quiet } from '../support/pools.js'
import { startPostgres, type PostgresServer } from '../support/servers/postgres.js'
import { startRedis, type RedisServer } from '../support/servers/redis.js'
import { until } from '../support/until.js'

/** Two web servers, each with its own memory in front of one Redis, before one database. */
let postgres: PostgresServer
let redis: RedisServer
let one: { cache: Cache; db: CachedPool }
let other: { cache: Cache; db: CachedPool }
const SQL = 'SELECT v FROM parent WHERE id = $1'

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startPostgres(), startRedis()])
  await postgres.query('CREATE TABLE parent (id int PRIMARY KEY, v int)')
  await postgres.query('CREATE TABLE child (id int PRIMARY KEY, parent_id int)')
  await postgres.query('INSERT INTO parent VALUES (1, 1), (2, 2)')
  await postgres.query('INSERT INTO child VALUES (10, 1), (20, 2)')
})
afterAll(async () => {
  await Promise.all([postgres.stop(), redis.stop()])
})

beforeEach(() => {
  const open = (): { cache: Cache; db: CachedPool } => {
    const cache = createCache({ tiers: [memoryStore(), redisStore(redis.url)] })
    const pool = quiet(new Pool({ connectionString: postgres.url, max: 3 }))
    return { cache, db: cachedPool(pool, { cache, scope: 'shop' }) }
  }
  one = open()
  other = open()
  const servers = [one, other]
  return async () => {
    for (const { cache, db } of servers) {
      await db.end()
      await cache.close()
    }
  }
})

const read = async ({ db }: { db: CachedPool }, id = 1): Promise<unknown> =>
  (await db.query<{ v: number }>(SQL, [id])).rows[0]?.v

test('one server answers from what the other has asked for', async () => {
  expect(await read(one)).toBe(1)
  expect(await read(other)).toBe(1)
  expect(other.cache.stats()).toMatchObject({ loads: 0, hits: 1 })
})

test('a write over one server reaches the memory of the other', async () => {
  await read(one, 2)
  await read(other, 2)
  await one.db.query('UPDATE parent SET v = v + 1 WHERE id = $1', [2])
  const wanted = await read(one, 2)
  await until('the message has arrived', async () => (await read(other, 2)) === wanted)
})

test('a definition that one server changes is known to the other before its next write', async () => {
  const children = 'SELECT count(*)::int AS n FROM child'
  expect((await other.db.query(children)).rows).toEqual([{ n: 2 }])
  const told: string[] = []
  other.db.queries.on('catalogue', ({ reason }) => told.push(reason))
  await one.db.query(
    'ALTER TABLE child ADD FOREIGN KEY (parent_id) REFERENCES parent(id) ON DELETE CASCADE',
  )
  await until('it is known', async () => {
    await other.db.explain(`${children} /* ${told.length} */`)
    return told.length > 0
  })
  expect((await other.db.query(children)).rows).toEqual([{ n: 2 }])
  await other.db.query('DELETE FROM parent WHERE id = $1', [2])
  expect((await other.db.query(children)).rows).toEqual([{ n: 1 }])
})

test('an answer from Redis is what the database answered, dates and bytes too', async () => {
  const sql = `SELECT id, date '2026-01-02' AS day, decode('00ff', 'hex') AS bytes, ARRAY[1, NULL] AS list, '{"a": [1]}'::jsonb AS doc, 12345678901234567890::numeric AS big FROM parent WHERE id = $1`
  const { rows } = await one.db.query<Record<string, unknown>>(sql, [1])
  const answer = await other.db.query<Record<string, unknown>>(sql, [1])
  expect(other.cache.stats().loads).toBe(0)
  expect(answer.rows).toEqual(rows)
  expect(answer.rows[0]?.['day']).toBeInstanceOf(Date)
  expect(Buffer.isBuffer(answer.rows[0]?.['bytes'])).toBe(true)
})

test('when one server empties the cache, the other learns the definitions again: word of a change may have gone with it', async () => {
  expect(await read(other)).toBe(1)
  const learnt: string[] = []
  other.db.queries.on('catalogue', ({ reason }) => learnt.push(reason))
  await one.cache.clear()
  await until('it is learnt', async () => {
    await other.db.queries.explain({ sql: SQL })
    return learnt.length > 0
  })
  expect(learnt).toEqual(['told by another process'])
})

test('a refresh that begins late does not read within the transaction that its caller has begun', async () => {
  const cache = createCache({ tiers: [redisStore(redis.url)] })
  const pool = quiet(new Pool({ connectionString: postgres.url, max: 2 }))
  const db = cachedPool(pool, { cache, scope: 'late' })
  const ask = async () =>
    (await db.query<{ v: number }>('SELECT v FROM parent WHERE id = $1', [2])).rows[0]?.v
  const before = await ask()
  const client = await db.connect()
  const stale = (ttl: number | '1h') => {
    const how = { ttl, grace: '1h', staleWhileRevalidate: '1h', fresh: ttl === 1 } as const
    return client.query({ text: SQL, values: [2], cache: how })
  }
  await stale(1)
  await sleep(20)
  const { staleHits } = cache.stats()
  await stale('1h')
  expect(cache.stats().staleHits).toBe(staleHits + 1)
  // It asks Redis whether it may, and meanwhile:
  await Promise.all([client.query('BEGIN'), client.query('UPDATE parent SET v = 666 WHERE id = 2')])
  await until('the refresh has ended', () => cache.stats().loading === 0)
  await client.query('ROLLBACK')
  client.release()
  expect(await ask()).toBe(before)
  await db.end()
  await cache.close()
})
