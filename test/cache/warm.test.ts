import { describe, expect, it } from 'vitest'
import { createCache } from '../../index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { describeTierings } from './tierings.js'

describe('keepWarm', () => {
  it('refreshes ahead of expiry, only what would not last until the next run', async () => {
    const clock = new FakeClock()
    await using cache = createCache({ clock, ttl: '15m' })
    const loads: string[] = []
    const warming = cache.keepWarm('menu', {
      keys: ['a', 'b'],
      load: (key) => {
        loads.push(`${JSON.stringify(key)} at ${(clock.now() - Date.UTC(2026, 0, 1)) / 60_000}`)
        return key
      },
      every: '10m',
    })
    await cache.set('b', 'b', { ttl: '1h' })
    await clock.advance(40 * 60_000)
    expect(loads).toEqual(['"a" at 10', '"a" at 20', '"a" at 30', '"a" at 40'])
    warming.stop()
    await clock.advance(20 * 60_000)
    expect(loads).toHaveLength(4)
  })

  it('loads again at once what an invalidation took away, gathered', async () => {
    const clock = new FakeClock()
    await using cache = createCache({ clock })
    let loads = 0
    const states: unknown[] = []
    cache.on('warm', ({ state, loaded, failed }) => states.push([state, loaded, failed]))
    const keys = ['a', 'b', 'bad']
    const warming = cache.keepWarm('menu', {
      keys,
      tags: ['menu'],
      load: (key) => {
        loads++
        if (key === 'bad') throw new Error('bad')
        return key
      },
      every: '1d',
      refreshOn: 'invalidate',
      concurrency: 1,
    })
    expect(await warming.run()).toEqual({ outcome: 'ran', loaded: 2, fresh: 0, failed: 1 })
    states.length = 0
    await Promise.all([cache.invalidateTags('menu'), cache.invalidateTags('menu')])
    await clock.advance(1_000)
    expect(loads).toBe(6)
    expect(await cache.getMany(keys)).toEqual(['a', 'b', undefined])
    expect(states).toEqual([
      ['begun', 0, 0],
      ['progress', 1, 0],
      ['progress', 2, 0],
      ['progress', 2, 1],
      ['done', 2, 1],
    ])
    warming.stop()
  })

  it('runs when a calendar says so', async () => {
    const clock = new FakeClock(Date.UTC(2026, 0, 1, 0, 30))
    await using cache = createCache({ clock })
    const runs: string[] = []
    const warming = cache.keepWarm('bread', {
      keys: ['bread'],
      load: () => (runs.push(new Date(clock.now()).toISOString()), 'baked'),
      cron: '0 4 * * *',
      timezone: 'Europe/Berlin',
    })
    await clock.advance(2 * 86_400_000)
    expect(runs).toEqual(['2026-01-01T03:00:00.000Z', '2026-01-02T03:00:00.000Z'])
    warming.stop()
    expect(() => cache.keepWarm('x', { keys: [], load: () => 1, cron: 'tomorrow' })).toThrow(/cron/)
  })

  it('says at once what is wrong', () => {
    const cache = createCache()
    const load = (): number => 1
    expect(() => cache.keepWarm('', { keys: [], load, every: 1 })).toThrow(/name/)
    expect(() => cache.keepWarm('x', { keys: [], load })).toThrow(/every/)
    expect(() => cache.keepWarm('x', { keys: [], load, every: '1m', concurrency: 0 })).toThrow(
      /concurrency/,
    )
  })
})

describeTierings('keepWarm over', ({ open, fresh, shared }) => {
  it('runs in one process at a time, and once in a period', async () => {
    fresh()
    await using one = open()
    await using two = open()
    let loads = 0
    const start = (cache: typeof one): ReturnType<typeof one.keepWarm> =>
      cache.keepWarm('menu', { keys: ['a', 'b', 'c'], load: (key) => (loads++, key), every: '1h' })
    const [first, second] = [start(one), start(two)]
    const results = await Promise.all([first.run(), second.run()])
    const ran = results.filter(({ outcome }) => outcome === 'ran')
    expect(ran).toHaveLength(shared ? 1 : 2)
    expect(loads).toBe(shared ? 3 : 6)
    expect((await second.run()).outcome).toBe('done')
    first.stop()
    second.stop()
  })
})
