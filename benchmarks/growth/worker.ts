/** A cache that grows, in a process of its own; the parent counts what reaches the servers. */
import { createCache, type Cache } from '../../index.js'
import { memcachedStore } from '../../adapters/memcached/index.js'
import { memoryStore } from '../../adapters/memory/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import type { Store } from '../../src/store/store.js'
import { serve } from '../../test/support/processes.js'
import type { Place } from '../lib/contender.js'
import { spreadOf } from '../lib/statistics.js'
import { valueOf } from '../lib/value.js'
import { measureEntries } from './entries.js'

let cache: Cache
/** The same with process memory in front. */
let near: Cache
const heard = new Map<string, (at: number) => void>()
let failed: string | undefined
let loads = 0

function tiersOf(place: Place): readonly Store[] {
  const memory = memoryStore({ maxEntries: 50_000, maxBytes: '1gb' })
  switch (place.kind) {
    case 'memory':
      return [memory]
    case 'redis':
      return [redisStore(place.url, { deadline: '5s' })]
    case 'tiers':
      return [memory, redisStore(place.url, { deadline: '5s' })]
    default:
      return [memcachedStore(place.servers, { deadline: '5s' })]
  }
}

/** CPU time of this process per call, ns: the median of seven rounds of calls, so many at once. */
async function perCall(
  calls: number,
  atOnce: number,
  call: (n: number) => Promise<unknown>,
): Promise<number> {
  const rounds: number[] = []
  for (let round = -1; round < 7; round++) {
    const before = process.cpuUsage()
    for (let n = 0; n < calls; n += atOnce) {
      if (atOnce === 1) await call(n)
      else await Promise.all(Array.from({ length: atOnce }, (_, i) => call(n + i)))
    }
    const { user, system } = process.cpuUsage(before)
    if (round >= 0) rounds.push(((user + system) * 1e3) / calls)
  }
  return spreadOf(rounds).median
}

/** Wall time of one call, ms: the median of some. */
async function alone(call: (n: number) => Promise<unknown>, rounds = 9): Promise<number> {
  const times: number[] = []
  for (let n = -1; n < rounds; n++) {
    const start = performance.now()
    await call(n)
    if (n >= 0) times.push(performance.now() - start)
  }
  return spreadOf(times).median
}

const service = {
  open(place: Place, namespace: string): void {
    cache = createCache({ tiers: tiersOf(place), namespace, ttl: '1h' })
    cache.on('error', ({ error }) => (failed = String(error)))
  },

  /** The same, and another cache with process memory in front of the server, which is connected when this is done. */
  async openBoth(url: string, namespace: string): Promise<void> {
    service.open({ kind: 'redis', url }, namespace)
    near = createCache({ tiers: tiersOf({ kind: 'tiers', url }), namespace: `${namespace}-near` })
    near.on('invalidate', ({ tags = [] }) => {
      for (const tag of tags) heard.get(tag)?.(performance.timeOrigin + performance.now())
    })
    await near.get('anything')
  },

  entries: (count: number) => measureEntries(count, 's3-fifo'),

  /** Entries that carry three of so many tags, read; and one of the tags invalidated. */
  async tagged(
    tags: number,
    entries: number,
  ): Promise<{ readonly readNs: number; readonly invalidateMs: number }> {
    const keyOf = (n: number): string => `tagged:${tags}:${n % entries}`
    const tagsOf = (n: number): string[] =>
      [0, 1, 2].map((i) => `tag:${tags}:${((n % entries) * 3 + i) % tags}`)
    for (let n = 0; n < entries; n += 100) {
      await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          cache.set(keyOf(n + i), valueOf(n + i), { tags: tagsOf(n + i) }),
        ),
      )
    }
    const before = loads
    const read = (n: number): Promise<unknown> =>
      cache.getOrSet(keyOf(n), () => void loads++, { tags: tagsOf(n) })
    const readNs = await perCall(entries, 100, read)
    if (loads > before) throw new Error(`${loads - before} entries were not kept`)
    return { readNs, invalidateMs: await alone(() => cache.invalidateTags(`tag:${tags}:0`)) }
  },

  /** So many tags with one call, ms. */
  invalidate: (tags: number): Promise<number> =>
    alone((n) => cache.invalidateTags(Array.from({ length: tags }, (_, i) => `${n}:${i}`))),

  /** A value of about so many bytes of text, written and read; undefined where it cannot be kept. */
  async value(
    bytes: number,
    rounds: number,
  ): Promise<{ readonly writeMs: number; readonly readMs: number } | undefined> {
    const value = recordsOf(bytes)
    const text = JSON.stringify(value)
    const key = `value:${bytes}`
    failed = undefined
    await cache.set(key, value)
    if (JSON.stringify(await cache.get(key)) !== text) {
      if (failed === undefined)
        throw new Error(`${bytes} bytes: another value comes back, or none, and no event says so`)
      return undefined
    }
    const times = Math.max(1, Math.min(200, Math.round(100_000 / bytes)))
    const many = async (call: () => Promise<unknown>): Promise<void> => {
      for (let n = 0; n < times; n++) await call()
    }
    const writeMs = (await alone(() => many(() => cache.set(key, value)), rounds)) / times
    const readMs = (await alone(() => many(() => cache.get(key)), rounds)) / times
    return { writeMs, readMs }
  },

  /** Fills keys that all processes share. */
  async fill(keys: number): Promise<void> {
    for (let n = 0; n < keys; n++) await cache.getOrSet(`shared:${n}`, () => valueOf(n))
  },

  /** Reads shared keys for a while with so many callers; how often. */
  async read(ms: number, callers: number, keys: number): Promise<number> {
    const end = performance.now() + ms
    let reads = 0
    await Promise.all(
      Array.from({ length: callers }, async (_, caller) => {
        for (let n = caller; performance.now() < end; n++, reads++) {
          await cache.getOrSet(`shared:${n % keys}`, () => void loads++)
        }
      }),
    )
    return reads
  },

  /** Asks for a cold key with so many callers; the loads that it took here. */
  async cold(key: string, callers: number): Promise<number> {
    const before = loads
    const load = async (): Promise<string> => {
      loads++
      await new Promise((resolve) => setTimeout(resolve, 50))
      return 'loaded'
    }
    const answers = await Promise.all(
      Array.from({ length: callers }, () => cache.getOrSet(key, load)),
    )
    if (answers.some((answer) => answer !== 'loaded')) throw new Error('a wrong answer')
    return loads - before
  },

  /** Has a value in memory that carries this tag; when it was told that the tag is invalid, ms since the epoch. */
  async keepUntilHeard(tag: string): Promise<number> {
    await near.getOrSet(tag, () => 'kept', { tags: [tag], ttl: '1h' })
    return new Promise((resolve) => heard.set(tag, resolve))
  },

  /** Whether nothing is kept under a key. */
  isGone: async (key: string): Promise<boolean> => (await near.get(key)) === undefined,

  /** When it began, ms since the epoch, and how long it took. */
  async invalidateTag(tag: string): Promise<{ readonly at: number; readonly ms: number }> {
    const start = performance.now()
    await near.invalidateTags(tag)
    return { at: performance.timeOrigin + start, ms: performance.now() - start }
  },
}

/** Records of about 100 bytes; a short string where there is no room for one. */
function recordsOf(bytes: number): unknown {
  if (bytes < 200) return 'v'.repeat(bytes)
  return Array.from({ length: Math.round(bytes / 100) }, (_, n) => ({
    id: n,
    name: `Customer Number ${n}`,
    email: `customer${n}@example.com`,
    score: (n % 1_000) / 8,
    isActive: n % 2 === 0,
  }))
}

export type GrowthService = typeof service

serve(service)
