/** A writer that dies at a chosen moment, in a process of its own. */
import { Pool } from 'pg'
import { createCache } from '../../index.js'
import { cachedPool } from '../../adapters/pg/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { serve } from '../support/processes.js'

const atGate = Promise.withResolvers<void>()
const gate = Promise.withResolvers<void>()

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
    db.queries.use({
      async beforeCommit() {
        atGate.resolve()
        await gate.promise
      },
      afterCommit() {
        process.kill(process.pid, 'SIGKILL')
        return new Promise(() => {})
      },
    })
    const client = await db.connect()
    await client.query('BEGIN')
    await client.query('UPDATE users SET name = $1 WHERE id = 1', [name])
    await client.query('COMMIT')
  },
  /** Resolves when the steps before the COMMIT are done, and it is not sent yet. */
  atGate: () => atGate.promise,
  go: () => gate.resolve(),
}

/** What the test calls. */
export type StrictWriter = typeof service

serve(service)
