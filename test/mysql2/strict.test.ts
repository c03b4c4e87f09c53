import mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCache } from '../../index.js'
import { cachedPool } from '../../adapters/mysql2/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import type { StrictWriter } from '../query/strict-worker.js'
import { startWorker } from '../support/processes.js'
import {
  startMariadb,
  startRedis,
  type MariadbServer,
  type RedisServer,
} from '../support/servers/index.js'

let mariadb: MariadbServer
let redis: RedisServer
beforeAll(async () => {
  ;[mariadb, redis] = await Promise.all([startMariadb(), startRedis()])
})
afterAll(async () => {
  for (const server of [mariadb, redis]) await server?.[Symbol.asyncDispose]()
})

test.each([true, false])(
  'a writer is killed between its COMMIT and the invalidation, strict: %s',
  async (strict) => {
    await redis.command('FLUSHALL')
    await mariadb.query('CREATE OR REPLACE TABLE users (id int PRIMARY KEY, name varchar(20))')
    await mariadb.query(`INSERT INTO users VALUES (1, 'old')`)
    const cache = createCache({ tiers: [redisStore(redis.url)], namespace: 'strict' })
    const pool = mysql.createPool({ uri: mariadb.url })
    const consistency = strict ? 'strict' : 'eventual'
    const db = cachedPool(pool, { cache, scope: 'shop', consistency })
    const name = async () => {
      const [rows] = (await db.query('SELECT name FROM users WHERE id = ?', [1])) as unknown as [
        { name: string }[],
      ]
      return rows[0]?.name
    }
    expect(await name()).toBe('old')
    await using writer = await startWorker<StrictWriter>(
      new URL('../query/strict-worker.ts', import.meta.url),
    )
    const dying = writer.call
      .commitAndDieMysql(mariadb.url, redis.url, strict, 'new')
      .catch(() => 'dead')
    await writer.call.atGate()
    expect(await name()).toBe('old')
    await writer.call.go()
    expect(await dying).toBe('dead')
    expect(await name()).toBe(strict ? 'new' : 'old')
    await pool.end()
    await cache.close()
  },
)
