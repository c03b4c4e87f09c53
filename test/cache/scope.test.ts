import { describe, expect, it } from 'vitest'
import { collect, createCache } from '../../index.js'
import { currentScope } from '../../src/cache/scope.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { deferred } from '../support/deferred.js'

describe('the dependency scope', () => {
  it('makes what was assembled invalid through the tags of its parts, at any depth', async () => {
    await using cache = createCache()
    let n = 0
    const leaf = (): Promise<string> =>
      cache.getOrSet('leaf', () => `leaf${++n}`, { tags: ['row:1'] })
    const middle = (): Promise<string> => cache.getOrSet('middle', async () => `[${await leaf()}]`)
    const top = (): Promise<string> =>
      cache.getOrSet('top', async () =>
        (await Promise.all([middle(), Promise.resolve('x')])).join(),
      )
    expect(await top()).toBe('[leaf1],x')
    await cache.invalidateTags('row:1')
    expect(await top()).toBe('[leaf2],x')
  })

  it('lets nothing live longer than its parts', async () => {
    const clock = new FakeClock()
    await using cache = createCache({ clock, ttl: '1h' })
    await cache.getOrSet('part', () => 1, { ttl: '10s' })
    await clock.advance(4_000)
    const { freshUntil } = await cache.read('whole', () => cache.getOrSet('part', () => 2))
    expect(freshUntil - clock.now()).toBe(6_000)
    const free = await cache.read('free', () => cache.getOrSet('part', () => 2), { inherit: false })
    expect(free.freshUntil - clock.now()).toBe(3_600_000)
  })

  it('inherits privacy', async () => {
    await using cache = createCache()
    const whole = await cache.read('whole', () =>
      cache.getOrSet('mine', () => 1, { private: true }),
    )
    expect(whole.private).toBe(true)
    const again = await cache.read('outer', () => cache.getOrSet('whole', () => 1))
    expect(again.private).toBe(true)
  })

  it('does not keep what was made of parts that saw different versions of a tag', async () => {
    await using cache = createCache()
    const whole = await cache.read('whole', async () => {
      const before = await cache.getOrSet('a', () => 'a', { tags: ['t'] })
      await cache.invalidateTags('t')
      return before + (await cache.getOrSet('b', () => 'b', { tags: ['t'] }))
    })
    expect(whole.value).toBe('ab')
    expect(await cache.has('whole')).toBe(false)
    expect(cache.stats().unkept).toBe(1)
  })

  it('does not keep what was made of something that could not be kept for that reason', async () => {
    await using cache = createCache()
    const { value, dependencies } = await collect(() =>
      cache.getOrSet('outer', () =>
        cache.getOrSet('whole', async () => {
          const before = await cache.getOrSet('a', () => 'a', { tags: ['t'] })
          await cache.invalidateTags('t')
          return before + (await cache.getOrSet('b', () => 'b', { tags: ['t'] }))
        }),
      ),
    )
    expect(value).toBe('ab')
    expect(dependencies.consistent).toBe(false)
    expect(await cache.has('outer')).toBe(false)
    expect(cache.stats().unkept).toBe(2)
  })

  it('collects what was read, and leaks nothing to a sibling or from a refresh behind the answer', async () => {
    const clock = new FakeClock()
    await using cache = createCache({ clock, ttl: '10s', grace: '1h' })
    await cache.getOrSet('stale', () => 1, { tags: ['stale'] })
    await clock.advance(10_000)
    const gate = deferred<number>()
    const [first, second] = await Promise.all([
      collect(async () => {
        await cache.getOrSet('stale', async () => {
          await gate.promise
          return cache.getOrSet('deep', () => 1, { tags: ['deep'] })
        })
        return cache.getOrSet('a', () => 1, { tags: ['a'] })
      }),
      collect(() => cache.getOrSet('b', () => 2, { tags: ['b'] })),
    ])
    gate.resolve(1)
    await clock.advance(0)
    expect(first.dependencies.tags).toEqual(['stale', 'a'])
    expect(second.dependencies.tags).toEqual(['b'])
    expect(second.value).toBe(2)
  })

  it('ends where the loader does, for whatever comes after it in the same tick', async () => {
    await using cache = createCache()
    await cache.getOrSet('first', () => 0)
    const open: unknown[] = []
    const look = (): void => void open.push(currentScope())
    const inner = async (): Promise<boolean> => {
      const own = currentScope()
      await cache.getOrSet('part', () => 1)
      return own !== undefined && currentScope() === own
    }
    const whole = cache.getOrSet('whole', inner)
    queueMicrotask(look)
    process.nextTick(look)
    look()
    expect(await whole).toBe(true)
    look()
    await new Promise((resolve) => setImmediate(resolve))
    look()
    expect(open).toEqual([undefined, undefined, undefined, undefined, undefined])
  })

  it('repeats an invalidation for what another cache keeps, in the same process', async () => {
    await using rows = createCache({ namespace: 'rows' })
    await using pages = createCache({ namespace: 'pages' })
    let n = 0
    const page = (): Promise<string> =>
      pages.getOrSet(
        'page',
        async () => `<${await rows.getOrSet('row', () => ++n, { tags: ['row:1'] })}>`,
      )
    expect(await page()).toBe('<1>')
    await rows.invalidateTags('row:1')
    expect(await page()).toBe('<2>')
  })
})
