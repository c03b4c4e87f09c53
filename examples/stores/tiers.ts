/** Process memory in front of Redis: hits cost no round trip, and memory follows the other processes. */
import { createCache } from 'keepfresh'
import { memoryStore } from 'keepfresh/memory'
import { redisStore } from 'keepfresh/redis'

const url = process.env['REDIS_URL'] ?? 'redis://localhost:6379'
const open = () => createCache({ namespace: 'examples', tiers: [memoryStore(), redisStore(url)] })
await using here = open()
await using there = open() // stands for another process

let price = 10
const read = (cache: typeof here) =>
  cache.getOrSet('price', () => price, { ttl: '1h', tags: ['prices'] })

await read(here)
await read(there)
await read(there)
console.log('there, answered by', there.stats().hitsByTier)

const heard = new Promise((resolve) => there.on('invalidate', resolve))
price = 12
await here.invalidateTags(['prices'])
await heard
console.log(`there, after a change here: ${await read(there)}`)
