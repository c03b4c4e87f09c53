import { describe, expect, it } from 'vitest'
import { createCache, type CacheOptions } from '../../index.js'
import type { Core } from '../../src/cache/core.js'
import { refreshAt } from '../../src/cache/entries.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { deferred } from '../support/deferred.js'

function setUp(options: CacheOptions = {}) {
  const clock = new FakeClock()
  const cache = createCache({ clock, ttl: '10s', ...options })
  const events: string[] = []
  for (const name of ['hit', 'stale', 'miss', 'fill', 'refresh', 'unkept', 'error'] as const) {
    cache.on(name, (event) => {
      events.push('reason' in event ? `${name} (${event.reason})` : name)
    })
  }
  let n = 0
  return { clock, cache, events, load: () => `v${++n}`, loads: () => n }
}

describe('the lifetime of an entry', () => {
  it('is fresh for its ttl and gone after it, without grace', async () => {
    const { clock, cache, load } = setUp()
    expect(await cache.getOrSet('a', load)).toBe('v1')
    await clock.advance(9_999)
    expect(await cache.getOrSet('a', load)).toBe('v1')
    await clock.advance(1)
    expect(await cache.getOrSet('a', load)).toBe('v2')
  })

  it('serves stale while one refresh runs', async () => {
    const { clock, cache, events } = setUp({ grace: '1m' })
    await cache.getOrSet('a', () => 'old')
    await clock.advance(10_000)
    const gate = deferred<string>()
    let loads = 0
    const load = (): Promise<string> => {
      loads++
      return gate.promise
    }
    expect(await cache.getOrSet('a', load)).toBe('old')
    expect(await cache.getOrSet('a', load)).toBe('old')
    gate.resolve('new')
    await clock.advance(0)
    expect(await cache.getOrSet('a', load)).toBe('new')
    expect(loads).toBe(1)
    expect(events).toMatchInlineSnapshot(`
      [
        "miss",
        "fill",
        "refresh (stale)",
        "stale (revalidate)",
        "stale (revalidate)",
        "fill",
        "hit",
      ]
    `)
  })

  it('does not serve stale past its grace', async () => {
    const { clock, cache, load } = setUp({ grace: '1m' })
    await cache.getOrSet('a', load)
    await clock.advance(70_000)
    expect(await cache.getOrSet('a', load)).toBe('v2')
  })

  it('covers a failing loader with something stale, and leaves it alone for a while', async () => {
    const { clock, cache, events } = setUp({
      grace: '1h',
      staleWhileRevalidate: 0,
      errorBackoff: '1s',
    })
    await cache.getOrSet('a', () => 'old')
    await clock.advance(10_000)
    let loads = 0
    const fail = (): never => {
      loads++
      throw new Error('down')
    }
    expect(await cache.getOrSet('a', fail)).toBe('old')
    expect(await cache.getOrSet('a', fail)).toBe('old')
    expect(loads).toBe(1)
    await clock.advance(1_000)
    expect(await cache.getOrSet('a', fail)).toBe('old')
    await clock.advance(1_999)
    expect(await cache.getOrSet('a', fail)).toBe('old')
    expect(loads).toBe(2)
    await clock.advance(1)
    expect(await cache.getOrSet('a', () => 'new')).toBe('new')
    expect(events).toMatchInlineSnapshot(`
      [
        "miss",
        "fill",
        "miss",
        "error",
        "stale (error)",
        "stale (error)",
        "miss",
        "error",
        "stale (error)",
        "stale (error)",
        "miss",
        "fill",
      ]
    `)
  })

  it('turns the failure of a background refresh into an event', async () => {
    const { clock, cache, events } = setUp({ grace: '1h' })
    await cache.getOrSet('a', () => 'old')
    await clock.advance(10_000)
    expect(await cache.getOrSet('a', () => Promise.reject(new Error('down')))).toBe('old')
    await clock.advance(0)
    expect(events.at(-1)).toBe('error')
  })

  it('waits for the soft timeout, answers stale, and finishes behind', async () => {
    const { clock, cache } = setUp({ grace: '1h', softTimeout: '100ms' })
    await cache.getOrSet('a', () => 'old')
    await clock.advance(10_000)
    const gate = deferred<string>()
    const answer = cache.getOrSet('a', () => gate.promise)
    await clock.advance(100)
    expect(await answer).toBe('old')
    gate.resolve('new')
    await clock.advance(0)
    expect(await cache.getOrSet('a', () => 'never')).toBe('new')
  })

  it('ends waiting at the hard timeout, aborts the loader, and keeps what it returns all the same', async () => {
    const { clock, cache } = setUp({ hardTimeout: '1s' })
    const gate = deferred<string>()
    let signal: AbortSignal | undefined
    const answer = cache.getOrSet('a', (ctx) => {
      signal = ctx.signal
      return gate.promise
    })
    answer.catch(() => {})
    await clock.advance(1_000)
    await expect(answer).rejects.toMatchObject({ code: 'CACHE_TIMEOUT' })
    expect(signal?.aborted).toBe(true)
    gate.resolve('late')
    await clock.advance(0)
    expect(await cache.get('a')).toBe('late')
  })

  it('lets a caller leave without cancelling the others, and aborts when all have left', async () => {
    const { clock, cache } = setUp()
    const gate = deferred<string>()
    const signals: AbortSignal[] = []
    const load = (ctx: { signal: AbortSignal }): Promise<string> => {
      signals.push(ctx.signal)
      return gate.promise
    }
    const [one, two] = [new AbortController(), new AbortController()]
    const first = cache.getOrSet('a', load, { signal: one.signal })
    const second = cache.getOrSet('a', load, { signal: two.signal })
    await clock.advance(0)
    one.abort(new Error('left'))
    await expect(first).rejects.toThrow('left')
    expect(signals[0]!.aborted).toBe(false)
    two.abort(new Error('left too'))
    await expect(second).rejects.toThrow('left too')
    expect(signals[0]!.aborted).toBe(true)
    // Nobody joins a load that everyone has left.
    expect(await cache.getOrSet('a', () => 'new')).toBe('new')
  })

  it('refreshes ahead of the end, at a moment of its own', async () => {
    const { clock, cache, load, loads } = setUp({
      earlyRefresh: 0.5,
      random: { fraction: () => 0.999, token: () => Math.random().toString(36) },
    })
    await cache.getOrSet('a', load)
    await clock.advance(4_999)
    await cache.getOrSet('a', load)
    await clock.advance(0)
    expect(loads()).toBe(1)
    await clock.advance(4_999)
    expect(await cache.getOrSet('a', load)).toBe('v1')
    await clock.advance(0)
    expect(loads()).toBe(2)
    await clock.advance(5_000)
    expect(await cache.getOrSet('a', load)).toBe('v2')
  })

  it('refreshes ahead at a whole millisecond, whatever the draw', () => {
    const core = { phase: 0.123_456_789 } as Core
    for (let n = 0; n < 100; n++) {
      const loadedAt = 1_800_000_000_000 + n
      const at = refreshAt(core, { loadedAt, freshUntil: loadedAt + 9_999, staleUntil: 0 }, 0.7)
      expect(at).toBe(Math.floor(at))
      expect(at).toBeGreaterThanOrEqual(loadedAt + 6_999)
      expect(at).toBeLessThan(loadedAt + 9_999)
    }
  })

  it('takes the ttl, grace and skip that only the loader knows', async () => {
    const { clock, cache } = setUp()
    await cache.getOrSet('a', (ctx) => {
      ctx.ttl('1s')
      ctx.grace('1m')
      return 'short'
    })
    await clock.advance(1_000)
    expect(await cache.get('a')).toBeUndefined()
    expect(await cache.getOrSet('a', () => 'new', { staleWhileRevalidate: '1m' })).toBe('short')
    await cache.getOrSet('b', (ctx) => {
      ctx.skip()
      return 1
    })
    expect(await cache.has('b')).toBe(false)
    await cache.getOrSet('c', () => 1, { ttl: 0 })
    expect(await cache.has('c')).toBe(false)
  })

  it('gives the loader the previous value', async () => {
    const { clock, cache } = setUp({ grace: '1h', staleWhileRevalidate: 0 })
    await cache.getOrSet('a', () => ({ n: 1 }))
    await clock.advance(10_000)
    let stale: unknown
    await cache.getOrSet('a', (ctx) => {
      stale = ctx.stale
      return { n: 2 }
    })
    expect(stale).toEqual({ n: 1 })
  })

  it('expires an entry and keeps its grace; touches one and prolongs it', async () => {
    const { clock, cache, load } = setUp({ grace: '1m' })
    await cache.getOrSet('a', load)
    await cache.touch('a', '30s')
    await clock.advance(20_000)
    expect(await cache.get('a')).toBe('v1')
    await cache.expire('a')
    expect(await cache.get('a')).toBeUndefined()
    expect(await cache.getOrSet('a', load)).toBe('v1')
    await clock.advance(0)
    expect(await cache.getOrSet('a', load)).toBe('v2')
  })

  it('loads now when asked to, whatever is kept', async () => {
    const { cache, load } = setUp()
    await cache.getOrSet('a', load)
    expect(await cache.getOrSet('a', load, { fresh: true })).toBe('v2')
    expect(await cache.getOrSet('a', load)).toBe('v2')
  })

  it('leaves nothing behind when closed', async () => {
    const { clock, cache, load } = setUp({ grace: '1m' })
    await cache.getOrSet('a', load)
    await cache.close()
    expect(clock.pending).toBe(0)
    await expect(cache.getOrSet('a', load)).rejects.toMatchObject({ code: 'CACHE_CLOSED' })
    await expect(cache.set('a', 1)).rejects.toMatchObject({ code: 'CACHE_CLOSED' })
  })
})
