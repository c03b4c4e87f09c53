/** One process: entries are bounded, and what is kept cannot be spoiled by a reader. */
import { createCache } from 'keepfresh'
import { memoryStore } from 'keepfresh/memory'

await using cache = createCache({ tiers: [memoryStore({ maxEntries: 1000, maxBytes: '16mb' })] })

const menu = () => cache.getOrSet('menu', () => ({ dishes: ['soup', 'pie'] }), { ttl: '1h' })

const first = await menu()
try {
  first.dishes.push('rubbish')
} catch {
  console.log('what is kept is frozen')
}
console.log((await menu()).dishes.join(' and '))

const { hits, misses, entries } = cache.stats()
console.log(`${hits} hit, ${misses} miss, ${entries} entry`)
