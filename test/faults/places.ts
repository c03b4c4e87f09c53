import { memoryStore } from '../../adapters/memory/index.js'
import { memcachedStore } from '../../adapters/memcached/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import type { Store } from '../../src/store/store.js'
import { startProxy, type Proxy } from '../support/proxy.js'
import {
  startMemcached,
  startRedis,
  startRedisCluster,
  startSentinel,
  type MemcachedServer,
  type RedisServer,
} from '../support/servers/index.js'

/** How long a store may take to answer, ms: what each read may cost while the server's circuit is still closed. */
export const DEADLINE_MS = 250

const REDIS = { deadline: DEADLINE_MS, connectTimeout: 500, heartbeat: 300, retryAtMost: 300 }
const MEMCACHED = { deadline: DEADLINE_MS, connectTimeout: 500 }

/** Stores on servers of their own, each behind a proxy, so that anything can happen to them. */
export interface Place extends AsyncDisposable {
  readonly kind: 'redis' | 'memcached' | 'cluster' | 'sentinel'
  readonly tiers: () => Store[]
  /** Those that hold data. */
  readonly redis: readonly RedisServer[]
  readonly memcached: readonly MemcachedServer[]
  readonly proxies: readonly Proxy[]
}

export interface PlaceKind {
  readonly name: string
  readonly kind: Place['kind']
  readonly memory: boolean
  readonly start: () => Promise<Place>
}

const oneRedis = async (memory: boolean): Promise<Place> => {
  const server = await startRedis()
  const proxy = await startProxy(server)
  return {
    kind: 'redis',
    tiers: () => [
      ...(memory ? [memoryStore()] : []),
      redisStore(`redis://127.0.0.1:${proxy.port}`, REDIS),
    ],
    redis: [server],
    memcached: [],
    proxies: [proxy],
    [Symbol.asyncDispose]: async () => {
      await proxy.stop()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** Where clients find the proxy of a server that is told by its own address. */
async function mapped(
  servers: readonly { readonly port: number }[],
): Promise<{ proxies: Proxy[]; natMap: Record<string, { host: string; port: number }> }> {
  const proxies = await Promise.all(servers.map((server) => startProxy(server)))
  const natMap = Object.fromEntries(
    servers.map(({ port }, index) => [
      `127.0.0.1:${port}`,
      { host: '127.0.0.1', port: proxies[index]!.port },
    ]),
  )
  return { proxies, natMap }
}

export const PLACES: readonly PlaceKind[] = [
  { name: 'Redis', kind: 'redis', memory: false, start: () => oneRedis(false) },
  { name: 'memory + Redis', kind: 'redis', memory: true, start: () => oneRedis(true) },
  {
    name: 'Memcached',
    kind: 'memcached',
    memory: false,
    start: async () => {
      const server = await startMemcached()
      const proxy = await startProxy(server)
      return {
        kind: 'memcached',
        tiers: () => [memcachedStore(`127.0.0.1:${proxy.port}`, MEMCACHED)],
        redis: [],
        memcached: [server],
        proxies: [proxy],
        [Symbol.asyncDispose]: async () => {
          await proxy.stop()
          await server[Symbol.asyncDispose]()
        },
      }
    },
  },
  {
    name: 'memory + Redis Cluster',
    kind: 'cluster',
    memory: true,
    start: async () => {
      const cluster = await startRedisCluster()
      const { proxies, natMap } = await mapped(cluster.nodes)
      return {
        kind: 'cluster',
        tiers: () => [
          memoryStore(),
          redisStore(
            { cluster: proxies.map(({ port }) => ({ host: '127.0.0.1', port })), natMap },
            REDIS,
          ),
        ],
        redis: cluster.nodes,
        memcached: [],
        proxies,
        [Symbol.asyncDispose]: async () => {
          await Promise.all(proxies.map((proxy) => proxy.stop()))
          await cluster.stop()
        },
      }
    },
  },
  {
    name: 'memory + Redis with Sentinel',
    kind: 'sentinel',
    memory: true,
    start: async () => {
      const setup = await startSentinel()
      const servers = [setup.master, ...setup.replicas]
      const { proxies, natMap } = await mapped(servers)
      return {
        kind: 'sentinel',
        tiers: () => [
          memoryStore(),
          redisStore({ sentinels: [...setup.startupNodes], name: setup.name, natMap }, REDIS),
        ],
        redis: servers,
        memcached: [],
        proxies,
        [Symbol.asyncDispose]: async () => {
          await Promise.all(proxies.map((proxy) => proxy.stop()))
          await setup.stop()
        },
      }
    },
  },
]
