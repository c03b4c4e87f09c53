/** A process that counts up rows through the cached pool, as fast as it can, until it is killed. */
import { Pool } from 'pg'
import { createCache } from '../../index.js'
import { cachedPool } from '../../adapters/pg/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { serve } from '../support/processes.js'

const service = {
  count(postgres: string, redis: string, consistency: 'eventual' | 'strict', rows: number) {
    const cache = createCache({ tiers: [redisStore(redis)], namespace: 'counting' })
    const db = cachedPool(new Pool({ connectionString: postgres }), {
      cache,
      scope: 'shop',
      consistency,
      markFor: 2_000,
    })
    const up = async (): Promise<void> => {
      for (;;) {
        const id = 1 + Math.floor(Math.random() * rows)
        if (Math.random() < 0.5) {
          await db.query('UPDATE counters SET n = n + 1 WHERE id = $1', [id])
          continue
        }
        const client = await db.connect()
        await client.query('BEGIN')
        await client.query('UPDATE counters SET n = n + 1 WHERE id = $1', [id])
        await client.query('COMMIT')
        client.release()
      }
    }
    void up()
  },
}

/** What the test calls. */
export type CountingWriter = typeof service

serve(service)
