import { describe, expect, expectTypeOf, it } from 'vitest'
import { createCache } from '../../index.js'

describe('wrap', () => {
  it('puts a function behind the cache, by its name and arguments', async () => {
    await using cache = createCache()
    let calls = 0
    async function findUser(id: number, fields: readonly string[] = []) {
      calls++
      return { id, fields }
    }
    const cached = cache.wrap(findUser, { tags: (id) => [`user:${id}`] })
    expectTypeOf<Parameters<typeof cached>>().toEqualTypeOf<
      [id: number, fields?: readonly string[] | undefined]
    >()
    expectTypeOf(cached).returns.resolves.toEqualTypeOf<{ id: number; fields: readonly string[] }>()
    expect(await cached(5)).toEqual({ id: 5, fields: [] })
    await cached(5)
    await cached(5, ['name'])
    expect(calls).toBe(2)
    await cache.invalidateTags('user:5')
    await cached(5)
    expect(calls).toBe(3)
  })

  it('needs a name, and takes a key', async () => {
    await using cache = createCache()
    expect(() => cache.wrap(() => 1)).toThrow(/name/)
    let calls = 0
    const cached = cache.wrap((request: { id: number; at: number }) => (calls++, request.id), {
      name: 'byId',
      key: ({ id }) => id,
    })
    await cached({ id: 1, at: 1 })
    await cached({ id: 1, at: 2 })
    expect(calls).toBe(1)
  })

  it('types what a loader returns and what a context offers', () => {
    const cache = createCache()
    const answer = cache.getOrSet('a', (ctx) => {
      expectTypeOf(ctx.signal).toEqualTypeOf<AbortSignal>()
      return { n: 1 }
    })
    expectTypeOf(answer).resolves.toEqualTypeOf<{ n: number }>()
    // @ts-expect-error a duration has a unit
    void cache.getOrSet('a', () => 1, { ttl: '5 minutes' }).catch(() => {})
  })
})
