import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { memoryStore } from '../../adapters/memory/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { type Cache, createCache } from '../../index.js'
import type { PageOptions } from '../../src/page/index.js'
import { deferred } from '../support/deferred.js'
import { startProxy } from '../support/proxy.js'
import { type RedisServer, startRedis } from '../support/servers/index.js'
import { until } from '../support/until.js'
import { twoFindOut } from './finding-out.js'
import { expressListener, fastifyHook, type Handler, type Site } from './site.js'

interface Server extends Site {
  readonly cache: Cache
}

describe.each([true, false])(
  'pages on two servers and one Redis, with process memory: %s',
  (near) => {
    let redis: RedisServer
    beforeAll(async () => {
      redis = await startRedis()
    })
    afterAll(() => redis[Symbol.asyncDispose]())
    const opened: { close(): Promise<void> }[] = []
    afterEach(async () => {
      for (const one of opened.splice(0).toReversed()) await one.close()
    })

    let count = 0
    /** Two processes' worth of application, one in each framework. */
    async function two(
      handler: Handler,
      options: PageOptions,
      own: (server: number) => PageOptions = () => ({}),
      urls: readonly [string, string] = [redis.url, redis.url],
    ): Promise<readonly [Server, Server]> {
      const namespace = `pages${near}${++count}`
      const make = async (kind: typeof expressListener, server: number): Promise<Server> => {
        const far = redisStore(urls[server], { deadline: '5s' })
        const cache = createCache({ namespace, tiers: near ? [memoryStore(), far] : [far] })
        opened.push(cache)
        const all = { hosts: 'shop.test', ...options, ...own(server) }
        const site = await kind({ cache, options: all, handler })
        opened.push(site)
        const get: Site['get'] = (path, headers) =>
          site.get(path, { host: 'shop.test', ...headers })
        const ask: Site['ask'] = (method, path) => site.ask(method, path, { host: 'shop.test' })
        return { ...site, cache, get, ask }
      }
      return [await make(expressListener, 0), await make(fastifyHook, 1)]
    }

    it('runs the handler once for both', async () => {
      let runs = 0
      const [a, b] = await two(
        async () => {
          runs++
          await sleep(50)
          return { body: `run ${runs}`, headers: { 'content-type': 'text/plain' } }
        },
        { ttl: '1m' },
      )
      const got = await Promise.all([a, b, a, b].map((site) => site.get('/')))
      expect([got.map(({ body }) => body), runs]).toEqual([Array(4).fill('run 1'), 1])
      const kept = await Promise.all([a.get('/'), b.get('/')])
      for (const { headers } of kept) expect(headers['cache-status']).toContain('hit')
    })

    it('sees on one server what was changed on the other', async () => {
      let value = 1
      const [a, b] = await two(
        ({ method }) => {
          if (method === 'POST') value++
          return { body: String(value) }
        },
        { ttl: '1m' },
      )
      await Promise.all([a.get('/'), b.get('/')])
      await a.ask('POST', '/')
      await until('the other server sees it', async () => (await b.get('/')).body === '2')
    })

    it('tells apart on one server by what was said on the other, and goes on when that is no longer said', async () => {
      let told = true
      const [a, b] = await two(
        ({ headers }) => ({
          body: String(headers['x-tenant']),
          headers: told ? { vary: 'x-tenant' } : {},
        }),
        { ttl: '1m', unkeyed: 'all', tags: ['all'] },
      )
      await a.get('/', { 'x-tenant': 'x' })
      told = false
      await a.cache.invalidateTags('all')
      await until('the other server has heard of it', async () => {
        const { headers } = await b.get('/', { 'x-tenant': 'x' })
        return headers['cache-status']?.includes('hit') === true
      })
      expect((await b.get('/', { 'x-tenant': 'y' })).body).toBe('y')
      expect((await a.get('/', { 'x-tenant': 'z' })).body).toBe('z')
    })

    it('remembers what both turn out to tell apart by in the same instant', async () => {
      for (let round = 0; round < 5; round++) {
        const { handler, behind } = twoFindOut()
        const states = await behind(await two(handler, { ttl: '1m', unkeyed: 'all' }), true)
        for (const state of states) expect(state).toContain('fwd=miss')
      }
    })

    it('answers, and tells of it, when what a page varies on cannot be remembered', async () => {
      await using proxy = await startProxy(redis)
      const gate = deferred()
      let runs = 0
      const [a] = await two(
        async () => {
          runs++
          await gate.promise
          return { body: 'page', headers: { vary: 'x-a' } }
        },
        { ttl: '1m' },
        () => ({}),
        [`redis://127.0.0.1:${proxy.port}`, redis.url],
      )
      const told: string[] = []
      a.cache.on('error', ({ operation }) => told.push(operation))
      const both = [a.get('/'), a.get('/')]
      await until('both have arrived', () => runs === 1 && a.arrived() === 2)
      await proxy.refuse()
      gate.resolve()
      for (const got of await Promise.all(both))
        expect([got.status, got.body]).toEqual([200, 'page'])
      expect(told).toContain('vary')
    })

    it('tells a CDN once what was invalidated: on the server that did it', async () => {
      const told: string[] = []
      const [a, b] = await two(
        () => ({ body: 'page' }),
        { ttl: '1m' },
        (server) => ({ purge: ({ tags }) => told.push(`${server}: ${tags.join()}`) }),
      )
      await Promise.all([a.get('/'), b.get('/')])
      let heard = 0
      b.cache.on('invalidate', ({ remote }) => (heard += remote ? 1 : 0))
      told.length = 0
      await a.cache.invalidateTags(['row'])
      await until('the first has told', () => told.length > 0)
      if (near) await until('the other has heard of it', () => heard > 0)
      await b.cache.invalidateTags(['end'])
      await until('the other has told', () => told.length > 1)
      expect(told).toEqual(['0: row', '1: end'])
    })

    it('runs nothing for a visitor who waited for the other server, left, and was answered', async () => {
      const gate = deferred()
      const runs: string[] = []
      const [a, b] = await two(
        async ({ headers }) => {
          const who = String(headers['x-who'])
          runs.push(who)
          if (who === 'first') await gate.promise
          return { body: 'page', headers: { 'cache-control': 'private' } }
        },
        { ttl: '1m', hardTimeout: '200ms', unkeyed: 'all' },
      )
      const first = a.get('/', { 'x-who': 'first' })
      await until('the first runs', () => runs.length === 1)
      const second = await b.get('/', { 'x-who': 'second' })
      expect(second.headers['cache-status']).toContain('detail=timeout')
      gate.resolve()
      expect((await first).body).toBe('page')
      await until('it is the next one’s turn', async () => {
        const { headers } = await b.get('/', { 'x-who': 'third' })
        return headers['cache-status']?.includes('detail=timeout') === false
      })
      expect(runs.filter((who) => who !== 'third')).toEqual(['first', 'second'])
    })

    it('does not answer from memory while it cannot hear of changes', async () => {
      await using proxy = await startProxy(redis)
      let value = 1
      const [a, b] = await two(
        ({ method }) => {
          if (method === 'POST') value++
          return { body: String(value) }
        },
        { ttl: '1m' },
        () => ({}),
        [redis.url, `redis://127.0.0.1:${proxy.port}`],
      )
      for (const site of [a, b, a, b]) expect((await site.get('/')).body).toBe('1')
      await proxy.refuse()
      await a.ask('POST', '/')
      expect((await b.get('/')).body).toBe('2')
      await proxy.pass()
      await until('it hears of changes again', async () => {
        const { body, headers } = await b.get('/')
        return body === '2' && headers['cache-status']?.includes('hit') === true
      })
    })

    it('keeps variants apart on both', async () => {
      const [a, b] = await two(
        ({ headers }) => ({ body: String(headers['x-tenant']), headers: { vary: 'x-tenant' } }),
        { ttl: '1m' },
      )
      for (const site of [a, b, a]) {
        for (const tenant of ['x', 'y']) {
          expect((await site.get('/', { 'x-tenant': tenant })).body).toBe(tenant)
        }
      }
    })
  },
)
