/** Writers that are killed at any moment, and readers that may never be told less than what the database said before they asked. */
import { Client, Pool } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCache } from '../../index.js'
import { cachedPool } from '../../adapters/pg/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { quiet } from '../support/pools.js'
import { startWorker } from '../support/processes.js'
import {
  startPostgres,
  startRedis,
  type PostgresServer,
  type RedisServer,
} from '../support/servers/index.js'
import type { CountingWriter } from './strict-writers.js'

const RUN_MS = Number(process.env.STRICT_MS ?? 8_000)
const ROWS = 3

let postgres: PostgresServer
let redis: RedisServer

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startPostgres(), startRedis()])
  await postgres.query('CREATE TABLE counters (id int PRIMARY KEY, n int)')
  await postgres.query(`INSERT INTO counters SELECT g, 0 FROM generate_series(1, ${ROWS}) g`)
})
afterAll(async () => {
  for (const server of [postgres, redis]) await server?.[Symbol.asyncDispose]()
})

test('no read gets less than what was committed when it began, while writers are killed', async () => {
  const consistency = process.env.STRICT_OFF === '1' ? 'eventual' : 'strict'
  const until = performance.now() + RUN_MS
  let kills = 0
  async function writers(): Promise<void> {
    while (performance.now() < until) {
      await using writer = await startWorker<CountingWriter>(
        new URL('./strict-writers.ts', import.meta.url),
      )
      await writer.call.count(postgres.url, redis.url, consistency, ROWS)
      await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 600))
      await writer.kill()
      kills++
    }
  }
  let reads = 0
  let hits = 0
  const stale: string[] = []
  async function reader(): Promise<void> {
    const cache = createCache({ tiers: [redisStore(redis.url)], namespace: 'counting' })
    const pool = quiet(new Pool({ connectionString: postgres.url }))
    const db = cachedPool(pool, { cache, scope: 'shop', consistency, markFor: 2_000 })
    const truth = new Client(postgres.url)
    await truth.connect()
    while (performance.now() < until) {
      const id = 1 + (reads++ % ROWS)
      const alone = Math.random() < 0.5
      const sql = alone
        ? 'SELECT n FROM counters WHERE id = $1'
        : 'SELECT n FROM counters ORDER BY id'
      const { rows } = await truth.query<{ n: number }>('SELECT n FROM counters WHERE id = $1', [
        id,
      ])
      const least = rows[0]!.n
      const answer = await db.query<{ n: number }>(sql, alone ? [id] : [])
      const got = answer.rows[alone ? 0 : id - 1]!.n
      if (got < least) stale.push(`${sql}: ${got} < ${least}`)
    }
    hits += cache.stats().hits
    await truth.end()
    await db.end()
    await cache.close()
  }
  await Promise.all([writers(), writers(), reader(), reader()])
  expect(stale.slice(0, 5)).toEqual([])
  expect(kills).toBeGreaterThan(2)
  expect(reads).toBeGreaterThan(100)
  expect(hits).toBeGreaterThan(0)
})
