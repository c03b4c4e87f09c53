/** The two stores by themselves, as their frameworks call them: on every tiering. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sessionStore as forExpress } from '../../adapters/express/index.js'
import { sessionStore as forFastify } from '../../adapters/fastify/index.js'
import type { Cache, CacheOptions } from '../../index.js'
import type { SessionOptions } from '../../src/session/index.js'
import { systemClock } from '../../src/base/clock.js'
import { describeTierings } from '../cache/tierings.js'

const BINDINGS = { express: forExpress, fastify: forFastify }

/** Something that a session may hold, with a cookie that ends in `maxAge` ms. */
function session(fields: object, maxAge: number | null = 60_000): object {
  const expires = maxAge === null ? null : new Date(Date.now() + maxAge)
  return { cookie: { originalMaxAge: maxAge, expires, path: '/' }, ...fields }
}

describeTierings('session stores', (tiering) => {
  describe.each(Object.entries(BINDINGS))('for %s', (_, binding) => {
    const caches: Cache[] = []
    beforeEach(() => tiering.fresh())
    afterEach(async () => {
      for (const cache of caches.splice(0)) await cache.close()
    })
    const open = (options?: SessionOptions, cacheOptions?: CacheOptions) => {
      const cache = tiering.open(cacheOptions)
      caches.push(cache)
      return binding(cache, options)
    }

    it('has no session that was never set', async () => {
      const store = open()
      expect(await store.get('nobody')).toBe(null)
      await store.touch('nobody', session({}))
      await store.destroy('nobody')
      expect([await store.get('nobody'), await store.length()]).toEqual([null, 0])
    })

    it('gives back what was set, with the end of its cookie', async () => {
      const store = open()
      const own = session({ user: 5, cart: [{ sku: 'a' }], none: null, 'näme ✓': 'x' })
      await store.set('one', own)
      expect(await store.get('one')).toEqual(JSON.parse(JSON.stringify(own)))
      expect(await store.get('two')).toBe(null)
    })

    it('keeps the last of what was set, and each id by itself', async () => {
      const store = open()
      await store.set('one', session({ n: 1 }))
      await store.set('one', session({ n: 2 }))
      await store.set('ONE', session({ n: 3 }))
      expect([await store.get('one'), await store.get('ONE')]).toMatchObject([{ n: 2 }, { n: 3 }])
    })

    it('destroys, and an id may be set anew', async () => {
      const store = open()
      const own = session({ n: 1 })
      await store.set('one', own)
      await store.destroy('one')
      expect(await store.get('one')).toBe(null)
      await store.set('one', own)
      expect(await store.get('one')).toMatchObject({ n: 1 })
    })

    it('lists, counts and clears', async () => {
      const store = open()
      const other = open({ name: 'admin' })
      for (const n of [1, 2, 3]) await store.set(`id${n}`, session({ n }))
      await other.set('id1', session({ n: 9 }))
      await store.destroy('id2')
      await store.set('ended', session({}, -1))
      const all = await store.all<{ id: string; n: number }>()
      expect(all.map(({ id, n }) => `${id}: ${n}`).toSorted()).toEqual(['id1: 1', 'id3: 3'])
      expect(await store.length()).toBe(2)
      await store.clear()
      expect([await store.all(), await store.length(), await store.get('id1')]).toEqual([
        [],
        0,
        null,
      ])
      expect(await other.length()).toBe(1)
    })

    it('counts hundreds of sessions, and keeps no list of those that are gone', async () => {
      const store = open()
      const ids = Array.from({ length: 300 }, (_, n) => `many-${n}`)
      await Promise.all(ids.map((id) => store.set(id, session({ id }))))
      expect(await store.length()).toBe(300)
      await Promise.all(ids.slice(10).map((id) => store.destroy(id)))
      expect(await store.length()).toBe(10)
    })

    it('tells callbacks, and what they throw is theirs', async () => {
      const store = open()
      const told: unknown[] = []
      await new Promise<void>((resolve) => {
        store.set('one', session({ n: 1 }), (error) => {
          told.push(error)
          store.get<{ n: number }>('one', (failed, found) => {
            told.push(failed, found?.n)
            store.destroy('one', (stillFailed) => {
              told.push(stillFailed)
              store.get('one', (last, nothing) => {
                told.push(last, nothing)
                resolve()
              })
            })
          })
        })
      })
      expect(told).toEqual([null, null, 1, null, null, null])
    })

    it('ends a session with its cookie, and moves the end when it is touched', async () => {
      let ahead = 0
      const start = Date.now()
      // Only the time of day is moved: deadlines of real servers run as always.
      const clock = { ...systemClock, now: () => start + ahead }
      const store = open({ ttl: '10m' }, { clock })
      const at = (maxAge: number | null): object => ({
        cookie: {
          originalMaxAge: maxAge,
          expires: maxAge === null ? null : new Date(clock.now() + maxAge),
        },
      })
      await store.set('short', at(60_000))
      await store.set('open', at(null))
      ahead += 50_000
      await store.touch('short', at(60_000))
      ahead += 50_000
      const touched = await store.get<{ cookie: { expires: string } }>('short')
      expect(new Date(touched!.cookie.expires).getTime()).toBe(clock.now() + 10_000)
      ahead += 10_000
      expect([await store.get('short'), await store.length()]).toEqual([null, 1])
      ahead += 600_000
      expect(await store.get('open')).toBe(null)
    })

    it('takes an end in the past for the end', async () => {
      const store = open()
      await store.set('one', session({ n: 1 }))
      await store.set('one', session({ n: 2 }, -1000))
      expect(await store.get('one')).toBe(null)
    })

    it('refuses what cannot be kept as it is, naming it', async () => {
      const store = open({ maxBytes: 2000 })
      const circle: Record<string, unknown> = {}
      circle['self'] = circle
      const refused = async (fields: object): Promise<string> => {
        const error: unknown = await store.set('one', session(fields)).catch((why: unknown) => why)
        expect(error).toMatchObject({ code: 'CACHE_VALUE_INVALID' })
        return (error as Error).message
      }
      expect(await refused({ circle })).toContain('"circle"')
      expect(await refused({ seen: new Map() })).toContain('Map')
      expect(await refused({ total: 5n })).toContain('bigint')
      expect(await refused({ small: 1, large: 'é'.repeat(1500) })).toMatch(/maxBytes.*"large"/)
      expect(await store.get('one')).toBe(null)
      await store.set('one', session({ leftOut: () => 1, absent: undefined, kept: 1 }))
      expect(Object.keys((await store.get<object>('one'))!)).toEqual(['cookie', 'kept'])
    })

    it('takes any id that a visitor may send', async () => {
      const store = open()
      const odd = ['../../etc', 'a b\r\nset x', '\u0001["x"]', '\uD800', 'x'.repeat(20_000), '😀']
      for (const id of odd) await store.set(id, session({ id }))
      for (const id of odd) expect(await store.get(id)).toMatchObject({ id })
      await expect(store.get('')).rejects.toMatchObject({ code: 'CACHE_KEY_INVALID' })
    })

    it('gives no field a way to the prototype', async () => {
      const store = open()
      await store.set('one', JSON.parse('{"__proto__": {"admin": true}, "n": 1}') as object)
      const found = (await store.get<{ admin?: boolean }>('one'))!
      expect([found.admin, Object.keys(found)]).toEqual([undefined, ['n']])
    })

    it('does not bring back what was destroyed, when what was read before is set', async () => {
      const store = open()
      await store.set('one', session({ n: 1 }))
      const read = (await store.get<object>('one'))!
      await store.destroy('one')
      await store.set('one', Object.assign(read, { late: true }))
      expect(await store.get('one')).toBe(null)
      await store.set('one', { ...read, copied: true })
      await store.touch('one', read)
      expect(await store.get('one')).toBe(null)
      await store.set('one', session({ n: 2 }))
      await store.set('one', { ...read, later: true })
      expect(await store.get('one')).toMatchObject({ n: 2 })
      expect(await store.get('one')).not.toHaveProperty('later')
    })

    it('knows the request by its context, where a framework hides what it made of a session', async () => {
      class Hidden {
        readonly cookie = { path: '/' }
        late = true
      }
      const store = open()
      await store.set('one', session({ n: 1 }))
      const saved = new Promise<unknown>((resolve) => {
        store.get('one', () => {
          store.destroy('one', () => store.set('one', new Hidden(), resolve))
        })
      })
      expect([await saved, await store.get('one')]).toEqual([null, null])
    })

    it('merges, field by field, what was read before and is set at once', async () => {
      const store = open()
      await store.set('one', session({ a: 1, b: 1, c: 1, d: { deep: 1 } }))
      const first = (await store.get<Record<string, unknown>>('one'))!
      const second = (await store.get<Record<string, unknown>>('one'))!
      first['a'] = 2
      delete first['c']
      second['b'] = 2
      ;(second['d'] as Record<string, unknown>)['deep'] = 2
      await Promise.all([store.set('one', first), store.set('one', second)])
      const both = await store.get<object>('one')
      expect(both).toMatchObject({ a: 2, b: 2, d: { deep: 2 } })
      expect(both).not.toHaveProperty('c')
      first['e'] = 1
      await store.set('one', first)
      expect(await store.get('one')).toMatchObject({ a: 2, b: 2, e: 1 })
    })

    it('knows of its own earlier changes, so that those of others to the same field stay', async () => {
      const store = open()
      await store.set('one', session({ n: 0, m: 0 }))
      const first = (await store.get<Record<string, unknown>>('one'))!
      await store.set('one', Object.assign(first, { n: 1 }))
      const second = (await store.get<Record<string, unknown>>('one'))!
      await store.set('one', Object.assign(second, { n: 2 }))
      await store.set('one', Object.assign(first, { m: 1 }))
      expect(await store.get('one')).toMatchObject({ n: 2, m: 1 })
    })

    it('takes what is set over a session without having read it for the same session', async () => {
      const store = open()
      await store.set('one', session({ n: 1 }))
      const read = (await store.get<Record<string, unknown>>('one'))!
      await store.set('one', session({ n: 1, other: 1 }))
      await store.set('one', Object.assign(read, { mine: 1 }))
      expect(await store.get('one')).toMatchObject({ n: 1, other: 1, mine: 1 })
    })

    it('takes an object of the application for no request’s session, wherever it is set', async () => {
      const store = open()
      await store.set('one', session({ n: 1 }))
      const saved = new Promise<unknown>((resolve) => {
        store.get('one', () => {
          store.destroy('one', () => store.set('one', session({ n: 2 }), resolve))
        })
      })
      expect(await saved).toBe(null)
      expect(await store.get('one')).toMatchObject({ n: 2 })
    })

    describe('where requests run at once', () => {
      const MINUTE = 60_000
      const end = async (store: ReturnType<typeof open>): Promise<number> => {
        const { cookie } = (await store.get<{ cookie: { expires: string } }>('one'))!
        return Math.round((Date.parse(cookie.expires) - Date.now()) / MINUTE)
      }
      /** As a framework changes the cookie of a session: a new end, and how long it is to live from now on. */
      const lasting = (read: object, minutes: number, originally = minutes): object =>
        Object.assign(read, {
          cookie: {
            originalMaxAge: originally * MINUTE,
            expires: new Date(Date.now() + minutes * MINUTE).toISOString(),
            path: '/',
          },
        })

      it('a session ends with the later of two that only moved its end', async () => {
        const store = open()
        await store.set('one', session({ n: 1 }, 10 * MINUTE))
        const [first, second] = [await store.get<object>('one'), await store.get<object>('one')]
        await store.set('one', Object.assign(lasting(first!, 30, 10), { a: 1 }))
        await store.set('one', Object.assign(lasting(second!, 20, 10), { b: 1 }))
        expect(await end(store)).toBe(30)
        expect(await store.get('one')).toMatchObject({ a: 1, b: 1 })
      })

      it('a session ends as the one says that gave it another life, first or last', async () => {
        for (const order of [0, 1]) {
          const store = open()
          await store.destroy('one')
          await store.set('one', session({ n: 1 }, 10 * MINUTE))
          const [first, second] = [await store.get<object>('one'), await store.get<object>('one')]
          const changed = Object.assign(lasting(first!, 5), { a: 1 })
          const moved = Object.assign(lasting(second!, 20, 10), { b: 1 })
          for (const one of order === 0 ? [changed, moved] : [moved, changed]) {
            await store.set('one', one)
          }
          expect([order, await end(store)]).toEqual([order, 5])
          const { cookie } = (await store.get<{ cookie: { originalMaxAge: number } }>('one'))!
          expect([order, cookie.originalMaxAge]).toEqual([order, 5 * MINUTE])
        }
      })

      it('a touch makes no session shorter that lives longer by now, and touches no other', async () => {
        const store = open()
        await store.set('one', session({ n: 1 }, 10 * MINUTE))
        const [first, second] = [await store.get<object>('one'), await store.get<object>('one')]
        await store.touch('one', lasting(first!, 30, 10))
        await store.touch('one', lasting(second!, 20, 10))
        expect(await end(store)).toBe(30)
        await store.destroy('one')
        await store.set('one', session({ n: 2 }, 10 * MINUTE))
        await store.touch('one', lasting(second!, 50, 10))
        expect(await end(store)).toBe(10)
      })
    })

    it('loses none of many changes at once', async () => {
      const store = open()
      await store.set('one', session({}))
      const all = await Promise.all(
        Array.from({ length: 20 }, () => store.get<Record<string, unknown>>('one')),
      )
      await Promise.all(
        all.map(async (own, n) => store.set('one', Object.assign(own!, { [`f${n}`]: n }))),
      )
      const { cookie: _, ...fields } = (await store.get<Record<string, unknown>>('one'))!
      expect(Object.keys(fields)).toHaveLength(20)
    })

    it('keeps no list when it is told not to', async () => {
      const store = open({ listed: false })
      await store.set('one', session({}))
      expect(await store.get('one')).not.toBe(null)
      await expect(store.length()).rejects.toMatchObject({ code: 'CACHE_UNSUPPORTED' })
      await expect(store.clear()).rejects.toMatchObject({ code: 'CACHE_UNSUPPORTED' })
    })

    if (!tiering.shared) return
    it('is one store for all servers, at once', async () => {
      const [a, b] = [open(), open()]
      for (let n = 0; n < 20; n++) {
        await (n % 2 ? a : b).set('one', session({ n }))
        expect(await (n % 2 ? b : a).get('one')).toMatchObject({ n })
      }
      await a.destroy('one')
      expect(await b.get('one')).toBe(null)
    })
  })
})

describe('options of sessions', () => {
  it.each([
    { ttl: 0 },
    { ttl: 'soon' },
    { name: '' },
    { maxBytes: -1 },
    { listed: 'yes' },
    { prefix: 'x' },
  ])('refuses %j', async (options) => {
    const { createCache } = await import('../../index.js')
    for (const binding of Object.values(BINDINGS)) {
      expect(() => binding(createCache(), options as SessionOptions)).toThrow(
        expect.objectContaining({ code: 'CACHE_OPTION_INVALID' }),
      )
    }
  })
})
