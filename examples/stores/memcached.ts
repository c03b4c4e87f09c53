/** Memcached, one server or several: `MEMCACHED_SERVERS=first:11211,second:11211`. */
import { createCache } from 'keepfresh'
import { memcachedStore } from 'keepfresh/memcached'

const servers = process.env['MEMCACHED_SERVERS'] ?? 'localhost:11211'
await using cache = createCache({ namespace: 'examples', tiers: [memcachedStore(servers)] })

const product = (id: number) =>
  cache.getOrSet(['product', id], () => ({ id, name: `Lamp ${id}` }), {
    ttl: '1h',
    tags: ['products', `product:${id}`],
  })

await Promise.all([product(1), product(2), product(3)])

// One small write, whichever servers the entries are on.
await cache.invalidateTags(['product:2'])
const kept = await cache.getMany([1, 2, 3].map((id) => ['product', id]))
console.log(`after one product changed: ${kept.filter(Boolean).length} of 3 are kept`)

await cache.invalidateTags(['products'])
const left = await cache.getMany([1, 2, 3].map((id) => ['product', id]))
console.log(`after all of them changed: ${left.filter(Boolean).length} of 3 are kept`)
