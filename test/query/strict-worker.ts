/** A writer that dies at a chosen moment, in a process of its own. */
import mysql from 'mysql2/promise'
import { Pool } from 'pg'
import { createCache } from '../../index.js'
import { cachedPool as cachedMysql } from '../../adapters/mysql2/index.js'
import { cachedPool } from '../../adapters/pg/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import type { QueryHooks } from '../../src/query/index.js'
import { serve } from '../support/processes.js'

const atGate = Promise.withResolvers<void>()
const gate = Promise.withResolvers<void>()

/** Waits at the gate before a COMMIT is sent, and dies when it has been answered. */
const deadly: QueryHooks = {
  async beforeCommit() {
    atGate.resolve()
    await gate.promise
  },
  afterCommit() {
    process.kill(process.pid, 'SIGKILL')
    return new Promise(() => {})
  },
}

const service = {
  /** Changes a row in a transaction, waits at the gate before COMMIT is sent, and dies when the answer is there. */
  async commitAndDie(postgres: string, redis: string, strict: boolean, name: string) {
    const cache = createCache({ tiers: [redisStore(redis)], namespace: 'strict' })
    const consistency = strict ? 'strict' : 'eventual'
    const db = cachedPool(new Pool({ connectionString: postgres }), {
      cache,
      scope: 'shop',
      consistency,
    })
    db.queries.use(deadly)
    const client = await db.connect()
    await client.query('BEGIN')
    await client.query('UPDATE users SET name = $1 WHERE id = 1', [name])
    await client.query('COMMIT')
  },
  /** The same over mysql2. */
  async commitAndDieMysql(mariadb: string, redis: string, strict: boolean, name: string) {
    const cache = createCache({ tiers: [redisStore(redis)], namespace: 'strict' })
    const consistency = strict ? 'strict' : 'eventual'
    const db = cachedMysql(mysql.createPool({ uri: mariadb }), {
      cache,
      scope: 'shop',
      consistency,
    })
    db.queries.use(deadly)
    // Before its tables are known, its write might be there before the COMMIT.
    await db.queries.explain({ sql: 'SELECT 1' })
    const connection = await db.getConnection()
    await connection.beginTransaction()
    await connection.query('UPDATE users SET name = ? WHERE id = 1', [name])
    await connection.commit()
  },
  /** Resolves when the steps before the COMMIT are done, and it is not sent yet. */
  atGate: () => atGate.promise,
  go: () => gate.resolve(),
}

/** What the test calls. */
export type StrictWriter = typeof service

serve(service)
