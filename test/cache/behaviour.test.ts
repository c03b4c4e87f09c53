import { expect, it } from 'vitest'
import { deferred } from '../support/deferred.js'
import { until } from '../support/until.js'
import { describeTierings } from './tierings.js'

const VALUES: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['zero', 0],
  ['minus zero', -0],
  ['NaN', Number.NaN],
  ['an empty string', ''],
  ['false', false],
  ['a bigint', 2n ** 70n],
  ['text', 'grüße \u{1f600}'],
  ['a Date', new Date(1_700_000_000_000)],
  ['a Map', new Map<unknown, unknown>([['a', new Set([1, 'x'])]])],
  ['a Buffer', Buffer.from([0, 1, 255])],
  ['a typed array', new Float64Array([1.5, -0, Number.NaN])],
  ['nested', { a: [1, { b: null, c: undefined, d: [new Date(0)] }], __proto__: null }],
  ['an Error', new RangeError('far')],
]

const KEYS: readonly unknown[] = [
  'a b\n\0{}%~',
  'k'.repeat(100_000),
  '\u{1f600}',
  ['user', 5],
  ['user', '5'],
  ['user', 5n],
  { q: 'x', page: 2 },
  { q: 'x', page: '2' },
  ['a:b', 'c'],
  ['a', 'b:c'],
]

describeTierings('a cache over', ({ open, fresh, memory, shared }) => {
  const test = (name: string, body: () => Promise<void>): void => {
    it(name, async () => {
      fresh()
      await body()
    })
  }

  test('gives back what went in', async () => {
    await using cache = open()
    await using other = open()
    for (const [name, value] of VALUES) {
      await cache.set(name, value)
      const back = await (shared ? other : cache).get(name)
      expect(back, name).toEqual(value)
      expect(Object.is(back, value) || typeof value === 'object', name).toBe(true)
    }
  })

  test('refuses what it cannot keep, by name, and keeps nothing of it', async () => {
    await using cache = open()
    class Money {
      readonly cents = 1
    }
    for (const value of [() => 1, { a: [new Money()] }, Symbol('s')]) {
      await expect(cache.set('a', value)).rejects.toMatchObject({ code: 'CACHE_VALUE_INVALID' })
      await expect(cache.getOrSet('b', () => value)).rejects.toMatchObject({
        code: 'CACHE_VALUE_INVALID',
      })
    }
    expect(await cache.getMany(['a', 'b'])).toEqual([undefined, undefined])
  })

  test('keeps keys of any length and character apart', async () => {
    await using cache = open()
    await cache.setMany(KEYS.map((key, index) => [key as string, index]))
    expect(await cache.getMany(KEYS as string[])).toEqual(KEYS.map((_, index) => index))
  })

  test('loads once for many callers in two processes', async () => {
    await using one = open()
    await using two = open()
    let loads = 0
    const gate = deferred<string>()
    const load = (): Promise<string> => {
      loads++
      return gate.promise
    }
    const answers = [one, two].flatMap((cache) =>
      Array.from({ length: 50 }, () => cache.getOrSet('a', load)),
    )
    await until('a load has begun', () => loads > 0)
    setTimeout(() => gate.resolve('x'), 50)
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['x']))
    expect(loads).toBe(shared ? 1 : 2)
  })

  test('does not serve or keep a load that a delete overtook', async () => {
    await using one = open()
    await using two = open()
    const gate = deferred<string>()
    const begun = deferred()
    const waiting = one.getOrSet('a', () => {
      begun.resolve()
      return gate.promise
    })
    await begun.promise
    await (shared ? two : one).delete('a')
    const after = shared ? two.getOrSet('a', () => 'new') : one.getOrSet('a', () => 'new')
    expect(await after).toBe('new')
    gate.resolve('old')
    expect(await waiting).toBe('old')
    expect(await one.getOrSet('a', () => 'newer')).toBe('new')
  })

  for (const how of ['tag', 'late tag', 'clear'] as const) {
    test(`does not serve or keep a load that was overtaken by an invalidation (${how})`, async () => {
      await using one = open()
      await using two = open()
      const gate = deferred<string>()
      const begun = deferred()
      const waiting = one.getOrSet(
        'a',
        async (ctx) => {
          begun.resolve()
          const value = await gate.promise
          if (how === 'late tag') ctx.tag('t')
          return value
        },
        how === 'tag' ? { tags: ['t'] } : {},
      )
      await begun.promise
      const invalidator = shared ? two : one
      await (how === 'clear' ? invalidator.clear() : invalidator.invalidateTags(['t']))
      gate.resolve('old')
      expect(await waiting).toBe('old')
      expect(await invalidator.getOrSet('a', () => 'new')).toBe('new')
    })
  }

  test('makes everything under a tag unusable, and nothing else', async () => {
    await using cache = open()
    await using other = open()
    await cache.set('a', 1, { tags: ['x', 'y'] })
    await cache.set('b', 2, { tags: ['y'] })
    await cache.set('c', 3)
    await cache.invalidateTags('x')
    expect(await cache.getMany(['a', 'b', 'c'])).toEqual([undefined, 2, 3])
    await cache.getOrSet('a', () => 4, { tags: ['x'] })
    expect(await cache.get('a')).toBe(4)
    if (!shared) return
    expect(await other.getMany(['a', 'b', 'c'])).toEqual([4, 2, 3])
    await other.invalidateTags(['x', 'y'])
    await until('the first process has heard', async () => (await cache.get('a')) === undefined)
    expect(await cache.getMany(['a', 'b', 'c'])).toEqual([undefined, undefined, 3])
  })

  test('clears one namespace and nothing else', async () => {
    await using cache = open()
    await using other = open({ namespace: `other-${Math.random()}` })
    await cache.set('a', 1)
    await other.set('a', 2)
    await cache.clear()
    expect(await cache.get('a')).toBeUndefined()
    expect(await other.get('a')).toBe(2)
    await cache.set('a', 3)
    expect(await cache.get('a')).toBe(3)
  })

  test('is told of the deletions and values of another process', async () => {
    if (!shared) return
    await using one = open()
    await using two = open()
    await one.set('a', 1)
    expect(await one.get('a')).toBe(1)
    await two.set('a', 2)
    await until('the new value is seen', async () => (await one.get('a')) === 2)
    await two.delete('a')
    await until('the deletion is seen', async () => (await one.get('a')) === undefined)
  })

  test('reads and writes many, in order', async () => {
    await using cache = open()
    await cache.setMany([
      ['a', 1],
      ['b', 2],
    ])
    expect(await cache.getMany(['b', 'x', 'a', 'b'])).toEqual([2, undefined, 1, 2])
    await cache.deleteMany(['a', 'b', 'c'])
    expect(await cache.getMany(['a', 'b'])).toEqual([undefined, undefined])
  })

  test('loads what is missing of many in one call, in order, with duplicates', async () => {
    await using cache = open()
    await cache.set(['u', 2], 'two')
    const calls: unknown[] = []
    const load = (ids: readonly number[]): string[] => {
      calls.push(ids)
      return ids.map((id) => `user ${id}`)
    }
    const key = (id: number): [string, number] => ['u', id]
    expect(await cache.getOrSetMany([3, 2, 1, 3], load, { key })).toEqual([
      'user 3',
      'two',
      'user 1',
      'user 3',
    ])
    expect(await cache.getOrSetMany([1, 2, 3], load, { key })).toEqual(['user 1', 'two', 'user 3'])
    expect(calls).toEqual([[3, 1]])
  })

  test('keeps an absence when asked to, and lets an error hurt its own id only', async () => {
    await using cache = open()
    const calls: unknown[] = []
    const load = (ids: readonly string[]): (string | Error | undefined)[] => {
      calls.push(ids)
      return ids.map((id) => (id === 'bad' ? new Error('bad') : id === 'none' ? undefined : id))
    }
    const ids = ['good', 'bad', 'none']
    const first = await cache.getOrSetMany(ids, load, { absent: 'keep' })
    expect(first[0]).toBe('good')
    expect(first[1]).toBeInstanceOf(Error)
    expect(first[2]).toBeNull()
    await cache.getOrSetMany(ids, load, { absent: 'keep' })
    expect(calls).toEqual([['good', 'bad', 'none'], ['bad']])
  })

  test('adds only what is absent', async () => {
    await using cache = open()
    expect(await cache.add('a', 1)).toBe(true)
    expect(await cache.add('a', 2)).toBe(false)
    expect(await cache.get('a')).toBe(1)
    await cache.delete('a')
    const answers = await Promise.all(Array.from({ length: 5 }, (_, n) => cache.add('a', n)))
    expect(answers.filter(Boolean)).toHaveLength(1)
  })

  test('counts atomically, across processes', async () => {
    await using one = open()
    await using two = open()
    expect(await one.increment('n', 5, { initial: 10 })).toBe(15)
    const counters = shared ? [one, two] : [one]
    await Promise.all(
      counters.flatMap((cache) => Array.from({ length: 20 }, () => cache.increment('n'))),
    )
    expect(await one.increment('n', 0)).toBe(15 + 20 * counters.length)
    await one.set('s', 'text')
    await expect(one.increment('s')).rejects.toMatchObject({ code: 'CACHE_NOT_A_NUMBER' })
  })

  test('lets a set overtake a load', async () => {
    await using cache = open()
    const gate = deferred<string>()
    const begun = deferred()
    const waiting = cache.getOrSet('a', () => {
      begun.resolve()
      return gate.promise
    })
    await begun.promise
    await cache.set('a', 'set')
    gate.resolve('loaded')
    expect(await waiting).toBe('loaded')
    expect(await cache.get('a')).toBe('set')
  })

  test('touches and expires', async () => {
    await using cache = open({ ttl: '1m', grace: '1m' })
    await cache.set('a', 'old')
    expect(await cache.touch('a', '2m')).toBe(true)
    expect(await cache.touch('none')).toBe(false)
    const receipt = await cache.expire('a')
    expect(receipt.pending).toBe(false)
    expect(await cache.get('a')).toBeUndefined()
    const answer = await cache.read('a', () => 'new')
    expect(answer).toMatchObject({ value: 'old', state: 'stale' })
    await until('the refresh is done', async () => (await cache.get('a')) === 'new')
  })

  test('cannot be corrupted by a caller that changes what it got', async () => {
    await using cache = open()
    const source = { list: [1], when: new Date(0), plain: { a: 1 } }
    const got = await cache.getOrSet('a', () => source)
    source.list.push(2)
    for (const one of [got, await cache.getOrSet('a', () => source)]) {
      try {
        one.list.push(3)
        one.when.setTime(5)
        one.plain.a = 2
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
      }
    }
    expect(await cache.get('a')).toEqual({ list: [1], when: new Date(0), plain: { a: 1 } })
  })

  test('does not reach the servers for a hit in process memory', async () => {
    if (!memory) return
    await using cache = open()
    await cache.getOrSet('a', () => 1)
    const before = cache.stats().hitsByTier['memory']!
    await cache.getOrSet('a', () => 2)
    expect(cache.stats().hitsByTier['memory']).toBe(before + 1)
  })

  test('tells what it holds', async () => {
    await using cache = open()
    await cache.set(['user', 5], 1, { tags: ['t'] })
    const seen = await cache.inspect(['user', 5])
    expect(seen.outcome).toBe('hit')
    expect(seen.tiers.every(({ state }) => state === 'fresh')).toBe(true)
    await cache.invalidateTags('t')
    expect((await cache.inspect(['user', 5])).outcome).toBe('miss')
  })

  test('says nothing on the side', async () => {
    const errors: unknown[] = []
    await using cache = open()
    cache.on('error', (event) => errors.push(event))
    await cache.getOrSet('a', () => 1, { tags: ['t'] })
    await cache.get('a')
    await cache.delete('a')
    expect(errors).toEqual([])
  })
})
