import type { BusSource, Store } from '../../src/store/store.js'
import { type RedisStoreOptions, resolveOptions } from './options.js'
import { openBus, openStore } from './store.js'
import { planFor, type RedisTarget } from './target.js'

export type { ClusterInstance, NatMap, RedisInstance } from './client.js'
export type { RedisStoreOptions } from './options.js'
export type { ClusterNode, ClusterTarget, RedisConnectionOptions, RedisTarget } from './target.js'

/**
 * A tier in Redis: one server, the master that Sentinels name, or a cluster. Carries announcements between processes too.
 *
 * Connections open at first use, two per cache and server: one for commands, one that listens. A client of the
 * application lends its options only: it is not sent through, not listened to and not closed.
 *
 * The package `ioredis` (5 or 6) is needed when a connection opens: operations fail with `CACHE_PEER_MISSING` without it.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for a target or an option that is not what is documented.
 */
export function redisStore(target?: RedisTarget, options: RedisStoreOptions = {}): Store {
  const plan = planFor(target)
  const resolved = resolveOptions(options)
  return { name: 'redis', open: (context) => openStore(plan, resolved, context) }
}

/**
 * What carries announcements between processes, for caches whose entries are elsewhere. A cache with `redisStore`
 * has it already.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` as `redisStore` does.
 */
export function redisBus(target?: RedisTarget, options: RedisStoreOptions = {}): BusSource {
  const plan = planFor(target)
  const resolved = resolveOptions(options)
  return { open: (context) => openBus(plan, resolved, context) }
}
