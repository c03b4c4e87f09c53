import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createCache } from '../../index.js'
import { cachedPool, type CachedPoolOptions } from '../../adapters/pg/index.js'
import { memoryStore } from '../../adapters/memory/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { quiet } from '../support/pools.js'
import {
  startPostgres,
  startRedis,
  type PostgresServer,
  type RedisServer,
} from '../support/servers/index.js'
import { until } from '../support/until.js'

let primary: PostgresServer
let standby: PostgresServer
let redis: RedisServer

beforeAll(async () => {
  ;[primary, redis] = await Promise.all([startPostgres(), startRedis()])
  await primary.query('CREATE TABLE users (id int PRIMARY KEY, name text)')
  standby = await startPostgres({ standbyOf: primary })
})
afterAll(async () => {
  for (const server of [standby, primary, redis]) await server?.[Symbol.asyncDispose]()
})

const caughtUp = async () => {
  const [row] = await primary.query('SELECT pg_current_wal_insert_lsn()::text AS at')
  await until('the standby has caught up', async () => {
    const [there] = await standby.query('SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS is', [
      row?.at,
    ])
    return there?.is === true
  })
}

beforeEach(async () => {
  await primary.query('TRUNCATE users')
  await primary.query(`INSERT INTO users VALUES (1, 'old'), (2, 'other')`)
  await redis.command('FLUSHALL')
  await caughtUp()
})
const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await standby.query('SELECT pg_wal_replay_resume()')
  await Promise.all(open.splice(0).map((close) => close()))
})

/** An application process: a cache, the pool of the primary and that of the standby. */
function application(shared: boolean, options: Partial<CachedPoolOptions> = {}) {
  const tiers = shared ? [redisStore(redis.url)] : [memoryStore()]
  const cache = createCache({ tiers, namespace: 'replica' })
  const replica = quiet(new Pool({ connectionString: standby.url }))
  let asked = 0
  replica.on('acquire', () => asked++)
  const db = cachedPool(quiet(new Pool({ connectionString: primary.url, max: 1 })), {
    cache,
    scope: 'shop',
    replica,
    ...options,
  })
  open.push(() => Promise.all([db.end(), replica.end(), cache.close()]))
  const name = async (id = 1) =>
    (await db.query<{ name: string }>('SELECT name FROM users WHERE id = $1', [id])).rows[0]?.name
  return { db, cache, name, asked: () => asked, kept: () => cache.stats().fills }
}

describe.each([
  ['process memory', false],
  ['Redis', true],
])('a standby, with %s', (_, shared) => {
  test('answers what is kept, and nothing else', async () => {
    const { db, name, asked } = application(shared)
    expect(await name()).toBe('old')
    expect(await name()).toBe('old')
    expect(asked()).toBe(1)
    await db.query('SELECT now()')
    await db.query('SELECT name FROM users WHERE id = 1 FOR UPDATE')
    expect(asked()).toBe(1)
  })

  test('that is behind does not fill what was just invalidated: the primary does', async () => {
    const { db, name, asked, kept } = application(shared)
    expect(await name()).toBe('old')
    await standby.query('SELECT pg_wal_replay_pause()')
    await db.query(`UPDATE users SET name = 'new' WHERE id = 1`)
    expect(await name()).toBe('new')
    expect(await name()).toBe('new')
    expect(kept()).toBe(2)
    // It was asked, and found to be behind.
    expect(asked()).toBe(2)
    await standby.query('SELECT pg_wal_replay_resume()')
    await caughtUp()
    await db.query(`UPDATE users SET name = 'newer' WHERE id = 1`)
    await caughtUp()
    expect(await name()).toBe('newer')
    expect(asked()).toBe(3)
  })

  test('is still good for tables that were not written', async () => {
    await primary.query('CREATE TABLE IF NOT EXISTS calm (id int PRIMARY KEY)')
    await caughtUp()
    const { db, name } = application(shared)
    await name()
    await standby.query('SELECT pg_wal_replay_pause()')
    await db.query(`UPDATE users SET name = 'new' WHERE id = 1`)
    const errors: unknown[] = []
    db.on('error', (error) => errors.push(error))
    expect((await db.query('SELECT id FROM calm')).rows).toEqual([])
    expect(await name()).toBe('new')
    expect(errors).toEqual([])
  })

  test('is not believed about what a writer outside has changed, until it has that too', async () => {
    const { db, name } = application(shared)
    expect(await name()).toBe('old')
    await standby.query('SELECT pg_wal_replay_pause()')
    await primary.query(`UPDATE users SET name = 'new' WHERE id = 1`)
    await db.queries.changed(['users'])
    expect(await name()).toBe('new')
    await primary.query(`UPDATE users SET name = 'newer' WHERE id = 1`)
    await db.queries.changedAll('a migration')
    expect(await name()).toBe('newer')
  })

  test('that is gone is not missed', async () => {
    const failures: unknown[] = []
    const pool = new Pool({ connectionString: 'postgres://postgres@127.0.0.1:1/postgres' })
    const { name, kept } = application(shared, {
      replica: { pool, onError: (error) => failures.push(error) },
    })
    expect(await name()).toBe('old')
    expect(kept()).toBe(1)
    expect(failures).toHaveLength(1)
    await pool.end()
  })
})

test('what one process wrote is needed by all of them', async () => {
  const [writer, reader] = [application(true), application(true)]
  expect(await reader.name()).toBe('old')
  await standby.query('SELECT pg_wal_replay_pause()')
  await writer.db.query(`UPDATE users SET name = 'new' WHERE id = 1`)
  expect(await reader.name()).toBe('new')
})

test('with strict, a standby is not asked while a commit is not done with', async () => {
  const committed = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const afterCommit = () => {
    committed.resolve()
    return gate.promise
  }
  const reader = application(true, { consistency: 'strict' })
  const writer = application(true, { consistency: 'strict', hooks: [{ afterCommit }] })
  expect(await reader.name()).toBe('old')
  await standby.query('SELECT pg_wal_replay_pause()')
  const writing = writer.db.query(`UPDATE users SET name = 'new' WHERE id = 1`)
  await committed.promise
  // Committed, and its position is not noted yet.
  expect(await reader.name()).toBe('new')
  gate.resolve()
  await writing
  expect(await reader.name()).toBe('new')
})

test('a process that starts believes no standby that is behind the primary of now', async () => {
  await standby.query('SELECT pg_wal_replay_pause()')
  await primary.query(`UPDATE users SET name = 'new' WHERE id = 1`)
  const { name } = application(false)
  expect(await name()).toBe('new')
})

test('with a standby that lags, no read gets less than what was committed when it began', async () => {
  await using late = await startPostgres({ standbyOf: primary, applyDelayMs: 300 })
  const pool = quiet(new Pool({ connectionString: late.url }))
  let asked = 0
  pool.on('acquire', () => asked++)
  const { db, kept } = application(true, { replica: pool })
  await primary.query('CREATE TABLE counters (id int PRIMARY KEY, n int)')
  await primary.query('INSERT INTO counters VALUES (1, 0), (2, 0)')
  const committed = [0, 0]
  const end = performance.now() + 3_000
  let reads = 0
  const goOn = () => performance.now() < end || reads < 100 || kept() < 6 || asked < 3
  const write = async (at: number) => {
    while (goOn()) {
      const n = committed[at]! + 1
      await db.query('UPDATE counters SET n = $1 WHERE id = $2', [n, at + 1])
      committed[at] = n
      // Now and then the standby gets the time to catch up.
      await new Promise((resolve) => setTimeout(resolve, n % 3 === 0 ? 700 : 20))
    }
  }
  const stale: string[] = []
  const read = async (at: number) => {
    while (goOn()) {
      const least = committed[at]!
      const { rows } = await db.query<{ n: number }>('SELECT n FROM counters WHERE id = $1', [
        at + 1,
      ])
      if (rows[0]!.n < least) stale.push(`${rows[0]!.n} < ${least}`)
      reads++
    }
  }
  await Promise.all([write(0), write(1), read(0), read(0), read(1)])
  await pool.end()
  expect(stale).toEqual([])
})
