import { describe, expect, it } from 'vitest'
import { BoundedMap } from '../../adapters/memory/bounded-map.js'
import { systemClock } from '../../src/base/clock.js'
import { contents } from './contents.js'
import { MovedClock } from './moved-clock.js'
import { thing, type Thing } from './thing.js'

function setUp() {
  const clock = new MovedClock()
  const left: string[] = []
  const map = new BoundedMap<Thing>({
    maxEntries: Infinity,
    maxBytes: Infinity,
    policy: 'lru',
    clock,
    onLeave: ({ key }, why) => left.push(`${key} ${why}`),
  })
  const set = (key: string, ms: number) =>
    map.set(thing(key, { staleUntil: ms === Infinity ? ms : clock.now() + ms }))
  return { clock, map, left, set }
}

describe('expiry', () => {
  it('takes out an expired entry that nobody asks for, and no other', () => {
    const { clock, map, left, set } = setUp()
    set('short', 5_000)
    set('long', 60_000)
    set('forever', Infinity)
    clock.pass(4_999)
    expect(left).toEqual([])
    clock.pass(1_001)
    expect(left).toEqual(['short expired'])
    expect([...contents(map).keys()]).toEqual(['long', 'forever'])
    clock.pass(60_000)
    expect([...contents(map).keys()]).toEqual(['forever'])
  })

  it('returns an expired entry until the sweep has come by, for the caller to judge', () => {
    const { clock, map, set } = setUp()
    set('first', 1_000)
    clock.pass(1_000)
    set('a', 100)
    clock.pass(500)
    expect(map.get('a')!.staleUntil).toBeLessThan(clock.now())
    clock.pass(500)
    expect(map.get('a')).toBeUndefined()
  })

  it('has a timer only while something will expire', () => {
    const { clock, map, set } = setUp()
    set('forever', Infinity)
    expect(clock.waiting).toBe(0)
    set('a', 5_000)
    set('b', 7_000)
    expect(clock.waiting).toBe(1)
    map.delete('a')
    expect(clock.waiting).toBe(1)
    map.delete('b')
    expect(clock.waiting).toBe(0)
    set('c', 5_000)
    expect(clock.waiting).toBe(1)
    set('c', Infinity)
    expect(clock.waiting).toBe(0)
    set('d', 5_000)
    clock.pass(6_000)
    expect(clock.waiting).toBe(0)
    set('e', 5_000)
    map.clear()
    expect(clock.waiting).toBe(0)
  })

  it('has no timer when what would expire was evicted', () => {
    const clock = new MovedClock()
    const bounds = { maxEntries: 2, maxBytes: Infinity }
    const map = new BoundedMap<Thing>({ ...bounds, policy: 'lru', clock })
    map.set(thing('a', { staleUntil: clock.now() + 5_000 }))
    map.set(thing('b'))
    map.set(thing('c'))
    expect(clock.waiting).toBe(0)
  })

  it('comes earlier for an entry that expires sooner than those before', () => {
    const { clock, left, set } = setUp()
    set('late', 3_600_000)
    set('soon', 2_000)
    clock.pass(3_001)
    expect(left).toEqual(['soon expired'])
  })

  it('follows an entry that is replaced by one that lives longer', () => {
    const { clock, left, set } = setUp()
    set('a', 2_000)
    clock.pass(1_000)
    set('a', 10_000)
    left.length = 0
    clock.pass(9_000)
    expect(left).toEqual([])
    clock.pass(2_001)
    expect(left).toEqual(['a expired'])
  })

  it('finds what is set behind its back during a pass', () => {
    const { clock, map, left, set } = setUp()
    for (let i = 0; i < 5_000; i++) set(`k${i}`, 1_000)
    clock.next()
    expect(map.size).toBe(4_000)
    set('behind', 100)
    clock.pass(2_500)
    expect(map.size).toBe(0)
    expect(left).toContain('behind expired')
  })

  it('goes on when the clock was set back', () => {
    const { clock, left, set } = setUp()
    set('before', 1_000)
    clock.pass(2_000)
    clock.pass(-3_600_000)
    set('after', 1_000)
    clock.pass(3_000)
    expect(left).toEqual(['before expired', 'after expired'])
  })

  it('looks at most once a second, however many moments there are', () => {
    const { clock, set, map } = setUp()
    for (let i = 0; i < 10_000; i++) set(`k${i}`, 1_000 + i)
    let wakes = 0
    while (clock.next()) wakes++
    expect(map.size).toBe(0)
    expect(wakes).toBeLessThan(30)
  })

  it('never keeps the process alive', async () => {
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const map = new BoundedMap<Thing>({
      maxEntries: 10,
      maxBytes: Infinity,
      policy: 'lru',
      clock: systemClock,
    })
    map.set(thing('a', { staleUntil: Date.now() + 60_000 }))
    const after = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    map.clear()
    expect(after).toBe(before)
  })
})
