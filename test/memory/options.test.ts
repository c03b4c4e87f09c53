import { describe, expect, it } from 'vitest'
import { memoryStore, type MemoryStoreOptions } from '../../adapters/memory/index.js'
import { resolveOptions } from '../../adapters/memory/options.js'
import { CacheError } from '../../src/base/errors.js'
import { systemClock } from '../../src/base/clock.js'
import { systemRandom } from '../../src/base/random.js'
import { entry } from './opened.js'

describe('options of a memory store', () => {
  it('are all optional, and bound it', () => {
    expect(resolveOptions({})).toEqual({
      maxEntries: 100_000,
      maxBytes: 67_108_864,
      policy: 's3-fifo',
      maxTags: 400_000,
    })
  })

  it.each([
    ['512b', 512],
    ['1kb', 1_024],
    ['1.5MB', 1_572_864],
    ['2gb', 2_147_483_648],
    [1_000, 1_000],
    [Infinity, Infinity],
  ])('take %s for %s bytes', (maxBytes, expected) => {
    expect(resolveOptions({ maxBytes } as MemoryStoreOptions).maxBytes).toBe(expected)
  })

  it('leave one bound to the other', () => {
    expect(resolveOptions({ maxEntries: Infinity })).toMatchObject({ maxTags: 400_000 })
    expect(resolveOptions({ maxEntries: 10 })).toMatchObject({ maxTags: 10_000 })
  })

  it.each<[string, unknown]>([
    ['maxEntries', { maxEntries: 0 }],
    ['maxEntries', { maxEntries: 1.5 }],
    ['maxEntries', { maxEntries: -1 }],
    ['maxEntries', { maxEntries: Number.NaN }],
    ['maxEntries', { maxEntries: '100' }],
    ['maxBytes', { maxBytes: 0 }],
    ['maxBytes', { maxBytes: '64' }],
    ['maxBytes', { maxBytes: '64 mb' }],
    ['maxBytes', { maxBytes: '0kb' }],
    ['maxBytes', { maxBytes: Number.NaN }],
    ['maxBytes', { maxBytes: null }],
    ['maxBytes', { maxEntries: Infinity, maxBytes: Infinity }],
    ['policy', { policy: 'lfu' }],
    ['maxTags', { maxTags: 0 }],
    ['max', { max: 100 }],
    ['memoryStore options', null],
    ['memoryStore options', '64mb'],
  ])('that are wrong fail at once and name %s: %j', (option, options) => {
    const make = () => memoryStore(options as MemoryStoreOptions)
    expect(make).toThrow(CacheError)
    expect(make).toThrow(expect.objectContaining({ code: 'CACHE_OPTION_INVALID', option }))
  })
})

describe('memoryStore', () => {
  it('opens a store of its own for each cache', () => {
    const description = memoryStore({ maxEntries: 1 })
    const context = {
      namespace: 'n',
      clock: systemClock,
      random: systemRandom,
      onError: () => {},
    }
    const [one, two] = [description.open(context), description.open(context)]
    one.put('k', entry(1))
    expect(two.get('k')).toBeUndefined()
    expect(description.name).toBe('memory')
    expect(one.kind).toBe('local')
    one.put('l', entry(1))
    expect(one.size).toBe(1)
    one.close()
    two.close()
  })
})
