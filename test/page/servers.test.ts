import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { memoryStore } from '../../adapters/memory/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { createCache } from '../../index.js'
import type { PageOptions } from '../../src/page/index.js'
import { type RedisServer, startRedis } from '../support/servers/index.js'
import { until } from '../support/until.js'
import { expressListener, fastifyHook, type Handler, type Site } from './site.js'

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
    async function two(handler: Handler, options: PageOptions): Promise<readonly [Site, Site]> {
      const namespace = `pages${near}${++count}`
      const make = async (kind: typeof expressListener): Promise<Site> => {
        const far = redisStore(redis.url, { deadline: '5s' })
        const cache = createCache({ namespace, tiers: near ? [memoryStore(), far] : [far] })
        opened.push(cache)
        const site = await kind({ cache, options: { hosts: 'shop.test', ...options }, handler })
        opened.push(site)
        const get: Site['get'] = (path, headers) =>
          site.get(path, { host: 'shop.test', ...headers })
        const ask: Site['ask'] = (method, path) => site.ask(method, path, { host: 'shop.test' })
        return { ...site, get, ask }
      }
      return [await make(expressListener), await make(fastifyHook)]
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
