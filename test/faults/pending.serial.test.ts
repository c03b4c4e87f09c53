/**
 * Invalidations while a store, or the way to it, is lost: they hold at once for the process that made them, are kept,
 * and reach the others before that process believes the store again.
 */
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { memoryStore } from '../../adapters/memory/index.js'
import { memcachedStore } from '../../adapters/memcached/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { createCache, type Cache, type CacheOptions, type Receipt } from '../../index.js'
import type { Store } from '../../src/store/store.js'
import { startProxy, type Proxy } from '../support/proxy.js'
import { startMemcached, startRedis, type Server } from '../support/servers/index.js'
import { until } from '../support/until.js'

const REDIS = { deadline: 200, connectTimeout: 400, heartbeat: 200, retryAtMost: 200 }
const MEMCACHED = { deadline: 200, connectTimeout: 400 }

interface Kind {
  readonly name: string
  readonly start: () => Promise<Server>
  readonly tiers: (port: number) => Store[]
}

const KINDS: readonly Kind[] = [
  {
    name: 'Redis',
    start: () => startRedis(),
    tiers: (port) => [redisStore(`redis://127.0.0.1:${port}`, REDIS)],
  },
  {
    name: 'memory + Redis',
    start: () => startRedis(),
    tiers: (port) => [memoryStore(), redisStore(`redis://127.0.0.1:${port}`, REDIS)],
  },
  {
    name: 'Memcached',
    start: () => startMemcached(),
    tiers: (port) => [memcachedStore(`127.0.0.1:${port}`, MEMCACHED)],
  },
]

const CHANGES: Record<string, (cache: Cache) => Promise<Receipt>> = {
  'a deletion': (cache) => cache.delete('k'),
  'an invalidation of a tag': (cache) => cache.invalidateTags('t'),
  'a clearing': (cache) => cache.clear(),
  'a new value': (cache) => cache.set('k', 2, { tags: ['t'] }),
}

let namespaces = 0

for (const kind of KINDS) {
  describe(`${kind.name}, with one of two processes cut off`, () => {
    let server: Server
    let way: Proxy
    let row: number
    let cut: Cache
    let other: Cache
    beforeAll(async () => {
      server = await kind.start()
      way = await startProxy(server)
    })
    afterAll(async () => {
      await way.stop()
      await server[Symbol.asyncDispose]()
    })
    const open = (port: number, options: CacheOptions = {}): Cache => {
      const cache = createCache({
        namespace: `pending-${process.pid}-${namespaces}`,
        tiers: kind.tiers(port),
        ttl: '1h',
        closeTimeout: 100,
        ...options,
      })
      onTestFinished(() => cache.close())
      return cache
    }
    const read = (cache: Cache): Promise<number> =>
      cache.getOrSet('k', async () => row, { tags: ['t'] })
    beforeEach(async () => {
      await way.pass()
      namespaces++
      row = 1
      cut = open(way.port)
      other = open(server.port)
      expect(await read(cut)).toBe(1)
      expect(await read(other)).toBe(1)
    })

    for (const [what, change] of Object.entries(CHANGES)) {
      for (const [how, fault] of [
        ['refuses', (proxy: Proxy) => proxy.refuse()],
        ['is silent', (proxy: Proxy) => proxy.blackhole()],
      ] as const) {
        test(`${what} is pending while the way ${how}, holds here, and reaches the others after the heal`, async () => {
          await fault(way)
          row = 2
          const receipt = await change(cut)
          expect(receipt.pending).toBe(true)
          expect(cut.stats().pending).toBeGreaterThan(0)
          expect(await read(cut)).toBe(2)
          // The other has not been told, and cannot be: that is the partition.
          await way.pass()
          const seen: number[] = []
          const reads = (async () => {
            while (cut.stats().pending > 0) {
              seen.push(await read(cut))
              await setImmediate()
            }
          })()
          await receipt.delivered
          await reads
          expect(new Set([...seen, await read(cut)])).toEqual(new Set([2]))
          if (kind.name === 'memory + Redis') {
            await until('the message has arrived', async () => (await read(other)) === 2)
          }
          expect(await read(other)).toBe(2)
        })
      }
    }

    test('many invalidations of few keys and tags are kept once each', async () => {
      await way.refuse()
      for (let n = 0; n < 2_000; n++) {
        await cut.delete(['key', n % 10])
        await cut.invalidateTags(`tag-${n % 5}`)
      }
      expect(cut.stats().pending).toBe(15)
    })

    test('past maxPending, everything is invalidated at recovery instead of each', async () => {
      const few = open(way.port, { maxPending: 100 })
      await few.getOrSet('first', () => 1)
      expect(await other.getOrSet('untouched', () => 'before')).toBe('before')
      await way.refuse()
      let receipt: Receipt | undefined
      let most = 0
      for (let n = 0; n < 5_000; n++) {
        receipt = await few.delete(['some', n])
        most = Math.max(most, few.stats().pending)
      }
      expect(most).toBeLessThanOrEqual(100)
      expect(few.stats().pending).toBe(1)
      await way.pass()
      await receipt!.delivered
      if (kind.name === 'memory + Redis') {
        await until(
          'the message has arrived',
          async () => (await other.get('untouched')) !== 'before',
        )
      }
      expect(await other.getOrSet('untouched', () => 'after')).toBe('after')
    })

    test('who wants to know is told by a rejection, and it is delivered all the same', async () => {
      const strict = open(way.port, { onPending: 'reject' })
      expect(await read(strict)).toBe(1)
      await way.refuse()
      row = 2
      await expect(strict.delete('k')).rejects.toMatchObject({ code: 'CACHE_INVALIDATION_PENDING' })
      expect(await read(strict)).toBe(2)
      await way.pass()
      await until('it is delivered', () => strict.stats().pending === 0)
      await until('the other sees it', async () => (await read(other)) === 2)
    })

    test('a process that closes says what was not delivered', async () => {
      await way.refuse()
      const receipt = await cut.delete('k')
      const told = receipt.delivered.then(
        () => 'delivered',
        (error: { readonly code?: string }) => error.code,
      )
      await cut.close()
      expect(await told).toBe('CACHE_CLOSED')
      await expect(receipt.delivered).rejects.toMatchObject({ code: 'CACHE_CLOSED' })
    })
  })
}

describe('memory + Redis + Memcached, both cut off', () => {
  for (const order of [
    ['redis', 'memcached'],
    ['memcached', 'redis'],
  ] as const) {
    test(`the old value does not come back when ${order[0]} is back before ${order[1]}`, async () => {
      const servers = { redis: await startRedis(), memcached: await startMemcached() }
      const ways = {
        redis: await startProxy(servers.redis),
        memcached: await startProxy(servers.memcached),
      }
      onTestFinished(async () => {
        for (const way of Object.values(ways)) await way.stop()
        for (const server of Object.values(servers)) await server[Symbol.asyncDispose]()
      })
      const open = (at: { redis: { port: number }; memcached: { port: number } }): Cache => {
        const cache = createCache({
          namespace: 'order',
          closeTimeout: 100,
          tiers: [
            memoryStore(),
            redisStore(`redis://127.0.0.1:${at.redis.port}`, REDIS),
            memcachedStore(`127.0.0.1:${at.memcached.port}`, MEMCACHED),
          ],
        })
        onTestFinished(() => cache.close())
        return cache
      }
      const cut = open(ways)
      const other = open(servers)
      let row = 1
      const read = (cache: Cache) => cache.getOrSet('k', async () => row, { tags: ['t'] })
      expect([await read(cut), await read(other)]).toEqual([1, 1])
      for (const way of Object.values(ways)) await way.refuse()
      row = 2
      const receipts = [await cut.delete('k'), await cut.invalidateTags('t')]
      expect(receipts.map(({ pending }) => pending)).toEqual([true, true])
      for (const next of order) {
        expect(await read(cut)).toBe(2)
        await ways[next].pass()
        await until(`${next} is asked again`, async () => {
          expect(await read(cut)).toBe(2)
          return cut
            .stats()
            .servers.some(({ tier, circuit }) => tier === next && circuit === 'closed')
        })
      }
      await Promise.all(receipts.map(({ delivered }) => delivered))
      expect(await read(cut)).toBe(2)
      await until('the other hears of it', async () => (await read(other)) === 2)
    })
  }
})
