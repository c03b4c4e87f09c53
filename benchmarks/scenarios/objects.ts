import { createCache, type Cache } from 'keepfresh'
import { memcachedStore } from 'keepfresh/memcached'
import { memoryStore } from 'keepfresh/memory'
import { defineObject } from 'keepfresh/object'
import { redisStore } from 'keepfresh/redis'
import { inTurns, oneByOne, type Loop } from '../lib/loops.js'
import type { Claim, Row, Scenario } from '../lib/scenario.js'
import { commandsDuring } from '../lib/servers.js'
import { inBrackets, spreadOf } from '../lib/statistics.js'
import { time } from '../lib/turns.js'

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

/** One object after the other, round and round. */
function eachId(ask: (id: number) => Promise<unknown>): Loop {
  let n = 0
  return oneByOne(() => ask(n++ % COUNT))
}

export const objects: Scenario = {
  kind: 'other',
  name: 'objects',
  asks: 'What does a hit on an object of four parts cost, beside one plain entry of the same size?',
  async run(bench) {
    const looking = bench.isQuick ? { rounds: 1, roundMs: 1 } : { rounds: 31, roundMs: 20 }
    const redis = await bench.servers.redis()
    const memcached = await bench.servers.memcached()
    const caches: readonly (readonly [string, Cache])[] = [
      ['memory', createCache({ tiers: [memoryStore()], ttl: '1h' })],
      ['redis', createCache({ tiers: [redisStore(redis.url)], ttl: '1h' })],
      ['memcached', createCache({ tiers: [memcachedStore(memcached.url)], ttl: '1h' })],
    ]
    const rows: Row[] = []
    const claims: Claim[] = []
    const data: object[] = []
    let ours = 0
    const ids = Array.from({ length: COUNT }, (_, id) => id)
    for (const [name, cache] of caches) {
      const products = defineObject(cache, 'Product', { parts })
      await products.getMany(ids)
      await cache.getOrSetMany(ids, (missing) => missing.map(whole), { key: (id) => `plain:${id}` })
      const before = cache.stats().loads
      const [plain, object] = (await inTurns(
        [
          eachId((id) => cache.getOrSet(`plain:${id}`, () => whole(id))),
          eachId((id) => products.get(id)),
        ],
        // Memory waits for nothing, so who else wants the core need not count.
        { ...looking, clock: name === 'memory' ? 'cpu' : 'wall' },
      )) as [number[], number[]]
      const ratio = spreadOf(object.map((ns, n) => ns / plain[n]!))
      rows.push({
        name: `${name}, one object`,
        cells: [time(spreadOf(object).median), inBrackets(ratio)],
        plotted: ratio.median,
      })
      ours = Math.max(ours, ratio.median)
      claims.push({
        claim: `${name}: nothing is loaded for what is kept`,
        holds: cache.stats().loads === before,
      })
      data.push({ name, ratio })
    }
    const [, cache] = caches[1]!
    const products = defineObject(cache, 'Product', { parts })
    const { total } = await commandsDuring(redis, async () => void (await products.getMany(ids)))
    claims.push({
      // At most 500 names go into one command, and the tags of what was read are names too.
      claim: `1,000 objects from Redis take a handful of commands, sent together (${total})`,
      holds: total <= 5,
    })
    const [looped, gathered] = (await inTurns(
      [
        oneByOne(async () => {
          for (const id of ids) await cache.getOrSet(`plain:${id}`, () => whole(id))
        }),
        oneByOne(() => products.getMany(ids)),
      ],
      { ...looking, rounds: Math.min(looking.rounds, 7) },
    )) as [number[], number[]]
    const factor = spreadOf(looped.map((ns, n) => ns / gathered[n]!))
    rows.push({
      name: 'redis, 1,000 objects by getMany, beside a loop of getOrSet',
      cells: [
        '',
        `${factor.median.toFixed(1)} times as fast (${factor.low.toFixed(1)}–${factor.high.toFixed(1)})`,
      ],
      plotted: undefined,
    })
    await Promise.all(caches.map(([, one]) => one.close()))
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
