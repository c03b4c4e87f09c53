import { LRUCache } from 'lru-cache'
import { TTL_MS, type Contender } from '../lib/contender.js'

/** The floor of process memory: one async function, one lookup, nothing else. Its callers share what is kept. */
export const lruCache: Contender = {
  name: 'lru-cache',
  packages: ['lru-cache'],
  isPeer: false,
  can: ['memory'],
  async open({ maxEntries, load }) {
    const cache = new LRUCache<string, object>({ max: maxEntries, ttl: TTL_MS })
    return {
      async read(key) {
        const kept = cache.get(key)
        if (kept !== undefined) return kept
        const value = await load(key)
        cache.set(key, value)
        return value
      },
      async close() {
        cache.clear()
      },
    }
  },
}
