import { createCache, type Cache } from 'keepfresh'
import { memcachedStore } from 'keepfresh/memcached'
import { memoryStore } from 'keepfresh/memory'
import { defineObject } from 'keepfresh/object'
import { redisStore } from 'keepfresh/redis'
import type { Claim, Row, Scenario } from '../lib/scenario.js'
import { commandsDuring } from '../lib/servers.js'
import { spreadOf } from '../lib/statistics.js'

const parts = {
  price: { load: (id: number) => ({ amount: id, currency: 'EUR' }) },
  description: { load: (id: number) => ({ handle: `lamp-${id}`, text: 'x'.repeat(60) }) },
  images: { load: (id: number) => [`${id}-front.png`, `${id}-back.png`] },
  reviews: { load: (id: number) => [{ stars: 5, text: `I like lamp ${id}` }] },
} as const

const COUNT = 1_000

/** The same value as one plain entry, so that only the way to it differs. */
const whole = (id: number): object => ({
  price: parts.price.load(id),
  description: parts.description.load(id),
  images: parts.images.load(id),
  reviews: parts.reviews.load(id),
})

async function perCall(calls: number, call: (id: number) => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  for (let n = 0; n < calls; n++) await call(n % COUNT)
  return ((performance.now() - begun) / calls) * 1e6
}

export const objects: Scenario = {
  kind: 'other',
  name: 'objects',
  asks: 'What does a hit on an object of four parts cost, beside one plain entry of the same size?',
  async run(bench) {
    const rounds = bench.isQuick ? 1 : 21
    const redis = await bench.servers.redis()
    const memcached = await bench.servers.memcached()
    const caches: readonly (readonly [string, number, Cache])[] = [
      ['memory', 20_000, createCache({ tiers: [memoryStore()], ttl: '1h' })],
      ['redis', 200, createCache({ tiers: [redisStore(redis.url)], ttl: '1h' })],
      ['memcached', 200, createCache({ tiers: [memcachedStore(memcached.url)], ttl: '1h' })],
    ]
    const rows: Row[] = []
    const claims: Claim[] = []
    const data: object[] = []
    let ours = 0
    const ids = Array.from({ length: COUNT }, (_, id) => id)
    for (const [name, most, cache] of caches) {
      const calls = bench.isQuick ? 50 : most
      const products = defineObject(cache, 'Product', { parts })
      await products.getMany(ids)
      await cache.getOrSetMany(ids, (missing) => missing.map(whole), { key: (id) => `plain:${id}` })
      const before = cache.stats().loads
      const ratios: number[] = []
      const times: number[] = []
      for (let round = 0; round < rounds; round++) {
        const plain = await perCall(calls, (id) => cache.getOrSet(`plain:${id}`, () => whole(id)))
        const object = await perCall(calls, (id) => products.get(id))
        ratios.push(object / plain)
        times.push(object)
      }
      const ratio = spreadOf(ratios)
      rows.push({
        name: `${name}, one object`,
        cells: [
          `${spreadOf(times).median.toFixed(0)} ns`,
          `${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)})`,
        ],
        plotted: ratio.median,
      })
      ours = Math.max(ours, ratio.median)
      claims.push({
        claim: `${name}: nothing is loaded for what is kept`,
        holds: cache.stats().loads === before,
      })
      data.push({ name, ratio })
    }
    const [, , cache] = caches[1]!
    const products = defineObject(cache, 'Product', { parts })
    const { total } = await commandsDuring(redis, async () => void (await products.getMany(ids)))
    claims.push({
      // At most 500 names go into one command, and the tags of what was read are names too.
      claim: `1,000 objects from Redis take a handful of commands, sent together (${total})`,
      holds: total <= 5,
    })
    const factors: number[] = []
    for (let round = 0; round < Math.min(rounds, 7); round++) {
      const begun = performance.now()
      for (const id of ids) await cache.getOrSet(`plain:${id}`, () => whole(id))
      const loop = performance.now() - begun
      const second = performance.now()
      await products.getMany(ids)
      factors.push(loop / (performance.now() - second))
    }
    const factor = spreadOf(factors)
    rows.push({
      name: 'redis, 1,000 objects by getMany, beside a loop of getOrSet',
      cells: [
        '',
        `${factor.median.toFixed(1)} times as fast (${factor.low.toFixed(1)}–${factor.high.toFixed(1)})`,
      ],
      plotted: undefined,
    })
    await Promise.all(caches.map(([, , one]) => one.close()))
    return {
      columns: ['time', 'to a plain entry'],
      rows,
      plots: 'times a plain entry',
      verdicts: [{ ours, target: { atMost: 1.3, unit: 'ratio' } }],
      claims,
      data,
    }
  },
}
