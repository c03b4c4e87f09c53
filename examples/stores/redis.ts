/** Several processes on one Redis: a key that all of them want at once is loaded once. */
import { createCache } from 'keepfresh'
import { redisStore } from 'keepfresh/redis'

const url = process.env['REDIS_URL'] ?? 'redis://localhost:6379'
const open = () => createCache({ namespace: 'examples', tiers: [redisStore(url)] })
await using here = open()
await using there = open() // stands for another process

let loads = 0
const report = async () => {
  loads++
  await new Promise((resolve) => setTimeout(resolve, 50))
  return { visitors: 1204 }
}

const both = await Promise.all(
  [here, there].map((cache) => cache.getOrSet('report', report, { ttl: '1m', tags: ['visits'] })),
)
console.log(`${both.map(({ visitors }) => visitors).join(' and ')}, loaded ${loads} time`)

await there.invalidateTags(['visits'])
console.log(`after the invalidation: ${String(await here.get('report'))}`)
