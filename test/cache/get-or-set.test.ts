import { describe, expect, it } from 'vitest'
import { createCache } from '../../index.js'
import { deferred } from '../support/deferred.js'

describe('getOrSet', () => {
  it('loads once and answers from memory after that', async () => {
    await using cache = createCache()
    let loads = 0
    const load = () => ({ n: ++loads })
    expect(await cache.getOrSet('a', load)).toEqual({ n: 1 })
    expect(await cache.getOrSet('a', load)).toEqual({ n: 1 })
    expect(cache.stats()).toMatchObject({ hits: 1, misses: 1, loads: 1, fills: 1 })
  })

  it('shares one load among concurrent callers', async () => {
    await using cache = createCache()
    let loads = 0
    const gate = deferred<number>()
    const answers = Array.from({ length: 100 }, () =>
      cache.getOrSet('a', () => {
        loads++
        return gate.promise
      }),
    )
    gate.resolve(7)
    expect(new Set(await Promise.all(answers))).toEqual(new Set([7]))
    expect(loads).toBe(1)
  })

  it('returns an overtaken value to those who waited, and keeps nothing', async () => {
    await using cache = createCache()
    const gate = deferred<string>()
    const waiting = cache.getOrSet('a', () => gate.promise)
    await cache.delete('a')
    const after = cache.getOrSet('a', () => 'new')
    gate.resolve('old')
    expect(await waiting).toBe('old')
    expect(await after).toBe('new')
    expect(await cache.get('a')).toBe('new')
  })

  it('does not serve a load that began before a tag was invalidated, though the tag is named at its end', async () => {
    await using cache = createCache()
    const gate = deferred<string>()
    const waiting = cache.getOrSet('a', async (ctx) => {
      const value = await gate.promise
      ctx.tag('t')
      return value
    })
    await cache.invalidateTags('t')
    const after = cache.getOrSet('a', () => 'new')
    gate.resolve('old')
    expect(await waiting).toBe('old')
    expect(await after).toBe('new')
    expect(await cache.get('a')).not.toBe('old')
  })

  it('loads again for who wants it fresh, though a load runs or nothing is there', async () => {
    await using cache = createCache()
    const gate = deferred<string>()
    const begun = deferred()
    const waiting = cache.getOrSet('a', () => {
      begun.resolve()
      return gate.promise
    })
    await begun.promise
    const fresh = cache.read('a', () => 'newer', { fresh: true })
    gate.resolve('running')
    expect(await waiting).toBe('running')
    expect(await fresh).toMatchObject({ value: 'newer', state: 'bypass' })
    expect(await cache.read('b', () => 'first', { fresh: true })).toMatchObject({
      value: 'first',
      state: 'bypass',
    })
    expect(cache.stats()).toMatchObject({ bypasses: 2, misses: 1, loads: 3 })
  })

  it('keeps null and does not keep undefined', async () => {
    await using cache = createCache()
    let loads = 0
    for (const value of [null, 0, '', false]) {
      const key = ['value', String(value)]
      await cache.getOrSet(key, () => (loads++, value))
      expect(await cache.getOrSet(key, () => (loads++, 'other'))).toBe(value)
    }
    expect(loads).toBe(4)
    await cache.getOrSet('u', () => (loads++, undefined))
    await cache.getOrSet('u', () => (loads++, undefined))
    expect(loads).toBe(6)
  })

  it('rejects every waiter at once with the error of the loader, as it was thrown', async () => {
    await using cache = createCache()
    const error = new Error('database gone')
    let loads = 0
    const answers = await Promise.allSettled(
      Array.from({ length: 200 }, () =>
        cache.getOrSet('a', () => {
          loads++
          throw error
        }),
      ),
    )
    expect(loads).toBe(1)
    expect(answers.every((one) => one.status === 'rejected' && one.reason === error)).toBe(true)
  })

  it('finds a loader that waits for itself, directly and through another', async () => {
    await using cache = createCache()
    await expect(cache.getOrSet('a', () => cache.getOrSet('a', () => 1))).rejects.toMatchObject({
      code: 'CACHE_LOADER_CYCLE',
    })
    const a = (): Promise<number> => cache.getOrSet('x', () => b())
    const b = (): Promise<number> => cache.getOrSet('y', () => a())
    await expect(a()).rejects.toMatchObject({ code: 'CACHE_LOADER_CYCLE' })
  })

  it('takes work that a loader left behind for no circle, once nobody waits for that loader', async () => {
    await using cache = createCache()
    const ended = deferred()
    const gate = deferred()
    let left: Promise<string> | undefined
    const a = cache.getOrSet('a', async () => {
      await cache.getOrSet('b', () => {
        left = ended.promise.then(() => cache.getOrSet('a', () => 'another'))
        return 'b'
      })
      ended.resolve()
      await gate.promise
      return 'a'
    })
    await ended.promise
    gate.resolve()
    expect(await a).toBe('a')
    expect(await left).toBe('a')
  })

  it('aborts the signal of a loader that has answered, so that what it left behind can stop', async () => {
    await using cache = createCache()
    let signal: AbortSignal | undefined
    await cache.getOrSet('a', (ctx) => {
      signal = ctx.signal
      expect(signal.aborted).toBe(false)
      return 1
    })
    expect(signal?.aborted).toBe(true)
  })
})
