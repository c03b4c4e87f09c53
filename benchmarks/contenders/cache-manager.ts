import { TTL_MS, type Contender, type Place } from '../lib/contender.js'
import { loadPeer } from '../peers/load.js'

interface Cache {
  wrap(key: string, load: () => Promise<unknown>): Promise<unknown>
  mget(keys: readonly string[]): Promise<unknown[]>
  disconnect(): Promise<unknown>
}
interface Main {
  readonly createCache: (options: { stores: unknown[]; ttl: number }) => Cache
}

/**
 * https://cachemanager.org: stores are Keyv over CacheableMemory and over @keyv/redis, as its README has it. Keyv is of the
 * major version that all three of them ask for.
 */
export const cacheManager: Contender = {
  name: 'cache-manager',
  packages: ['cache-manager', 'keyv', '@keyv/redis', 'cacheable'],
  isPeer: true,
  can: ['memory', 'redis', 'tiers', 'many'],
  async open({ place, maxEntries, load }) {
    const { createCache } = await loadPeer<Main>('cache-manager')
    const memory = await loadPeer<{ readonly createKeyv: (options: object) => unknown }>(
      'cacheable',
    )
    const redis = await loadPeer<{ readonly createKeyv: (url: string) => unknown }>('@keyv/redis')
    const stores: unknown[] = []
    if (place.kind !== 'redis') {
      stores.push(memory.createKeyv({ ttl: TTL_MS, lruSize: Math.min(maxEntries, 16_777_216) }))
    }
    if (place.kind !== 'memory') {
      stores.push(redis.createKeyv((place as Place & { kind: 'redis' }).url))
    }
    const cache = createCache({ stores, ttl: TTL_MS })
    return {
      read: (key) => cache.wrap(key, () => load(key)),
      readMany: (keys) => cache.mget(keys),
      close: () => cache.disconnect(),
    }
  },
}
