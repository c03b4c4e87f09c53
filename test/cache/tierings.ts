import { afterAll, describe } from 'vitest'
import { memoryStore } from '../../adapters/memory/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { memcachedStore } from '../../adapters/memcached/index.js'
import { createCache, type Cache, type CacheOptions } from '../../index.js'
import type { Store } from '../../src/store/store.js'
import { startMemcached, startRedis, startRedisCluster } from '../support/servers/index.js'

/** One way to put stores in an order, on servers of its own. */
export interface Tiering {
  readonly name: string
  /** Another process, so to speak: a cache of its own over the same servers and the same namespace. */
  readonly open: (options?: CacheOptions) => Cache
  /** A namespace that no other test uses, from now on. */
  readonly fresh: () => void
  /** True when process memory is one of the tiers. */
  readonly memory: boolean
  /** True when other caches see what this one keeps. */
  readonly shared: boolean
}

interface Plan {
  readonly name: string
  readonly memory: boolean
  readonly shared: boolean
  readonly start: () => Promise<{
    readonly tiers: () => Store[]
    readonly stop: () => Promise<void>
  }>
}

/** These tests are about answers; what a deadline is for has tests of its own, and a busy machine should fail none of these. */
const PATIENT = { deadline: '5s', connectTimeout: '5s' } as const

const PLANS: readonly Plan[] = [
  {
    name: 'memory',
    memory: true,
    shared: false,
    start: async () => ({ tiers: () => [memoryStore()], stop: async () => {} }),
  },
  {
    name: 'redis',
    memory: false,
    shared: true,
    start: async () => {
      const server = await startRedis()
      return { tiers: () => [redisStore(server.url, PATIENT)], stop: () => server.stop() }
    },
  },
  {
    name: 'memory + redis',
    memory: true,
    shared: true,
    start: async () => {
      const server = await startRedis()
      return {
        tiers: () => [memoryStore(), redisStore(server.url, PATIENT)],
        stop: () => server.stop(),
      }
    },
  },
  {
    name: 'memcached',
    memory: false,
    shared: true,
    start: async () => {
      const servers = await Promise.all([startMemcached(), startMemcached()])
      const addresses = servers.map(({ host, port }) => `${host}:${port}`).join()
      return {
        tiers: () => [memcachedStore(addresses, PATIENT)],
        stop: async () => void (await Promise.all(servers.map((server) => server.stop()))),
      }
    },
  },
  {
    name: 'memory + redis cluster',
    memory: true,
    shared: true,
    start: async () => {
      const cluster = await startRedisCluster()
      return {
        tiers: () => [memoryStore(), redisStore({ cluster: cluster.startupNodes }, PATIENT)],
        stop: () => cluster.stop(),
      }
    },
  },
  {
    name: 'memory + redis + memcached',
    memory: true,
    shared: true,
    start: async () => {
      const redis = await startRedis()
      const memcached = await startMemcached()
      return {
        tiers: () => [
          memoryStore(),
          redisStore(redis.url, PATIENT),
          memcachedStore(`${memcached.host}:${memcached.port}`, PATIENT),
        ],
        stop: async () => void (await Promise.all([redis.stop(), memcached.stop()])),
      }
    },
  },
]

let namespaces = 0

/** Runs a suite on every tiering, each with real servers of its own that are gone afterwards. */
export function describeTierings(name: string, suite: (tiering: Tiering) => void): void {
  for (const plan of PLANS) {
    describe(`${name}, ${plan.name}`, async () => {
      const { tiers, stop } = await plan.start()
      let namespace = `t${process.pid}-${++namespaces}`
      afterAll(stop)
      suite({
        name: plan.name,
        memory: plan.memory,
        shared: plan.shared,
        open: (options = {}) => createCache({ namespace, tiers: tiers(), ...options }),
        fresh: () => {
          namespace = `t${process.pid}-${++namespaces}`
        },
      })
    })
  }
}
