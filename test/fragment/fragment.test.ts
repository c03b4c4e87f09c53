import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { collect, createCache } from '../../index.js'
import { fragment, fragments, templateVersion, uncacheable } from '../../src/fragment/index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'

describe('fragments', () => {
  it('renders once and nests: touching the innermost row renders anew what is around it, and nothing else', async () => {
    await using cache = createCache()
    const rendered: string[] = []
    const row = (id: number) =>
      fragment(cache, ['row', id], { tags: [`row:${id}`] }, () => {
        rendered.push(`row ${id}`)
        return `<li>${id}</li>`
      })
    const list = () =>
      fragment(cache, 'list', {}, async () => {
        rendered.push('list')
        return `<ul>${await row(1)}${await row(2)}</ul>`
      })
    expect([await list(), await list()]).toEqual(Array(2).fill('<ul><li>1</li><li>2</li></ul>'))
    await cache.invalidateTags(['row:2'])
    await list()
    expect(rendered).toEqual(['list', 'row 1', 'row 2', 'list', 'row 2'])
  })

  it('keeps bytes as bytes', async () => {
    await using cache = createCache()
    const get = () => fragment(cache, 'b', {}, () => Buffer.from([0, 255, 7]))
    await get()
    expect([...(await get())]).toEqual([0, 255, 7])
  })

  it('has fragments of their own for each version of a template', async () => {
    await using cache = createCache()
    const file = join(mkdtempSync(join(tmpdir(), 'fragment-')), 'card.html')
    const show = async (text: string) => {
      writeFileSync(file, text)
      return fragment(cache, 'card', { version: templateVersion(file) }, () => text)
    }
    expect([await show('old'), await show('new'), await show('old')]).toEqual(['old', 'new', 'old'])
  })

  it('renders only what is missing of a list, in its order, and lets each depend on its own rows', async () => {
    await using cache = createCache()
    const rendered: number[] = []
    const show = (ids: readonly number[]) =>
      fragments.each(
        cache,
        ids,
        (id) => ['item', id],
        async (id) => {
          rendered.push(id)
          const name = await cache.getOrSet(['row', id], () => `n${id}`, { tags: [`row:${id}`] })
          return `<li>${name}</li>`
        },
      )
    await show([1, 2])
    expect(await show([3, 2, 1])).toEqual(['<li>n3</li>', '<li>n2</li>', '<li>n1</li>'])
    await cache.invalidateTags(['row:2'])
    await show([1, 2, 3])
    expect(rendered).toEqual([1, 2, 3, 2])
  })

  it('lets no item of a list live longer than its parts', async () => {
    const clock = new FakeClock()
    await using cache = createCache({ clock, ttl: '1h' })
    let runs = 0
    const show = () =>
      fragments.each(
        cache,
        [1],
        () => 'item',
        async () => {
          runs++
          return cache.getOrSet('part', () => 'p', { ttl: '10s' })
        },
      )
    await show()
    await clock.advance(9_000)
    await show()
    await clock.advance(2_000)
    await show()
    expect(runs).toBe(2)
  })

  it('lets what is made of a list depend on what its items read in another cache', async () => {
    await using cache = createCache()
    await using other = createCache()
    let price = 1
    let runs = 0
    const show = () =>
      fragment(cache, 'all', {}, async () => {
        runs++
        const items = await fragments.each(
          cache,
          [1],
          (id) => ['item', id],
          async () => String(await other.getOrSet('price', () => price, { tags: ['price'] })),
        )
        return items.join()
      })
    expect([await show(), await show(), runs]).toEqual(['1', '1', 1])
    price = 2
    await other.invalidateTags('price')
    expect([await show(), runs]).toEqual(['2', 2])
  })

  it('keeps for one user what an item of a list has read for one, and keeps no mixture', async () => {
    await using cache = createCache()
    const each = (id: string, render: () => Promise<string>) =>
      collect(() => fragments.each(cache, [id], (one) => one, render))
    const own = () => cache.getOrSet('cart', () => 'three', { private: true })
    for (const _ of ['made', 'kept']) {
      expect((await each('cart', own)).dependencies.private).toBe(true)
    }
    let runs = 0
    const mixed = async () => {
      const row = (name: string) => cache.getOrSet(name, () => ++runs, { tags: ['row'] })
      const before = await row('before')
      await cache.invalidateTags('row')
      return `${before} ${await row('after')}`
    }
    await each('mixed', mixed)
    await each('mixed', mixed)
    expect(runs).toBe(4)
  })

  it('throws what rendering an item throws', async () => {
    await using cache = createCache()
    const failing = fragments.each(
      cache,
      [1],
      () => 'x',
      () => Promise.reject<string>(new Error('no')),
    )
    await expect(failing).rejects.toThrow('no')
  })

  it('refuses what is uncacheable within a fragment, also deep inside, and keeps nothing else made of it', async () => {
    await using cache = createCache()
    const violation = { code: 'CACHE_SCOPE_VIOLATION' }
    const form = () => {
      uncacheable('the form token')
      return 'token'
    }
    await expect(fragment(cache, 'form', {}, form)).rejects.toMatchObject(violation)
    const deep = fragment(cache, 'deep', {}, () => cache.getOrSet('inner', form))
    await expect(deep).rejects.toMatchObject(violation)
    let runs = 0
    const plain = () => cache.getOrSet('plain', () => form() + ++runs)
    expect([await plain(), await plain()]).toEqual(['token1', 'token2'])
  })
})
