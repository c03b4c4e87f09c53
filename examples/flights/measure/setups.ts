/** The same board with each place to keep things that is at hand. */
import { type Cache, createCache } from 'keepfresh'
import { memcachedStore } from 'keepfresh/memcached'
import { memoryStore } from 'keepfresh/memory'
import { redisStore } from 'keepfresh/redis'
import { findMemcached, findRedis } from './servers.ts'

export interface Setup {
  readonly name: string
  /** True when web servers share what is kept, and hear of each other's changes. */
  readonly shared: boolean
  /** A cache of its own for each web server. */
  open(): Cache | undefined
}

export interface Setups {
  readonly setups: readonly Setup[]
  /** What was left out, and why: a sentence each. */
  readonly leftOut: readonly string[]
  /** Ends the servers that were started for this. */
  readonly stop: () => Promise<void>
}

/** How much process memory the board may take. */
const MEMORY = { maxBytes: '64mb' } as const
const NAMESPACE = 'flights'

export async function findSetups(): Promise<Setups> {
  const [redis, memcached] = await Promise.all([findRedis(), findMemcached()])
  const setups: Setup[] = [
    { name: 'no cache', shared: false, open: () => undefined },
    {
      name: 'memory',
      shared: false,
      open: () => createCache({ namespace: NAMESPACE, tiers: [memoryStore(MEMORY)] }),
    },
  ]
  const leftOut: string[] = []
  if ('missing' in memcached) {
    leftOut.push(`Memcached: ${memcached.missing}, and MEMCACHED_SERVERS is not set.`)
  } else {
    const { address } = memcached
    setups.push({
      name: 'Memcached',
      shared: true,
      open: () => createCache({ namespace: NAMESPACE, tiers: [memcachedStore(address)] }),
    })
  }
  if ('missing' in redis) {
    leftOut.push(`Redis: ${redis.missing}, and REDIS_URL is not set.`)
  } else {
    const { address } = redis
    setups.push(
      {
        name: 'Redis',
        shared: true,
        open: () => createCache({ namespace: NAMESPACE, tiers: [redisStore(address)] }),
      },
      {
        name: 'memory + Redis',
        shared: true,
        open: () =>
          createCache({ namespace: NAMESPACE, tiers: [memoryStore(MEMORY), redisStore(address)] }),
      },
    )
  }
  return {
    setups,
    leftOut,
    async stop() {
      for (const server of [redis, memcached]) if ('stop' in server) await server.stop()
    },
  }
}
