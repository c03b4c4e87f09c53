import { LRUCache } from 'lru-cache'
import { describe, expect, it } from 'vitest'
import { BoundedMap, type MemoryPolicy } from '../../adapters/memory/bounded-map.js'
import type { Eviction } from '../../adapters/memory/eviction.js'
import { Ghost, hashOf } from '../../adapters/memory/ghost.js'
import { Lru } from '../../adapters/memory/lru.js'
import { S3Fifo } from '../../adapters/memory/s3-fifo.js'
import { contents } from './contents.js'
import { MovedClock } from './moved-clock.js'
import { thing, type Thing } from './thing.js'

function bounded(policy: MemoryPolicy, maxEntries: number, maxBytes = Infinity) {
  const map = new BoundedMap<Thing>({ maxEntries, maxBytes, policy, clock: new MovedClock() })
  /** Asks for a key, and sets it when it is not there; true for a hit. */
  const ask = (key: string, bytes = 1) => {
    if (map.get(key)) return true
    map.set(thing(key, { bytes }))
    return false
  }
  return { map, ask }
}

/** Numbers below `below` that look random and are the same each time, small ones more often. */
function* skewed(count: number, below: number) {
  let state = 1
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield Math.floor(below * (state / 2 ** 32) ** 3)
  }
}

describe('lru', () => {
  it.each([1, 2, 10, 500])('keeps just what lru-cache keeps, at %i entries', (max) => {
    const { map, ask } = bounded('lru', max)
    const floor = new LRUCache<string, true>({ max })
    for (const n of skewed(20_000, 2_000)) {
      const there = floor.get(`k${n}`) === true
      if (!there) floor.set(`k${n}`, true)
      expect(ask(`k${n}`)).toBe(there)
    }
    expect([...contents(map).keys()].toSorted()).toEqual([...floor.keys()].toSorted())
  })

  it('keeps just what lru-cache keeps, by bytes', () => {
    const { map, ask } = bounded('lru', Infinity, 10_000)
    const floor = new LRUCache<string, number>({
      maxSize: 10_000,
      sizeCalculation: (bytes) => bytes,
    })
    for (const n of skewed(20_000, 2_000)) {
      const bytes = 1 + (n % 200)
      const there = floor.get(`k${n}`) !== undefined
      if (!there) floor.set(`k${n}`, bytes)
      expect(ask(`k${n}`, bytes)).toBe(there)
    }
    expect([...contents(map).keys()].toSorted()).toEqual([...floor.keys()].toSorted())
  })
})

describe('s3-fifo', () => {
  it('is lru below a hundred entries', () => {
    const [s3, lru] = [bounded('s3-fifo', 99), bounded('lru', 99)]
    for (const n of skewed(20_000, 2_000)) expect(s3.ask(`k${n}`)).toBe(lru.ask(`k${n}`))
  })

  it('keeps what was used once through a scan of any length, which lru does not', () => {
    const kept = (policy: MemoryPolicy) => {
      const { ask } = bounded(policy, 1_000)
      for (let i = 0; i < 1_000; i++) ask(`warm ${i}`)
      for (let i = 0; i < 500; i++) ask(`used ${i}`)
      for (let i = 0; i < 500; i++) ask(`used ${i}`)
      for (let i = 0; i < 100_000; i++) ask(`scan ${i}`)
      let hits = 0
      for (let i = 0; i < 500; i++) if (ask(`used ${i}`)) hits++
      return hits
    }
    expect(kept('s3-fifo')).toBeGreaterThan(495)
    expect(kept('lru')).toBe(0)
  })

  it('keeps a key for long when it comes back soon after it had to leave', () => {
    const { ask } = bounded('s3-fifo', 1_000)
    for (let i = 0; i < 2_000; i++) ask(`warm ${i}`)
    ask('a')
    for (let i = 0; i < 1_100; i++) ask(`first ${i}`)
    expect(ask('a')).toBe(false)
    for (let i = 0; i < 950; i++) ask(`second ${i}`)
    expect(ask('a')).toBe(true)
  })

  it('lets go of what is not used any more', () => {
    const { ask, map } = bounded('s3-fifo', 1_000)
    for (let round = 0; round < 6; round++) for (let i = 0; i < 900; i++) ask(`old ${i}`)
    for (let round = 0; round < 20; round++) for (let i = 0; i < 900; i++) ask(`new ${i}`)
    const old = [...contents(map).keys()].filter((key) => key.startsWith('old'))
    expect(old.length).toBeLessThanOrEqual(100)
  })

  it('has more hits than lru where some keys are more popular than others', () => {
    const hits = (policy: MemoryPolicy) => {
      const { ask } = bounded(policy, 500)
      let hits = 0
      for (const n of skewed(100_000, 20_000)) if (ask(`k${n}`)) hits++
      return hits / 100_000
    }
    expect(hits('s3-fifo') - hits('lru')).toBeGreaterThan(0.03)
  })

  it('moves a bounded number of entries for one that leaves', () => {
    const policy = new S3Fifo(Infinity)
    const slots = 10_000
    for (let slot = 2; slot < slots; slot++) policy.add(slot, `k${slot}`, 1)
    for (let use = 0; use < 3; use++) for (let slot = 2; slot < slots; slot++) policy.touch(slot)
    const weighed: number[] = []
    for (let left = slots - 2; left > 200; left--) {
      let moves = 0
      policy.evict(false, () => (moves++, 1))
      weighed.push(moves)
    }
    expect(Math.max(...weighed)).toBeLessThanOrEqual(300)
  })

  it('goes from queues to one list and back as entries come and go', () => {
    const { map, ask } = bounded('s3-fifo', Infinity, 1_000)
    for (let round = 0; round < 20; round++) {
      for (const n of skewed(500, 400)) ask(`small ${n}`, 1 + (n % 3))
      for (const n of skewed(200, 100)) ask(`large ${n}`, 50 + (n % 30))
      const kept = [...contents(map).values()]
      expect(kept.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(map.bytes)
      expect(map.bytes).toBeLessThanOrEqual(1_000)
      expect(map.bytes).toBeGreaterThan(900)
    }
  })
})

describe.each([
  ['lru', () => new Lru()],
  ['s3-fifo', () => new S3Fifo(2_000)],
])('the notes of %s', (_name, create) => {
  it('hold each slot once, and only those, however many come and go', () => {
    const policy = create()
    const weights = new Map<number, number>()
    const free = Array.from({ length: 400 }, (_, i) => i + 2)
    const bytesOf = (slot: number) => weights.get(slot)!
    const held = (slot: number) => [...weights.keys()][slot % weights.size]!
    const evict = (forBytes: boolean) => {
      const slot = policy.evict(forBytes, bytesOf)
      expect(weights.delete(slot)).toBe(true)
      free.push(slot)
    }
    let i = 0
    for (const n of skewed(30_000, 1_000)) {
      const isFalling = Math.floor(++i / 700) % 3 === 2
      const what = n % 8
      if (weights.size < 2 || (what < (isFalling ? 2 : 5) && free.length > 0)) {
        const slot = free.pop()!
        weights.set(slot, n % 40)
        policy.add(slot, `k${n}`, n % 40)
      } else if (what === 5) {
        policy.touch(held(n))
      } else if (what === 6) {
        const slot = held(n)
        policy.remove(slot, bytesOf(slot))
        const kept = weights.get(slot)!
        weights.delete(slot)
        for (let more = n % 150; more > 0 && weights.size > 0; more--) evict(true)
        weights.set(slot, kept)
        policy.putBack(slot, kept)
      } else {
        evict(n % 2 === 0)
      }
      expect(i % 10 === 0 ? visited(policy) : sorted(weights.keys())).toEqual(
        sorted(weights.keys()),
      )
    }
  })
})

function visited(policy: Eviction): number[] {
  const slots: number[] = []
  policy.each((slot) => slots.push(slot))
  return sorted(slots)
}

function sorted(slots: Iterable<number>): number[] {
  return [...slots].toSorted((a, b) => a - b)
}

describe('the ghost', () => {
  it('remembers the last evictions, and each once', () => {
    const ghost = new Ghost()
    for (let i = 0; i < 1_000; i++) ghost.add(hashOf(`k${i}`), 1_000)
    let known = 0
    for (let i = 500; i < 1_000; i++) if (ghost.take(hashOf(`k${i}`), 500)) known++
    expect(known).toBeGreaterThan(490)
    let again = 0
    for (let i = 500; i < 1_000; i++) if (ghost.take(hashOf(`k${i}`), 500)) again++
    expect(again).toBe(0)
  })

  it('forgets what is older than a life', () => {
    const ghost = new Ghost()
    for (let i = 0; i < 1_000; i++) ghost.add(hashOf(`k${i}`), 1_000)
    let known = 0
    for (let i = 0; i < 499; i++) if (ghost.take(hashOf(`k${i}`), 500)) known++
    expect(known).toBe(0)
  })

  it('seldom takes one key for another, also when it is large and old', () => {
    const ghost = new Ghost()
    const entries = 100_000
    for (let i = 0; i < 10 * entries; i++) ghost.add(hashOf(`k${i}`), entries)
    let known = 0
    for (let i = 0; i < entries; i++) if (ghost.take(hashOf(`never ${i}`), entries)) known++
    expect(known / entries).toBeLessThan(0.001)
    known = 0
    for (let i = 9.5 * entries; i < 10 * entries; i++)
      if (ghost.take(hashOf(`k${i}`), entries)) known++
    expect(known / (entries / 2)).toBeGreaterThan(0.95)
  })
})
