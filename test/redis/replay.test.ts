import { expect, test } from 'vitest'
import { redisStore } from '../../adapters/redis/index.js'
import { createCache } from '../../index.js'
import { startProxy } from '../support/proxy.js'
import { startRedis } from '../support/servers/index.js'

/**
 * An invalidation that was carried out, though nobody heard so, is delivered again later. What came between belongs
 * to the version it set the first time; another invalidation has replaced that since, and a repetition with the same
 * version would give it back.
 */
test('an invalidation that is repeated takes back none that came between', async () => {
  await using server = await startRedis()
  await using proxy = await startProxy(server)
  const cacheOn = (port: number) =>
    createCache({
      namespace: 'replay',
      tiers: [redisStore(`redis://127.0.0.1:${port}`, { deadline: 100, retryAtMost: 200 })],
    })
  await using unheard = cacheOn(proxy.port)
  await using other = cacheOn(server.port)
  unheard.on('error', () => {})
  let row = 1
  const read = (cache: typeof other) => cache.getOrSet('row', () => row, { tags: ['t'], ttl: '1h' })
  expect(await read(unheard)).toBe(1)

  await proxy.holdAnswers()
  const { pending, delivered } = await unheard.invalidateTags(['t'])
  expect(pending).toBe(true)
  row = 2
  expect(await read(other)).toBe(2)
  row = 3
  await other.invalidateTags(['t'])

  await proxy.pass()
  await delivered
  await using third = cacheOn(server.port)
  expect(await read(third)).toBe(3)
})
