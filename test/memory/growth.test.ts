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

  it('are gone after clear, which touches none of them', () => {
    const { map } = full(MANY, 's3-fifo', () => 5_000)
    let touched = 0
    const watched: Thing = Object.defineProperty(thing('watched'), 'slot', {
      get() {
        touched++
        return 2
      },
      set() {
        touched++
      },
    })
    map.set(watched)
    touched = 0
    map.clear()
    expect(touched).toBe(0)
    expect(map.size).toBe(0)
  })
})

describe('the index of keys', () => {
  /** An index that has held `most` keys, of which all but `left` were taken out. */
  function thinned(most: number, left: number) {
    const index = new KeyIndex<Thing>(Infinity)
    const things = Array.from({ length: most }, (_, i) => thing(`k${i}`))
    for (const entry of things) {
      entry.slot = 2
      index.set(entry)
    }
    const held: number[] = []
    for (let i = 0; i < most - left; i++) {
      index.delete(`k${i}`, most - i - 1, () => things.slice(i + 1))
      held.push(index.held)
    }
    return { index, held, things }
  }

  it('is never thinned out so far that its table is copied', () => {
    const { index, held } = thinned(200_000, 20_000)
    expect(held.findIndex((keys) => keys < 131_072)).toBe(-1)
    expect(index.get('k179999')).toBeUndefined()
    expect(index.get('k180000')).toBeDefined()
  })

  it('begins anew when few entries are left', () => {
    const { index, held } = thinned(200_000, 100)
    expect(held.at(-1)).toBe(100)
    expect(index.get('k199900')).toBeDefined()
    expect(index.get('k199899')).toBeUndefined()
  })

  it('takes out keys that stayed behind when others come', () => {
    const { index } = thinned(200_000, 20_000)
    const held = index.held
    for (let i = 0; i < 200_000; i++) {
      const entry = thing(`new ${i}`)
      entry.slot = 2
      index.set(entry)
    }
    expect(held).toBe(131_072)
    expect(index.held).toBe(220_000)
  })

  it('knows a key again that had stayed behind', () => {
    const { index, things } = thinned(200_000, 20_000)
    const held = index.held
    for (let round = 0; round < 3; round++) {
      for (let i = 170_000; i < 180_000; i += 7) {
        things[i]!.slot = 2
        index.set(things[i]!)
        expect(index.get(`k${i}`)).toBe(things[i])
      }
      for (let i = 170_000; i < 180_000; i += 7) {
        index.delete(`k${i}`, 20_000, () => [])
        expect(index.get(`k${i}`)).toBeUndefined()
      }
    }
    expect(index.held).toBe(held)
    index.set(things[170_000]!)
    for (let i = 0; i < 200_000; i++) index.set(thing(`new ${i}`))
    expect(index.get('k170000')).toBe(things[170_000])
    expect(index.held).toBe(220_001)
  })
})
