import { channel } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { createCache } from '../../index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'

describe('what a cache says it did', () => {
  it('is told as typed events, with keys as a person reads them', async () => {
    await using cache = createCache()
    const story: unknown[] = []
    for (const name of ['hit', 'miss', 'fill', 'invalidate', 'unkept', 'bypass'] as const) {
      cache.on(name, (event) => story.push([name, event]))
    }
    await cache.getOrSet(['user', 5], () => 'Ada', { tags: ['user:5'] })
    await cache.getOrSet(['user', 5], () => 'Ada')
    await cache.getOrSet(['user', 5], () => 'Ada', { fresh: true })
    await cache.invalidateTags('user:5')
    await cache.delete(['user', 5])
    await cache.clear()
    await cache.getOrSet('x', () => undefined)
    const shown = story.map((one) => JSON.stringify(one).replace(/"ms":\d+/, '"ms":0'))
    expect(shown).toMatchInlineSnapshot(`
      [
        "["miss",{"key":"['user',5]"}]",
        "["fill",{"key":"['user',5]","ms":0,"tags":["user:5"]}]",
        "["hit",{"key":"['user',5]","tier":"memory"}]",
        "["bypass",{"key":"['user',5]"}]",
        "["fill",{"key":"['user',5]","ms":0,"tags":[]}]",
        "["invalidate",{"tags":["user:5"],"remote":false,"pending":false}]",
        "["invalidate",{"keys":["['user',5]"],"remote":false,"pending":false}]",
        "["invalidate",{"all":true,"remote":false,"pending":false}]",
        "["miss",{"key":"x"}]",
        "["unkept",{"key":"x","reason":"undefined"}]",
      ]
    `)
  })

  it('is told to listeners that may ask for what they are told of', async () => {
    await using cache = createCache()
    await cache.getOrSet('another', () => 0)
    let asked: Promise<number> | undefined
    cache.on('load', () => (asked ??= cache.getOrSet('a', () => 2)))
    expect(await cache.getOrSet('a', () => 1)).toBe(1)
    expect(await asked).toBe(1)
  })

  it('is not told to a listener that has left', async () => {
    await using cache = createCache()
    const heard: string[] = []
    const leave = cache.on('miss', ({ key }) => heard.push(key))
    await cache.getOrSet('a', () => 1)
    leave()
    await cache.getOrSet('b', () => 1)
    expect(heard).toEqual(['a'])
  })

  it('is counted', async () => {
    const clock = new FakeClock()
    await using cache = createCache({ clock, ttl: '1s', grace: '1m' })
    await cache.getOrSet('a', () => 1)
    await cache.getOrSet('a', () => 1)
    await clock.advance(1_000)
    await cache.getOrSet('a', () => 2)
    await clock.advance(0)
    await cache.getOrSet('b', () => Promise.reject(new Error('down'))).catch(() => {})
    await cache.invalidateTags('none')
    expect(cache.stats()).toMatchObject({
      hits: 1,
      staleHits: 1,
      misses: 2,
      loads: 3,
      loadErrors: 1,
      refreshes: 1,
      fills: 2,
      invalidations: 1,
      hitsByTier: { memory: 2 },
      hitRatio: 0.5,
      entries: 1,
      loading: 0,
      pending: 0,
    })
  })

  it('is published on diagnostics channels while somebody subscribes', async () => {
    await using cache = createCache({ namespace: 'shop' })
    const heard: unknown[] = []
    const listener = (message: unknown): void => void heard.push(message)
    const hits = channel('keepfresh:hit')
    hits.subscribe(listener)
    await cache.set('a', 1)
    await cache.get('a')
    hits.unsubscribe(listener)
    await cache.get('a')
    expect(heard).toEqual([{ namespace: 'shop', key: 'a', tier: 'memory' }])
  })

  it('does not suffer from a listener that throws', async () => {
    await using cache = createCache()
    const thrown = new Promise((resolve) => {
      process.prependOnceListener('uncaughtException', resolve)
    })
    const others = process.listeners('uncaughtException').slice(1)
    for (const other of others) process.off('uncaughtException', other)
    cache.on('miss', () => {
      throw new Error('listener')
    })
    expect(await cache.getOrSet('a', () => 1)).toBe(1)
    expect(await thrown).toMatchObject({ message: 'listener' })
    for (const other of others) process.on('uncaughtException', other)
  })
})
