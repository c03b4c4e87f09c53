import { Redis } from 'ioredis'
import { TTL_MS, type Contender, type Place } from '../lib/contender.js'
import { loadPeer } from '../peers/load.js'

interface Cache {
  define(name: string, options: object, load: (key: string) => Promise<unknown>): void
  fetch(key: string): Promise<unknown>
  invalidateAll(references: readonly string[]): Promise<unknown>
}
/** Its README: one storage, memory or the application's ioredis client; references where tags are asked for. */
export const asyncCacheDedupe: Contender = {
  name: 'async-cache-dedupe',
  packages: ['async-cache-dedupe'],
  isPeer: true,
  can: ['memory', 'redis', 'tags'],
  async open({ place, maxEntries, tags, load }) {
    const { createCache } = await loadPeer<{ readonly createCache: (options: object) => Cache }>(
      'async-cache-dedupe',
    )
    const ttl = TTL_MS / 1_000
    const invalidation = tags.length > 0
    const client =
      place.kind === 'memory' ? undefined : new Redis((place as Place & { kind: 'redis' }).url)
    const storage =
      client === undefined
        ? { type: 'memory', options: { size: maxEntries, invalidation } }
        : {
            type: 'redis',
            options: { client, ...(invalidation ? { invalidation: { referencesTTL: ttl } } : {}) },
          }
    const cache = createCache({ ttl, stale: 0, storage })
    cache.define('fetch', invalidation ? { references: () => tags } : {}, load)
    return {
      read: (key) => cache.fetch(key),
      invalidate: (tag) => cache.invalidateAll([tag]),
      close: async () => client?.quit(),
    }
  },
}
