import { createCache, type LoaderContext } from '../../index.js'
import { memcachedStore } from '../../adapters/memcached/index.js'
import { memoryStore } from '../../adapters/memory/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import type { Store } from '../../src/store/store.js'
import { TTL_MS, type Contender, type Place } from '../lib/contender.js'

/** As docs/stores.md says, with the defaults, and the loader as docs/performance.md does. */
export const keepfresh: Contender = {
  name: 'keepfresh',
  packages: [],
  isPeer: false,
  can: ['memory', 'redis', 'memcached', 'tiers', 'many', 'tags'],
  async open({ place, maxEntries, tags, load }) {
    const memory = memoryStore({ maxEntries, maxBytes: '1gb' })
    const cache = createCache({ tiers: tiersOf(place, memory), ttl: TTL_MS })
    cache.on('error', ({ error }) => console.error(error))
    const options = tags.length > 0 ? { tags } : undefined
    const loader = ({ key }: LoaderContext) => load(key)
    return {
      read: (key) => cache.getOrSet(key, loader, options),
      readMany: (keys) => cache.getMany(keys, options),
      invalidate: (tag) => cache.invalidateTags(tag),
      close: () => cache.close(),
    }
  },
}

function tiersOf(place: Place, memory: Store): readonly Store[] {
  if (place.kind === 'memory') return [memory]
  if (place.kind === 'memcached') return [memcachedStore(place.servers)]
  return place.kind === 'redis' ? [redisStore(place.url)] : [memory, redisStore(place.url)]
}
