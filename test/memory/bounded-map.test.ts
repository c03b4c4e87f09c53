import { describe, expect, it } from 'vitest'
import { BoundedMap, type Departure, type MemoryPolicy } from '../../adapters/memory/bounded-map.js'
import { contents } from './contents.js'
import { MovedClock } from './moved-clock.js'
import { thing, type Thing } from './thing.js'

const POLICIES: MemoryPolicy[] = ['lru', 's3-fifo']

function setUp(
  policy: MemoryPolicy,
  { maxEntries = Infinity, maxBytes = Infinity }: { maxEntries?: number; maxBytes?: number },
) {
  const clock = new MovedClock()
  const left: [string, Departure][] = []
  const map = new BoundedMap<Thing>({
    maxEntries,
    maxBytes,
    policy,
    clock,
    onLeave: (entry, why) => left.push([entry.key, why]),
  })
  return { clock, left, map }
}

describe.each(POLICIES)('a map bounded by %s', (policy) => {
  it('returns the last entry set under a key', () => {
    const { map, left } = setUp(policy, { maxEntries: 10 })
    const first = thing('a')
    const second = thing('a')
    map.set(first)
    map.set(second)
    expect(map.get('a')).toBe(second)
    expect(map.peek('a')).toBe(second)
    expect(map.size).toBe(1)
    expect(left).toEqual([['a', 'replaced']])
  })

  it('keeps no more entries than allowed', () => {
    const { map, left } = setUp(policy, { maxEntries: 300 })
    for (let i = 0; i < 1_000; i++) map.set(thing(`k${i}`))
    expect(contents(map).size).toBe(300)
    expect(left).toHaveLength(700)
    expect(new Set(left.map(([, why]) => why))).toEqual(new Set(['evicted']))
  })

  it('keeps no more bytes than allowed', () => {
    const { map } = setUp(policy, { maxBytes: 10_000 })
    for (let i = 0; i < 1_000; i++) map.set(thing(`k${i}`, { bytes: 1 + (i % 97) }))
    const kept = [...contents(map).values()]
    const bytes = kept.reduce((sum, entry) => sum + entry.bytes, 0)
    expect(bytes).toBeLessThanOrEqual(10_000)
    expect(bytes).toBeGreaterThan(10_000 - 97)
    expect(map.bytes).toBe(bytes)
  })

  it('refuses an entry that alone is too heavy, and keeps none under its key', () => {
    const { map, left } = setUp(policy, { maxBytes: 100 })
    map.set(thing('a', { bytes: 10 }))
    map.set(thing('b', { bytes: 10 }))
    expect(map.set(thing('a', { bytes: 101 }))).toBe(false)
    expect(map.set(thing('c', { bytes: Number.NaN }))).toBe(false)
    expect([...contents(map).keys()]).toEqual(['b'])
    expect(left).toEqual([['a', 'replaced']])
  })

  it('keeps an entry of exactly the whole room', () => {
    const { map } = setUp(policy, { maxBytes: 100 })
    for (let i = 0; i < 10; i++) map.set(thing(`k${i}`, { bytes: 10 }))
    expect(map.set(thing('k3', { bytes: 100 }))).toBe(true)
    expect([...contents(map).keys()]).toEqual(['k3'])
  })

  it('forgets what is deleted', () => {
    const { map, left } = setUp(policy, { maxEntries: 10 })
    const a = thing('a')
    map.set(a)
    expect(map.delete('a')).toBe(a)
    expect(map.delete('a')).toBeUndefined()
    expect(map.get('a')).toBeUndefined()
    expect(map.size).toBe(0)
    expect(map.bytes).toBe(0)
    expect(left).toEqual([['a', 'deleted']])
  })

  it('is empty after clear, and works on', () => {
    const { map, left, clock } = setUp(policy, { maxEntries: 500 })
    for (let i = 0; i < 700; i++) map.set(thing(`k${i}`, { staleUntil: clock.now() + 5_000 }))
    left.length = 0
    map.clear()
    expect(contents(map).size).toBe(0)
    expect(map.size).toBe(0)
    expect(map.bytes).toBe(0)
    expect(map.get('k600')).toBeUndefined()
    expect(clock.waiting).toBe(0)
    expect(left).toEqual([])
    for (let i = 0; i < 700; i++) map.set(thing(`k${i}`))
    expect(contents(map).size).toBe(500)
  })

  it('tells of departures when the map is whole again, so that the listener may use it', () => {
    const clock = new MovedClock()
    const map: BoundedMap<Thing> = new BoundedMap<Thing>({
      maxEntries: 200,
      maxBytes: Infinity,
      policy,
      clock,
      onLeave: (entry, why) => {
        if (why === 'evicted' && !entry.key.startsWith('again'))
          map.set(thing(`again ${entry.key}`))
        map.get('k0')
      },
    })
    for (let i = 0; i < 600; i++) map.set(thing(`k${i}`))
    expect(contents(map).size).toBe(200)
    expect(map.size).toBe(200)
  })

  it('visits once whatever stays, while other entries come and go', () => {
    const { map } = setUp(policy, { maxEntries: 10_000 })
    for (let i = 0; i < 1_000; i++) map.set(thing(`k${i}`))
    const seen = new Map<string, number>()
    let from: number | undefined
    let i = 0
    do {
      from = map.scan(from, 10, ({ key }) => seen.set(key, (seen.get(key) ?? 0) + 1))
      map.delete(`k${i * 3}`)
      map.set(thing(`new ${i}`))
      map.set(thing(`k${i * 3 + 1}`))
      i++
    } while (from !== undefined)
    for (let k = 2; k < 1_000; k += 3) expect(seen.get(`k${k}`)).toBe(1)
    for (let k = 1; k < 1_000; k += 3) expect(seen.get(`k${k}`)).toBe(1)
  })
})
