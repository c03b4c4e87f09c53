import { expect, test } from 'vitest'
import { memoryStore } from '../../adapters/memory/index.js'
import { redisBus, redisStore } from '../../adapters/redis/index.js'
import { createCache } from '../../index.js'
import type { BusSource } from '../../src/store/store.js'
import { startProxy } from '../support/proxy.js'
import { startRedis } from '../support/servers/index.js'
import { until } from '../support/until.js'

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

/**
 * Messages travel on a connection of their own, so one may arrive after something that happened later. What it says
 * of a tag's version is old by then; entries that were kept under it have been invalidated since.
 */
test('an announcement that comes late takes back no invalidation that came after it', async () => {
  await using server = await startRedis()
  const held: (() => void)[] = []
  let holding = false
  const late: BusSource = {
    open(context) {
      const bus = redisBus(server.url).open(context)
      return {
        publish: (text) => bus.publish(text),
        close: () => bus.close(),
        subscribe: (listener) =>
          bus.subscribe({
            up: () => listener.up(),
            down: (reason) => listener.down(reason),
            message: (text) => {
              if (holding) held.push(() => listener.message(text))
              else listener.message(text)
            },
          }),
      }
    },
  }
  const open = (options: { readonly bus?: BusSource } = {}) =>
    createCache({
      namespace: 'late',
      tiers: [memoryStore(), redisStore(server.url)],
      ...options,
    })
  await using first = open()
  await using second = open()
  await using third = open({ bus: late })
  let row = 1
  const read = (cache: typeof first, key = 'row') =>
    cache.getOrSet(key, () => row, { tags: ['t'], ttl: '1h' })
  for (const cache of [first, second, third]) await read(cache, 'other')

  holding = true
  await first.invalidateTags(['t'])
  expect(await read(second)).toBe(1)
  expect(await read(third)).toBe(1)
  row = 2
  await third.invalidateTags(['t'])
  await until('the first announcement has arrived', () => held.length > 0)
  for (const arrive of held) arrive()
  expect(await read(third)).toBe(2)
})
