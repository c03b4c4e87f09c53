import { Pool } from 'pg'
import { memoryStore } from '../../adapters/memory/index.js'
import { memcachedStore } from '../../adapters/memcached/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { createCache } from '../../index.js'
import type { RemoteStore, Store } from '../../src/store/store.js'
import { recordHistory, type HistoryRecord } from '../../src/testing/index.js'
import { serve } from '../support/processes.js'

export interface Topology {
  readonly memory: boolean
  readonly redis?: string
  readonly cluster?: readonly { readonly host: string; readonly port: number }[]
  readonly memcached?: string
  /** Takes a protection out: fills whether or not the lease is still there. */
  readonly ignoreLeases?: boolean
}

export interface Job {
  readonly process: string
  readonly topology: Topology
  readonly database: string
  readonly namespace: string
  readonly subjects: readonly string[]
  readonly forMs: number
}

const OPTIONS = { deadline: 150, connectTimeout: 400, retryAtMost: 200 }

function storeOf({ redis, cluster, memcached }: Topology): Store {
  const options = { ...OPTIONS, heartbeat: 300 }
  if (cluster) return redisStore({ cluster }, options)
  if (redis !== undefined) return redisStore(redis, options)
  return memcachedStore(memcached, { deadline: 150, connectTimeout: 400 })
}

/** The same store, but a fill is a plain write. */
function withoutLeases(store: Store): Store {
  return {
    name: store.name,
    open(context): RemoteStore {
      const opened = store.open(context) as RemoteStore
      return {
        ...opened,
        async fill(fills, tags) {
          const { written, state } = await opened.write(fills, tags, undefined)
          return { filled: written.map((error) => error === undefined), state }
        },
      }
    },
  }
}

export type HistoryService = typeof service
const service = {
  async run(job: Job): Promise<readonly HistoryRecord[]> {
    const { topology, namespace } = job
    const pool = new Pool({ connectionString: job.database, max: 8 })
    const remote = storeOf(topology)
    const cache = createCache({
      namespace,
      tiers: [
        ...(topology.memory ? [memoryStore()] : []),
        topology.ignoreLeases ? withoutLeases(remote) : remote,
      ],
      lease: 400,
      lockWait: 600,
      closeTimeout: 3_000,
    })
    const source = {
      async read(subject: string): Promise<number> {
        const { rows } = await pool.query('select version from counter where id = $1', [subject])
        return (rows as { version: number }[])[0]!.version
      },
      async increase(subject: string): Promise<number> {
        const { rows } = await pool.query(
          'update counter set version = version + 1 where id = $1 returning version',
          [subject],
        )
        return (rows as { version: number }[])[0]!.version
      },
    }
    try {
      return await recordHistory(cache, source, job)
    } finally {
      await cache.close()
      await pool.end()
    }
  },
}
serve(service)
