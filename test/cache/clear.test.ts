import { expect, it } from 'vitest'
import { redisStore } from '../../adapters/redis/index.js'
import { createCache } from '../../index.js'
import { startRedis } from '../support/servers/index.js'

it('keeps what is set right after a clear, while the space of what went is taken back', async () => {
  await using server = await startRedis()
  await using cache = createCache({
    namespace: 'cleared',
    tiers: [redisStore(server.url, { deadline: '5s' })],
  })
  for (let round = 0; round < 40; round++) {
    const keys = Array.from({ length: 40 }, (_, n) => `${round}:${n}`)
    await cache.setMany(keys.map((key) => [key, round]))
    await cache.clear()
    // One after the other, so that some are written between the look at an entry and its removal.
    for (const key of keys) await cache.set(key, round)
    for (let look = 0; look < 3; look++) {
      expect(await cache.getMany(keys)).toEqual(keys.map(() => round))
    }
  }
})
