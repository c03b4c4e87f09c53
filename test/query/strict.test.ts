import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createCache, type CacheOptions } from '../../index.js'
import { cachedPool, type CachedPool, type CachedPoolOptions } from '../../adapters/pg/index.js'
import { memcachedStore } from '../../adapters/memcached/index.js'
import { memoryStore } from '../../adapters/memory/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import type { Clock } from '../../src/base/clock.js'
import type { QueryHooks } from '../../src/query/index.js'
import { strictHooks } from '../../src/query/strict.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { quiet } from '../support/pools.js'
import { startWorker } from '../support/processes.js'
import {
  startMemcached,
  startPostgres,
  startRedis,
  type MemcachedServer,
  type PostgresServer,
  type RedisServer,
} from '../support/servers/index.js'
import { until } from '../support/until.js'
import type { StrictWriter } from './strict-worker.js'

let postgres: PostgresServer
let redis: RedisServer
let memcached: MemcachedServer
const gates: (() => void)[] = []
const open: { end(): Promise<unknown> }[] = []

beforeAll(async () => {
  ;[postgres, redis, memcached] = await Promise.all([
    startPostgres(),
    startRedis(),
    startMemcached(),
  ])
  await postgres.query('CREATE TABLE users (id int PRIMARY KEY, name text)')
})
afterAll(async () => {
  await Promise.all(open.map((one) => one.end()))
  for (const server of [postgres, redis, memcached]) await server?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await postgres.query('TRUNCATE users')
  await postgres.query(`INSERT INTO users VALUES (1, 'old'), (2, 'other')`)
  await redis.command('FLUSHALL')
})

// A test that fails leaves nothing marked behind.
afterEach(() => gates.splice(0).forEach((go) => go()))

interface Db {
  readonly db: CachedPool
  readonly loads: () => number
  name(id?: number): Promise<string | undefined>
}

/** An application process, as far as keepfresh is concerned: a cache and a pool of its own. */
function application(options: Partial<CachedPoolOptions> = {}, tiers?: CacheOptions['tiers']): Db {
  const cache = createCache({ tiers: tiers ?? [redisStore(redis.url)], namespace: 'strict' })
  const db = cachedPool(quiet(new Pool({ connectionString: postgres.url })), {
    cache,
    scope: 'shop',
    consistency: 'strict',
    ...options,
  })
  open.push({ end: () => Promise.all([db.end(), cache.close()]) })
  return {
    db,
    loads: () => cache.stats().fills,
    async name(id = 1) {
      const { rows } = await db.query<{ name: string }>('SELECT name FROM users WHERE id = $1', [
        id,
      ])
      return rows[0]?.name
    },
  }
}

/** Holds commits before they are sent. */
function gated(): QueryHooks & { arrived: Promise<void>; go: () => void } {
  const arrived = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  gates.push(gate.resolve)
  return {
    arrived: arrived.promise,
    go: gate.resolve,
    beforeCommit() {
      arrived.resolve()
      return gate.promise
    },
  }
}

describe.each([true, false])('strict: %s', (strict) => {
  test('a writer is killed between its COMMIT and the invalidation', async () => {
    const reader = application({ consistency: strict ? 'strict' : 'eventual' })
    expect(await reader.name()).toBe('old')
    expect(await reader.name(2)).toBe('other')
    await using writer = await startWorker<StrictWriter>(
      new URL('./strict-worker.ts', import.meta.url),
    )
    const dying = writer.call
      .commitAndDie(postgres.url, redis.url, strict, 'new')
      .catch(() => 'dead')
    await writer.call.atGate()
    // Loaded while the COMMIT is about to be sent: right now, and not to be kept.
    expect(await reader.name()).toBe('old')
    await writer.call.go()
    expect(await dying).toBe('dead')
    expect(await postgres.query('SELECT name FROM users WHERE id = 1')).toEqual([{ name: 'new' }])
    // What the promise is about; without it the old name stays until its ttl ends.
    expect(await reader.name()).toBe(strict ? 'new' : 'old')
    expect(await reader.name()).toBe(strict ? 'new' : 'old')
    expect(await reader.name(2)).toBe('other')
  })
})

test('is cached as ever while nobody is about to write, and again when the mark is lifted', async () => {
  const [reader, writer] = [application(), application()]
  await reader.name()
  await reader.name()
  expect(reader.loads()).toBe(1)
  await writer.db.query(`UPDATE users SET name = 'new' WHERE id = 1`)
  expect(await reader.name()).toBe('new')
  await until('the mark is lifted', async () => {
    await reader.name()
    return reader.loads() === 2
  })
})

test('a load that began before the mark is overtaken by the invalidation before the COMMIT', async () => {
  const loading = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<void>()
  const slow = application()
  let first = true
  const query = slow.db.queries
  const read = () =>
    query.run({ sql: 'SELECT name FROM users WHERE id = 1' }, async () => {
      const rows = await postgres.query('SELECT name FROM users WHERE id = 1')
      if (first) {
        first = false
        loading.resolve()
        await answer.promise
      }
      return { rows }
    })
  const began = read()
  await loading.promise
  const gate = gated()
  const writer = application({ hooks: [gate] })
  const writing = writer.db.query(`UPDATE users SET name = 'new' WHERE id = 1`)
  await gate.arrived
  gate.go()
  await writing
  answer.resolve()
  expect((await began).rows).toEqual([{ name: 'old' }])
  expect((await read()).rows).toEqual([{ name: 'new' }])
})

test.each([
  ['Redis', () => [redisStore(redis.url)]],
  ['Memcached', () => [memcachedStore(memcached.url)]],
])('writers that overlap do not lift each other’s marks: %s', async (_, tiers) => {
  const gate = gated()
  const [reader, slow, quick] = [
    application({}, tiers()),
    application({ hooks: [gate] }, tiers()),
    application({}, tiers()),
  ]
  const writing = slow.db.query(`UPDATE users SET name = 'slow' WHERE id = 1`)
  await gate.arrived
  // In another process, and in the same one.
  await quick.db.query(`UPDATE users SET name = 'quick' WHERE id = 1`)
  expect(await reader.name()).toBe('quick')
  expect(await slow.name()).toBe('quick')
  expect(reader.loads() + slow.loads()).toBe(0)
  gate.go()
  await writing
  expect(await reader.name()).toBe('slow')
})

test('more writers than there are slots, and none of them is forgotten', async () => {
  const gates = Array.from({ length: 10 }, gated)
  const writers = gates.map((gate) => application({ hooks: [gate], markFor: 2_000 }))
  const reader = application()
  const writing = writers.map(({ db }, at) =>
    db.query('INSERT INTO users VALUES ($1, $2)', [100 + at, 'x']),
  )
  await Promise.all(gates.map(({ arrived }) => arrived))
  const count = async () =>
    (await reader.db.query<{ n: number }>('SELECT count(*)::int AS n FROM users')).rows[0]?.n
  for (const [at, gate] of gates.entries()) {
    expect(await count()).toBe(2 + at)
    expect(reader.loads()).toBe(0)
    gate.go()
    await writing[at]
  }
  expect(await count()).toBe(12)
  await until('the last marks have run out', async () => {
    await count()
    return reader.loads() === 1
  })
})

test('“not found” is not kept while the row is about to be inserted', async () => {
  const gate = gated()
  const [reader, writer] = [application(), application({ hooks: [gate] })]
  // Its key is not in the text, so that only what found nothing is reached.
  await postgres.query('CREATE TABLE notes (id serial PRIMARY KEY, note text)')
  const writing = writer.db.query(`INSERT INTO notes (note) VALUES ('first')`)
  await gate.arrived
  const count = async () =>
    (await reader.db.query('SELECT note FROM notes WHERE id = $1', [1])).rows.length
  expect(await count()).toBe(0)
  expect(reader.loads()).toBe(0)
  gate.go()
  await writing
  expect(await count()).toBe(1)
})

test('a mark outlives a COMMIT that takes longer than it', async () => {
  const gate = gated()
  const [reader, writer] = [application(), application({ hooks: [gate], markFor: 2_000 })]
  const writing = writer.db.query(`UPDATE users SET name = 'new' WHERE id = 1`)
  await gate.arrived
  const until = performance.now() + 2_500
  while (performance.now() < until) await reader.name()
  expect(reader.loads()).toBe(0)
  gate.go()
  await writing
  expect(await reader.name()).toBe('new')
})

test('a writer that dies leaves a mark that runs out', async () => {
  const reader = application()
  const gate = gated()
  const writer = application({ hooks: [gate], markFor: 2_000 })
  const writing = writer.db.query(`UPDATE users SET name = 'new' WHERE id = 1`).catch(() => {})
  await gate.arrived
  // As if it were dead: nothing of it does anything any more.
  await writer.db.queries.cache.close()
  await until('answers are kept again', async () => {
    await reader.name()
    return reader.loads() === 1
  })
  gate.go()
  await writing
})

test('while the store is down a COMMIT is refused before it is sent, and reads are not kept', async () => {
  await using own = await startRedis()
  const tiers = () => [redisStore(own.url, { deadline: 100 })]
  const [reader, writer] = [application({}, tiers()), application({}, tiers())]
  await reader.name()
  await own.stop()
  expect(await reader.name()).toBe('old')
  const client = await writer.db.connect()
  await client.query('BEGIN')
  await client.query(`UPDATE users SET name = 'new' WHERE id = 1`)
  await expect(client.query('COMMIT')).rejects.toMatchObject({ code: 'CACHE_STORE_UNAVAILABLE' })
  expect(await postgres.query('SELECT name FROM users WHERE id = 1')).toEqual([{ name: 'old' }])
  // The transaction is still open: the caller may try again, or not.
  await client.query('ROLLBACK')
  client.release()
  await expect(writer.db.query(`UPDATE users SET name = 'new' WHERE id = 1`)).rejects.toMatchObject(
    { code: 'CACHE_STORE_UNAVAILABLE' },
  )
  await own.restart()
  await until('the store is used again', async () => {
    await writer.db.query(`UPDATE users SET name = 'newer' WHERE id = 1`)
    return true
  })
  expect(await reader.name()).toBe('newer')
})

test('while it is not known what became of a COMMIT, the mark stays until it runs out', async () => {
  const cache = () => {
    const one = createCache({ tiers: [redisStore(redis.url)], namespace: 'strict' })
    open.push({ end: () => one.close() })
    return one
  }
  const hooks = (markFor: number) => strictHooks({ cache: cache(), markFor, onError: () => {} })
  const [writer, patient, reader] = [hooks(2_000), hooks(60_000), hooks(2_000)]
  const commit = { changes: [], tables: [], everything: false, tags: ['t'], connection: undefined }
  const look = () => reader.beforeLoad?.({ database: 'shop', tables: [], tags: ['t'] })
  await writer.beforeCommit?.(commit)
  await writer.settled?.(commit, 'unknown')
  expect(await look()).toMatchObject({ keep: false })
  await until('it has run out', async () => (await look()) === undefined)
  await patient.beforeCommit?.(commit)
  await patient.settled?.(commit, 'committed')
  await until('it is lifted', async () => (await look()) === undefined)
})

test('a process that stood still until its mark had run out does not send the COMMIT', async () => {
  const clock = new FakeClock(Date.now())
  let stoodMs = 0
  // As for a process that stands still: time goes on, and no timer runs.
  const standing: Clock = {
    now: () => clock.now() + stoodMs,
    after: (ms, task) => clock.after(ms, task),
  }
  await using cache = createCache({
    tiers: [redisStore(redis.url)],
    namespace: 'stood',
    clock: standing,
  })
  const hooks = strictHooks({ cache, markFor: 500, onError: () => {} })
  const commit = { changes: [], tables: [], everything: false, tags: ['t'], connection: undefined }
  await hooks.beforeCommit?.(commit)
  await hooks.settled?.(commit, 'committed')
  cache.on('invalidate', () => (stoodMs = 501))
  await expect((async () => hooks.beforeCommit?.(commit))()).rejects.toMatchObject({
    code: 'CACHE_STORE_UNAVAILABLE',
  })
})

test('a step behind it that refuses the COMMIT has the marks lifted', async () => {
  const refuse: QueryHooks = {
    beforeCommit() {
      throw new Error('not today')
    },
  }
  const [reader, writer] = [application(), application({ hooks: [refuse] })]
  await expect(writer.db.query(`UPDATE users SET name = 'new' WHERE id = 1`)).rejects.toThrow(
    'today',
  )
  await until('answers are kept', async () => {
    await reader.name()
    return reader.loads() === 1
  })
})

test('in process memory alone the mark is there too', async () => {
  const gate = gated()
  const both = application({ hooks: [gate] }, [memoryStore()])
  await both.name()
  const writing = both.db.query(`UPDATE users SET name = 'new' WHERE id = 1`)
  await gate.arrived
  expect(await both.name()).toBe('old')
  expect(both.loads()).toBe(1)
  gate.go()
  await writing
  expect(await both.name()).toBe('new')
  await both.name()
  expect(both.loads()).toBe(2)
})

test('process memory in front of a shared store is refused, and so is a wrong option', () => {
  expect(() => application({}, [memoryStore(), redisStore(redis.url)])).toThrow('process memory')
  expect(() => application({ consistency: 'sometimes' as never })).toThrow('consistency')
  expect(() => application({ markFor: 0 })).toThrow('markFor')
})
