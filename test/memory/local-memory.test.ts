import { describe, expect, it } from 'vitest'
import type { Entry } from '../../src/store/store.js'
import { entry, opened } from './opened.js'

const NOW = Date.now()

/** Fresh until then, and of no use after. */
function upTo(end: number): Partial<Entry> {
  return { freshUntil: end, staleUntil: end, checkAt: end }
}

describe('entries of a memory store', () => {
  it('come back with everything that was filled', () => {
    const { store } = opened()
    const given = entry({ a: 1 }, { freshUntil: 1, staleUntil: 2e12, checkAt: 0, private: true })
    expect(store.fill('k', store.plant('k'), given)).toBe(true)
    expect(store.get('k')).toMatchObject(given)
    expect(store.get('k')!.value).toBe(given.value)
    expect(store.size).toBe(1)
    expect(store.bytes).toBe(100)
  })

  it.each<[string, Partial<Entry>]>([
    ['forever', {}],
    ['for days', { freshUntil: NOW + 864e5, staleUntil: NOW + 9 * 864e5, checkAt: NOW + 1 }],
    ['for months', { freshUntil: NOW + 90 * 864e5, staleUntil: Infinity, checkAt: NOW }],
    ['for fractions of a millisecond', { freshUntil: NOW + 0.25, checkAt: NOW + 0.125 }],
    ['from long ago', { loadedAt: 1, freshUntil: 5_000, staleUntil: 6_000, checkAt: 4_000 }],
    ['at the edge', { staleUntil: NOW + 2 ** 32 - 2, freshUntil: NOW + 2 ** 32 - 3 }],
    ['beyond it', { staleUntil: NOW + 2 ** 32, freshUntil: NOW + 2 ** 33 }],
    ['for one time, at the edge', upTo(NOW + 2 ** 32 - 2)],
    ['for one time, beyond it', upTo(NOW + 2 ** 32 - 1)],
    ['for no time', upTo(NOW)],
    ['with their flags', { copied: true, private: true }],
    ['with one flag', { copied: true }],
    ['with the other flag', { private: true }],
    ['of any weight', { bytes: 0 }],
    ['of a great weight', { bytes: 2 ** 26 - 1, copied: true, private: true }],
    ['of a greater weight', { bytes: 2 ** 26 }],
    ['of the greatest weight', { bytes: 2 ** 33 }],
    ['of half a byte', { bytes: 0.5 }],
    ['that were never loaded', { loadedAt: -Infinity, freshUntil: Number.NaN }],
  ])('come back exactly as they were given, %s', (_, given) => {
    const { store } = opened({ maxBytes: Infinity })
    const whole = entry('v', { loadedAt: NOW, ...given })
    store.put('k', whole)
    expect(store.get('k')).toMatchObject(whole)
    store.put('k', { ...whole, tags: ['t'], versions: store.note(['t']) })
    expect(store.get('k')).toMatchObject({ ...whole, tags: ['t'], versions: store.note(['t']) })
  })

  const DAY = 864e5
  it.each<[string, string, Partial<Entry>]>([
    ['forever', 'CompactEntry', {}],
    ['for a minute', 'CompactEntry', upTo(NOW + 60_000)],
    ['for 49 days, and stale for less', 'CompactEntry', { staleUntil: NOW + 49 * DAY }],
    ['for longer', 'WideEntry', upTo(NOW + 50 * DAY)],
    ['from another process, weeks ago', 'CompactEntry', { loadedAt: NOW - 24 * DAY }],
    ['from longer ago', 'WideEntry', { loadedAt: NOW - 26 * DAY }],
    ['after half a year', 'CompactEntry', { loadedAt: NOW + 170 * DAY }],
    ['after a year', 'WideEntry', { loadedAt: NOW + 365 * DAY }],
  ])('that are kept %s have the form that is meant for them: %s', (_, form, given) => {
    const { store } = opened()
    const whole = entry('v', { loadedAt: NOW, ...given })
    store.put('k', whole)
    expect(store.get('k')!.constructor.name).toBe(form)
    expect(store.get('k')).toMatchObject(whole)
  })

  it('do not take over when others end that came before them', () => {
    const { store } = opened()
    const ends = [1, 2, 2, 3].map((minutes) => {
      const staleUntil = NOW + minutes * 60_000
      return entry('v', {
        loadedAt: NOW,
        freshUntil: NOW + 30_000,
        checkAt: NOW + 20_000,
        staleUntil,
      })
    })
    for (const [i, whole] of ends.entries()) store.put(`k${i}`, whole)
    for (const [i, whole] of ends.entries()) expect(store.get(`k${i}`)).toMatchObject(whole)
  })

  it('are returned whatever the time, for the caller to judge', () => {
    const { store, clock } = opened()
    store.put('k', entry('v', { staleUntil: clock.now() - 1 }))
    expect(store.get('k')!.value).toBe('v')
  })

  it('leave by themselves when they may not be served stale any more', () => {
    const { store, clock } = opened()
    store.put('k', entry('v', { freshUntil: clock.now() + 10, staleUntil: clock.now() + 5_000 }))
    clock.pass(4_999)
    expect(store.size).toBe(1)
    clock.pass(2_000)
    expect(store.size).toBe(0)
    expect(store.bytes).toBe(0)
  })

  it('that are too large are refused, and the older one of the key is gone', () => {
    const { store } = opened({ maxBytes: 1_000 })
    store.put('k', entry('small'))
    expect(store.fill('k', store.plant('k'), entry('large', { bytes: 1_001 }))).toBe(false)
    expect(store.get('k')).toBeUndefined()
    expect(store.put('k', entry('large', { bytes: 1_001 }))).toBe(false)
    expect(store.size).toBe(0)
  })

  it('that leave to make room are told of, and no others', () => {
    const { store, clock } = opened({ maxEntries: 2, policy: 'lru' })
    const told: [string, unknown][] = []
    store.onEvict = (key, { value }) => told.push([key, value])
    store.put('a', entry(1))
    store.put('a', entry(2))
    store.put('b', entry(3, { staleUntil: clock.now() + 1_000 }))
    clock.pass(2_000)
    store.put('c', entry(4))
    store.drop('c')
    store.put('d', entry(5))
    store.get('a')
    store.put('e', entry(6))
    store.onEvict = undefined
    store.put('f', entry(7))
    store.clear()
    expect(told).toEqual([['d', 5]])
  })

  it('that were read stay before those that were only looked at', () => {
    const { store } = opened({ maxEntries: 2, policy: 'lru' })
    store.put('read', entry(1))
    store.put('peeked', entry(2))
    store.get('read')
    store.peek('peeked')
    store.put('new', entry(3))
    expect(store.get('read')).toBeDefined()
    expect(store.get('peeked')).toBeUndefined()
  })
})

describe('leases of a memory store', () => {
  it('let several readers of one key try, and the first to fill ends the others', () => {
    const { store } = opened()
    const first = store.plant('k')
    const second = store.plant('k')
    const third = store.plant('k')
    expect([first, second, third].map(({ live }) => live)).toEqual([true, true, true])
    expect(store.fill('k', second, entry('second'))).toBe(true)
    expect([first, second, third].map(({ live }) => live)).toEqual([false, false, false])
    expect(store.fill('k', first, entry('first'))).toBe(false)
    expect(store.get('k')!.value).toBe('second')
  })

  it.each<[string, (store: ReturnType<typeof opened>['store']) => void]>([
    ['drop', (store) => store.drop('k')],
    ['put', (store) => store.put('k', entry('put'))],
    ['clear', (store) => store.clear()],
    ['close', (store) => store.close()],
  ])('end by %s, so that an overtaken load keeps nothing', (_name, change) => {
    const { store } = opened()
    const lease = store.plant('k')
    change(store)
    expect(lease.live).toBe(false)
    expect(store.fill('k', lease, entry('old'))).toBe(false)
    expect(store.get('k')?.value).not.toBe('old')
  })

  it('outlive a change of another key', () => {
    const { store } = opened()
    const lease = store.plant('k')
    store.drop('other')
    store.put('another', entry(1))
    expect(lease.live).toBe(true)
    expect(store.fill('k', lease, entry('v'))).toBe(true)
  })

  it('fill once', () => {
    const { store } = opened()
    const lease = store.plant('k')
    store.fill('k', lease, entry(1))
    expect(store.fill('k', lease, entry(2))).toBe(false)
    expect(store.get('k')!.value).toBe(1)
  })

  it('fill their own key in their own store only', () => {
    const { store } = opened()
    const lease = store.plant('k')
    expect(store.fill('other', lease, entry(1))).toBe(false)
    expect(opened().store.fill('k', lease, entry(1))).toBe(false)
    expect(store.fill('k', { live: true }, entry(1))).toBe(false)
    expect(lease.live).toBe(true)
  })

  it('end one by one when released, and after a fill that was refused', () => {
    const { store } = opened({ maxBytes: 1_000 })
    const [first, second, third] = [store.plant('k'), store.plant('k'), store.plant('k')]
    store.release('k', second)
    store.release('k', second)
    expect(store.fill('k', third, entry(1, { bytes: 2_000 }))).toBe(false)
    expect([first, second, third].map(({ live }) => live)).toEqual([true, false, false])
    expect(store.fill('k', first, entry(1))).toBe(true)
  })
})

describe('drop', () => {
  it('says whether a read would have used what was there', () => {
    const { store, clock } = opened()
    expect(store.drop('k')).toBe(false)
    store.put('k', entry(1))
    expect(store.drop('k')).toBe(true)
    expect(store.get('k')).toBeUndefined()
    expect(store.drop('k')).toBe(false)
    store.put('k', entry(1, { freshUntil: clock.now() - 5, staleUntil: clock.now() + 5 }))
    expect(store.drop('k')).toBe(true)
    store.put('k', entry(1, { staleUntil: clock.now() }))
    expect(store.drop('k')).toBe(false)
    store.put('k', entry(1, { tags: ['t'], versions: store.note(['t']) }))
    store.invalidate(['t'], ['new'])
    expect(store.drop('k')).toBe(false)
  })
})

describe('clear and close', () => {
  it('clear empties the store, which works on', () => {
    const { store } = opened()
    const before = store.epoch
    store.put('k', entry(1, { tags: ['t'], versions: store.note(['t']) }))
    store.clear()
    expect(store.epoch).toBeGreaterThan(before)
    expect([store.size, store.bytes]).toEqual([0, 0])
    expect(store.get('k')).toBeUndefined()
    expect(store.peek('k')).toBeUndefined()
    store.put('k', entry(2, { tags: ['t'], versions: store.note(['t']) }))
    expect(store.get('k')!.value).toBe(2)
  })

  it('a closed store keeps nothing, and has no timer', () => {
    const { store, clock } = opened()
    store.put('k', entry(1, { staleUntil: clock.now() + 1_000 }))
    store.close()
    expect(clock.waiting).toBe(0)
    expect(store.get('k')).toBeUndefined()
    expect(store.put('k', entry(1, { staleUntil: clock.now() + 1_000 }))).toBe(false)
    expect(store.fill('k', store.plant('k'), entry(1))).toBe(false)
    expect(store.size).toBe(0)
    expect(clock.waiting).toBe(0)
  })
})
