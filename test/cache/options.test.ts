import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../adapters/memory/index.js'
import { CacheError, createCache } from '../../index.js'

describe('a wrong option fails at once, with its name and what came', () => {
  it.each<[string, unknown, string]>([
    ['ttl', '5 minutes', 'ttl'],
    ['ttl', -1, 'ttl'],
    ['ttl', Number.NaN, 'ttl'],
    ['grace', null, 'grace'],
    ['jitter', 2, 'jitter'],
    ['earlyRefresh', -0.1, 'earlyRefresh'],
    ['namespace', 5, 'namespace'],
    ['namespace', '', 'namespace'],
    ['tiers', [], 'tiers'],
    ['tiers', [{}], 'tiers[0]'],
    ['tiers', [memoryStore(), memoryStore()], 'tiers[1]'],
    ['bus', {}, 'bus'],
    ['values', 'clone', 'values'],
    ['codec', {}, 'codec'],
    ['lease', 0, 'lease'],
    ['lease', Infinity, 'lease'],
    ['lockWait', '25d', 'lockWait'],
    ['maxPending', 0, 'maxPending'],
    ['onPending', 'throw', 'onPending'],
    ['tttl', 5, 'tttl'],
  ])('%s: %o', (option, value, named) => {
    let error: unknown
    try {
      createCache({ [option]: value })
    } catch (caught) {
      error = caught
    }
    expect(error).toBeInstanceOf(CacheError)
    expect((error as CacheError).code).toBe('CACHE_OPTION_INVALID')
    expect((error as CacheError).message).toContain(named.replace(/\[.*/, ''))
  })

  it.each([
    ['a ttl', { ttl: 'soon' }, 'CACHE_OPTION_INVALID'],
    ['a tag that is empty', { tags: [''] }, 'CACHE_TAG_INVALID'],
    ['tags that are no list', { tags: 'a' }, 'CACHE_OPTION_INVALID'],
    ['a private that is no boolean', { private: 'yes' }, 'CACHE_OPTION_INVALID'],
  ])('of a call: %s', async (_, options, code) => {
    await using cache = createCache()
    await expect(cache.getOrSet('a', () => 1, options as never)).rejects.toMatchObject({ code })
    await expect(cache.set('a', 1, options as never)).rejects.toMatchObject({ code })
  })

  it.each<[string, unknown]>([
    ['empty text', ''],
    ['an empty list', []],
    ['an empty object', {}],
    ['null', null],
    ['undefined', undefined],
    ['a lone surrogate', 'a\ud800'],
    ['a function', () => 1],
  ])('a key: %s', async (_, key) => {
    await using cache = createCache()
    for (const call of [
      () => cache.getOrSet(key as string, () => 1),
      () => cache.get(key as string),
      () => cache.set(key as string, 1),
      () => cache.delete(key as string),
      () => cache.getMany([key as string]),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'CACHE_KEY_INVALID' })
    }
  })

  it('refuses what is no list of tags or keys, since it would invalidate nothing and say nothing of it', async () => {
    await using cache = createCache()
    const code = 'CACHE_OPTION_INVALID'
    for (const wrong of [undefined, null, 5, {}]) {
      await expect(cache.invalidateTags(wrong as never)).rejects.toMatchObject({ code })
      await expect(cache.deleteMany(wrong as never)).rejects.toMatchObject({ code })
    }
    await expect(cache.deleteMany('ab' as never)).rejects.toMatchObject({ code })
  })

  it('a loader that is no function, and a value that is undefined', async () => {
    await using cache = createCache()
    await expect(cache.getOrSet('a', 5 as never)).rejects.toMatchObject({
      code: 'CACHE_OPTION_INVALID',
    })
    await expect(cache.set('a', undefined)).rejects.toMatchObject({ code: 'CACHE_OPTION_INVALID' })
  })

  it('keeps nothing of a setMany of which one key is refused', async () => {
    await using cache = createCache()
    await expect(
      cache.setMany([
        ['a', 1],
        ['', 2],
      ]),
    ).rejects.toMatchObject({ code: 'CACHE_KEY_INVALID' })
    expect(await cache.get('a')).toBeUndefined()
  })
})
