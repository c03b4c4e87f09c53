import { describe, expect, it } from 'vitest'
import { BoundedMap, type MemoryPolicy } from '../../adapters/memory/bounded-map.js'
import { KeyIndex } from '../../adapters/memory/key-index.js'
import { MovedClock } from './moved-clock.js'
import { thing, type Thing } from './thing.js'

const MILLION = 1_000_000
const MANY = 250_000
/** What one step may remove: about a millisecond's work. */
const STEP = 1_000

function full(count: number, policy: MemoryPolicy, lifeOf: (i: number) => number) {
  const clock = new MovedClock()
  let left = 0
  const map = new BoundedMap<Thing>({
    maxEntries: count,
    maxBytes: Infinity,
    policy,
    clock,
    onLeave: () => left++,
  })
  const now = clock.now()
  for (let i = 0; i < count; i++) map.set(thing(`k${i}`, { staleUntil: now + lifeOf(i) }))
  /** Runs the sweep to the end of what expires within a minute; the removals of each step. */
  const sweep = () => {
    const steps: number[] = []
    const until = clock.now() + 60_000
    for (let before = left; clock.next(until); before = left) steps.push(left - before)
    return steps
  }
  return { map, sweep }
}

describe('many entries', { timeout: 120_000 }, () => {
  it('expire in steps of a thousand, also a million at once', () => {
    const { map, sweep } = full(MILLION, 's3-fifo', () => 5_000)
    const steps = sweep()
    expect(Math.max(...steps)).toBe(STEP)
    expect(steps.reduce((sum, step) => sum + step)).toBe(MILLION)
    expect(map.size).toBe(0)
  })

  it('leave those that stay in place, when nine in ten expire', () => {
    const { map, sweep } = full(MANY, 'lru', (i) => (i % 10 ? 5_000 : Infinity))
    expect(Math.max(...sweep())).toBe(STEP)
    expect(map.size).toBe(MANY / 10)
    let found = 0
    for (let i = 0; i < MANY; i += 10) if (map.get(`k${i}`)) found++
    expect(found).toBe(MANY / 10)
    expect(map.get('k1')).toBeUndefined()
  })

  it('make room for one of them that has become heavy, which stays', () => {
    const clock = new MovedClock()
    const map = new BoundedMap<Thing>({
      maxEntries: Infinity,
      maxBytes: MANY,
      policy: 'lru',
      clock,
    })
    for (let i = 0; i < MANY; i++) map.set(thing(`k${i}`))
    const heavy = thing('k0', { bytes: MANY - 10 })
    expect(map.set(heavy)).toBe(true)
    expect(map.size).toBe(11)
    expect(map.get('k0')).toBe(heavy)
  })

  it('are gone after clear, which touches none of them', () => {
    const { map } = full(MANY, 's3-fifo', () => 5_000)
    let touched = 0
    const touch = (_: object, name: string | symbol) => {
      touched++
      return name
    }
    const watched = new Proxy(thing('watched'), {
      get: (entry, name) => Reflect.get(entry, touch(entry, name)),
      set: (entry, name, to) => Reflect.set(entry, touch(entry, name), to),
    })
    map.set(watched)
    expect(touched).toBeGreaterThan(0)
    touched = 0
    map.clear()
    expect(touched).toBe(0)
    expect(map.size).toBe(0)
  })
})

describe('the index of keys', () => {
  const none = () => new Map<string, number>()

  /** An index that has held `most` keys `k0`, `k1`... in slots 1, 2..., of which all but the last `left` were taken out. */
  function thinned(most: number, left: number) {
    const index = new KeyIndex(Infinity)
    for (let i = 0; i < most; i++) index.set(`k${i}`, i + 1)
    const held: number[] = []
    for (let i = 0; i < most - left; i++) {
      index.delete(`k${i}`, most - i - 1, () => {
        const rest = none()
        for (let other = i + 1; other < most; other++) rest.set(`k${other}`, other + 1)
        return rest
      })
      held.push(index.held)
    }
    return { index, held }
  }

  it.each([1, 4_095, 4_096, 4_097, 10_000, 100_000, 100_001, 131_071, 131_072])(
    'has room for as many as it was told, be it %i',
    (most) => {
      const index = new KeyIndex(most)
      for (let i = 0; i < most; i++) index.set(`k${i}`, i + 1)
      index.set(`k${most - 1}`, 7)
      expect(index.held).toBe(most)
      expect(index.get(`k${most - 1}`)).toBe(7)
      for (let i = 0; i < most - 1; i++) expect(index.get(`k${i}`)).toBe(i + 1)
      for (let i = 0; i < most; i++) index.delete(`k${i}`, most - 1 - i, none)
      expect(index.held).toBe(0)
      index.set('k0', 7)
      expect(index.get('k0')).toBe(7)
    },
  )

  it('is never thinned out so far that its table is copied', () => {
    const { index, held } = thinned(200_000, 20_000)
    expect(held.findIndex((keys) => keys < 131_072)).toBe(-1)
    expect(index.get('k179999')).toBe(0)
    expect(index.get('k180000')).toBe(180_001)
  })

  it('begins anew when few entries are left', () => {
    const { index, held } = thinned(200_000, 100)
    expect(held.at(-1)).toBe(100)
    expect(index.get('k199900')).toBe(199_901)
    expect(index.get('k199899')).toBe(0)
  })

  it('takes out keys that stayed behind when others come', () => {
    const { index } = thinned(200_000, 20_000)
    const held = index.held
    for (let i = 0; i < 200_000; i++) index.set(`new ${i}`, 200_001 + i)
    expect(held).toBe(131_072)
    expect(index.held).toBe(220_000)
  })

  it('knows a key again that had stayed behind', () => {
    const { index } = thinned(200_000, 20_000)
    const held = index.held
    for (let round = 0; round < 3; round++) {
      for (let i = 170_000; i < 180_000; i += 7) {
        index.set(`k${i}`, i + 1)
        expect(index.get(`k${i}`)).toBe(i + 1)
      }
      for (let i = 170_000; i < 180_000; i += 7) {
        index.delete(`k${i}`, 20_000, none)
        expect(index.get(`k${i}`)).toBe(0)
      }
    }
    expect(index.held).toBe(held)
    index.set('k170000', 1)
    for (let i = 0; i < 200_000; i++) index.set(`new ${i}`, 200_001 + i)
    expect(index.get('k170000')).toBe(1)
    expect(index.held).toBe(220_001)
  })
})
