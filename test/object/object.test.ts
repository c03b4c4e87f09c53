import { describe, expect, expectTypeOf, it } from 'vitest'
import { createCache } from '../../index.js'
import { defineObject, wrapMethods } from '../../src/object/index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { until } from '../support/until.js'
import { describeTierings } from '../cache/tierings.js'

/** The sources of a shop, which count how often they are asked. */
function shop() {
  const calls: string[] = []
  const rows = new Map<number, { price: number; version: number; handle: string }>()
  for (let id = 1; id <= 9; id++) rows.set(id, { price: id * 10, version: 1, handle: `lamp-${id}` })
  const failing = new Set<string>()
  const load = async <T>(
    part: string,
    ids: readonly number[],
    of: (id: number) => T,
  ): Promise<T[]> => {
    calls.push(`${part} ${ids.join()}`)
    await Promise.resolve()
    if (failing.has(part)) throw new Error(`${part} is down`)
    return ids.map(of)
  }
  const parts = {
    price: {
      load: async (id: number) => {
        const [row] = await load('price', [id], (one) => rows.get(one))
        return row && { amount: row.price, version: row.version }
      },
      version: (price: { version: number }) => price.version,
      ttl: '30s',
    },
    description: {
      loadMany: (ids: readonly number[]) =>
        load('description', ids, (id) => ({ handle: rows.get(id)?.handle ?? '' })),
    },
    images: {
      load: async (id: number) => (await load('images', [id], (one) => [`${one}.png`]))[0]!,
      optional: true,
      retry: '5s',
    },
    reviews: {
      load: async (id: number) => (await load('reviews', [id], (one) => [`good ${one}`]))[0]!,
      tags: (id: number) => [`reviews:${id}`],
    },
  } as const
  return { calls, rows, failing, parts, taken: () => calls.splice(0) }
}

describe('objects', () => {
  it('are typed from their parts', () => {
    const products = defineObject(createCache(), 'Product', { parts: shop().parts })
    expectTypeOf((id: number) => products.get(id)).returns.resolves.toEqualTypeOf<
      | ({
          readonly price: { amount: number; version: number }
          readonly description: { handle: string }
          readonly reviews: string[]
        } & { readonly images?: string[] })
      | undefined
    >()
  })

  it('load the part alone that has gone out of date', async () => {
    const clock = new FakeClock()
    await using cache = createCache({ clock })
    const { parts, taken } = shop()
    const products = defineObject(cache, 'Product', { parts, ttl: '1h' })
    await products.get(5)
    expect(taken().toSorted()).toEqual(['description 5', 'images 5', 'price 5', 'reviews 5'])
    await clock.advance(29_999)
    await products.get(5)
    expect(taken()).toEqual([])
    await clock.advance(1)
    await products.get(5)
    expect(taken()).toEqual(['price 5'])
    await clock.advance(3_600_000)
    await products.get(5)
    expect(taken()).toHaveLength(4)
  })

  it('are served stale within their grace while a part is loaded behind', async () => {
    const clock = new FakeClock()
    await using cache = createCache({ clock })
    const { parts, rows, taken } = shop()
    const products = defineObject(cache, 'Product', { parts, ttl: '1h', grace: '1d' })
    await products.get(5)
    rows.get(5)!.price = 99
    taken()
    await clock.advance(30_000)
    expect((await products.get(5))!.price.amount).toBe(50)
    await clock.advance(0)
    expect((await products.get(5))!.price.amount).toBe(99)
    expect(taken()).toEqual(['price 5'])
  })

  it('fail with a required part, and have a stated gap without an optional one, which is tried again soon', async () => {
    const clock = new FakeClock()
    await using cache = createCache({ clock })
    const { parts, failing, taken } = shop()
    const products = defineObject(cache, 'Product', { parts, ttl: '1h' })
    failing.add('images')
    const product = await products.get(5)
    expect(product).not.toHaveProperty('images')
    expect(await products.gaps(5)).toEqual(['images'])
    taken()
    failing.clear()
    await clock.advance(5_000)
    expect((await products.get(5))!.images).toEqual(['5.png'])
    expect(taken()).toEqual(['images 5'])
    failing.add('price')
    await expect(products.get(6)).rejects.toThrow('price is down')
  })

  it('cover a failing part with what is stale', async () => {
    const clock = new FakeClock()
    await using cache = createCache({ clock })
    const { parts, failing } = shop()
    const products = defineObject(cache, 'Product', { parts, ttl: '1h', staleIfError: '1d' })
    await products.get(5)
    failing.add('price')
    await clock.advance(30_000)
    expect((await products.get(5))!.price.amount).toBe(50)
  })

  it('come back as instances', async () => {
    await using cache = createCache()
    class Product {
      readonly amount: number
      constructor({ price }: { readonly price: { readonly amount: number } }) {
        this.amount = price.amount
      }
      get dear(): boolean {
        return this.amount > 40
      }
    }
    const products = defineObject(cache, 'Product', {
      parts: shop().parts,
      revive: (object) => new Product(object),
    })
    const product = await products.get(5)
    expect(product).toBeInstanceOf(Product)
    expect(product!.dear).toBe(true)
    expect(await products.get(5)).toBeInstanceOf(Product)
  })

  it('take their parts from the methods of a class', async () => {
    await using cache = createCache()
    class Source {
      readonly currency = 'EUR'
      fetchPrice(id: number): string {
        return `${id} ${this.currency}`
      }
      fetchReviews(id: number): Promise<string[]> {
        return Promise.resolve([`good ${id}`])
      }
    }
    const products = defineObject(cache, 'Product', {
      parts: wrapMethods<number, Source>(new Source()),
    })
    expect(await products.get(5)).toEqual({ price: '5 EUR', reviews: ['good 5'] })
  })

  it('say at once what is wrong with a definition', () => {
    const cache = createCache()
    expect(() => defineObject(cache, 'Product', { parts: {} })).toThrow(/parts/)
    expect(() => defineObject(cache, 'Product', { parts: { a: {} } })).toThrow(/parts\.a/)
    expect(() => defineObject(cache, '', { parts: { a: { load: () => 1 } } })).toThrow(/name/)
    expect(() => defineObject({} as never, 'Product', { parts: { a: { load: () => 1 } } })).toThrow(
      /cache/,
    )
  })
})

describeTierings('objects over', ({ open, fresh }) => {
  const test = (name: string, body: () => Promise<void>): void => {
    it(name, async () => {
      fresh()
      await body()
    })
  }

  test('are assembled once and read in one go', async () => {
    await using cache = open()
    const { parts, taken } = shop()
    const products = defineObject(cache, 'Product', { parts })
    const first = await products.get(5)
    expect(first).toEqual({
      price: { amount: 50, version: 1 },
      description: { handle: 'lamp-5' },
      images: ['5.png'],
      reviews: ['good 5'],
    })
    taken()
    expect(await products.get(5)).toEqual(first)
    expect(taken()).toEqual([])
  })

  test('load many with one call per part for what is missing', async () => {
    await using cache = open()
    const { parts, taken } = shop()
    const products = defineObject(cache, 'Product', { parts })
    await products.get(6)
    taken()
    const found = await products.getMany([5, 6, 7, 5])
    expect(found.map((one) => one!.price.amount)).toEqual([50, 60, 70, 50])
    expect(taken().filter((call) => call.startsWith('description'))).toEqual(['description 5,7'])
  })

  test('are found by another key, which follows when its value changes', async () => {
    await using cache = open()
    const { parts, rows } = shop()
    const products = defineObject(cache, 'Product', {
      parts,
      by: { handle: (product) => product.description.handle },
    })
    expect(await products.by.handle('lamp-5')).toBeUndefined()
    await products.get(5)
    expect((await products.by.handle('lamp-5'))!.price.amount).toBe(50)
    rows.get(5)!.handle = 'blue-lamp'
    await products.invalidate(5)
    await products.get(5)
    expect(await products.by.handle('lamp-5')).toBeUndefined()
    expect((await products.by.handle('blue-lamp'))!.price.amount).toBe(50)
  })

  test('are updated in place, and an older version never replaces a newer', async () => {
    await using cache = open()
    const { parts, taken } = shop()
    const products = defineObject(cache, 'Product', { parts })
    await products.get(5)
    taken()
    const newer = { price: { amount: 12, version: 3 } }
    expect(await products.update(5, newer, { version: 3 })).toBe('updated')
    expect(await products.update(5, { price: { amount: 11, version: 2 } }, { version: 2 })).toBe(
      'older',
    )
    expect((await products.get(5))!.price.amount).toBe(12)
    expect(taken()).toEqual([])
  })

  test('fall back to invalidation when an update cannot be ordered, or finds nothing', async () => {
    await using cache = open()
    const { parts, rows, taken } = shop()
    const products = defineObject(cache, 'Product', { parts })
    expect(await products.update(5, { price: { amount: 1, version: 9 } }, { version: 9 })).toBe(
      'invalidated',
    )
    await products.get(5)
    taken()
    rows.get(5)!.handle = 'new'
    expect(await products.update(5, { description: { handle: 'new' } }, { version: 2 })).toBe(
      'invalidated',
    )
    expect((await products.get(5))!.description.handle).toBe('new')
    expect(taken()).toHaveLength(4)
  })

  test('make what contains them invalid when they are updated or invalidated', async () => {
    await using cache = open()
    const { parts } = shop()
    const products = defineObject(cache, 'Product', { parts })
    const page = (): Promise<string> =>
      cache.getOrSet('page', async () => `costs ${(await products.get(5))!.price.amount}`)
    expect(await page()).toBe('costs 50')
    await products.update(5, { price: { amount: 12, version: 2 } }, { version: 2 })
    expect(await page()).toBe('costs 12')
  })

  test('load one part again and keep the others, with what they depend on', async () => {
    await using cache = open()
    const { parts, rows, taken } = shop()
    const products = defineObject(cache, 'Product', { parts })
    await products.get(5)
    taken()
    rows.get(5)!.price = 77
    expect((await products.refresh(5, 'price'))!.price.amount).toBe(77)
    expect(taken()).toEqual(['price 5'])
    expect((await products.get(5))!.price.amount).toBe(77)
    // The reviews were taken over, and so was their tag.
    await cache.invalidateTags('reviews:5')
    await products.get(5)
    expect(taken()).toHaveLength(4)
  })

  test('are seen by another process as they are updated', async () => {
    await using cache = open()
    await using other = open()
    const here = defineObject(cache, 'Product', { parts: shop().parts })
    const there = defineObject(other, 'Product', { parts: shop().parts })
    await here.get(5)
    await there.get(5)
    await here.update(5, { price: { amount: 12, version: 2 } }, { version: 2 })
    if (
      cache.stats().hitsByTier['memory'] !== undefined &&
      Object.keys(cache.stats().hitsByTier).length === 1
    )
      return
    await until('the update is seen', async () => (await there.get(5))!.price.amount === 12)
  })
})
