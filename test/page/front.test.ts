import type { RequestListener } from 'node:http'
import express from 'express'
import fastify from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import * as forExpress from '../../adapters/express/index.js'
import * as forFastify from '../../adapters/fastify/index.js'
import { type Cache, createCache } from '../../index.js'
import { hole } from '../../src/fragment/index.js'
import type { PageOptions } from '../../src/page/index.js'
import { deferred } from '../support/deferred.js'
import { listen } from '../support/listening.js'
import { until } from '../support/until.js'

/** Routes with page caches of their own behind `cachedListener`. */

interface Seen {
  readonly page: string
  readonly status: string
  readonly guard: string | null
}

interface Site {
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Seen>
  readonly ask: (method: string, path: string) => Promise<Response>
  /** How often what stands before the routes has run, and the handler. */
  readonly runs: { guard: number; handler: number }
  readonly errors: unknown[]
}

interface Plan {
  readonly cache: Cache
  readonly route: PageOptions
  readonly front?: PageOptions
  /** Written at the end of the page. */
  readonly part?: () => string
  /** Awaited by the handler before it answers. */
  readonly gate?: Promise<void>
}

type Kind = (plan: Plan) => Promise<Site>

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close()
})

function newCache(): Cache {
  const cache = createCache()
  opened.push(cache)
  return cache
}

async function open(listener: RequestListener, cache: Cache, runs: Site['runs']): Promise<Site> {
  const listening = await listen(listener)
  opened.push(listening)
  const { url } = listening
  const errors: unknown[] = []
  cache.on('error', ({ error }) => errors.push(error))
  return {
    runs,
    errors,
    async get(path, headers = {}) {
      const response = await fetch(url + path, { headers })
      const status = (response.headers.get('cache-status') ?? '').replace(/ttl=\d+/, 'ttl')
      return { page: await response.text(), status, guard: response.headers.get('x-guard') }
    },
    ask: (method, path) => fetch(url + path, { method }),
  }
}

const inExpress: Kind = async ({ cache, route, front, gate, part }) => {
  const runs = { guard: 0, handler: 0 }
  const app = express()
  app.use((_request, response, next) => {
    runs.guard++
    response.set('x-guard', 'passed')
    next()
  })
  app.get('/news', forExpress.cachePage(cache, route), async (request, response) => {
    runs.handler++
    await gate
    response.send(
      `news ${JSON.stringify(request.query)} ${request.get('x-edition') ?? ''}${part?.() ?? ''}`,
    )
  })
  app.get('/open', (_request, response) => {
    runs.handler++
    response.set('cache-control', 'max-age=60').send('open')
  })
  app.post('/news', (_request, response) => void response.send('changed'))
  return open(forExpress.cachedListener(app, cache, front), cache, runs)
}

const inFastify: Kind = async ({ cache, route, front, gate, part }) => {
  const runs = { guard: 0, handler: 0 }
  const app = fastify()
  app.addHook('onRequest', (_request, reply, done) => {
    runs.guard++
    reply.header('x-guard', 'passed')
    done()
  })
  app.get('/news', { onRequest: forFastify.cachePage(cache, route) }, async (request) => {
    runs.handler++
    await gate
    return `news ${JSON.stringify(request.query)} ${String(request.headers['x-edition'] ?? '')}${part?.() ?? ''}`
  })
  app.get('/open', (_request, reply) => {
    runs.handler++
    return reply.header('cache-control', 'max-age=60').send('open')
  })
  app.post('/news', () => 'changed')
  await app.ready()
  return open(forFastify.cachedListener(app, cache, front), cache, runs)
}

describe.each([
  ['Express', inExpress],
  ['Fastify', inFastify],
] as [string, Kind][])(
  'a route with options of its own, and the cache in front too: %s',
  (_, kind) => {
    it('keeps its pages under its own options, from the first request on', async () => {
      const site = await kind({ cache: newCache(), route: { ttl: '1m', query: ['page'] } })
      const seen: unknown[] = []
      for (const path of ['/news?page=2&utm=x', '/news?utm=y&page=2', '/news?page=3', '/news']) {
        seen.push(await site.get(path))
      }
      expect(seen).toEqual([
        { page: 'news {"page":"2"} ', status: 'keepfresh;fwd=miss;stored', guard: 'passed' },
        { page: 'news {"page":"2"} ', status: 'keepfresh;hit;ttl', guard: 'passed' },
        { page: 'news {"page":"3"} ', status: 'keepfresh;fwd=miss;stored', guard: 'passed' },
        { page: 'news {} ', status: 'keepfresh;fwd=miss;stored', guard: 'passed' },
      ])
      expect(site.runs).toEqual({ guard: 4, handler: 3 })
      expect(site.errors).toEqual([])
    })

    it('is answered in front where it says so, with what was set before it', async () => {
      const route = { ttl: '1m', inFront: true, vary: ['x-edition'] } as const
      const site = await kind({ cache: newCache(), route })
      const morning = { 'x-edition': 'morning' }
      const first = await site.get('/news', morning)
      const again = await site.get('/news', morning)
      expect(first).toEqual({
        page: 'news {} morning',
        status: 'keepfresh;fwd=miss;stored',
        guard: 'passed',
      })
      expect(again).toEqual({
        page: 'news {} morning',
        status: 'keepfresh;hit;ttl',
        guard: 'passed',
      })
      expect(site.runs).toEqual({ guard: 1, handler: 1 })
      expect((await site.get('/news', { 'x-edition': 'evening' })).page).toBe('news {} evening')
      expect(site.runs).toEqual({ guard: 2, handler: 2 })
      expect((await site.ask('HEAD', '/news')).headers.get('cache-status')).toContain('fwd=miss')
      expect(site.errors).toEqual([])
    })

    it('lets what stands before a route run for every visitor otherwise', async () => {
      const site = await kind({ cache: newCache(), route: { ttl: '1m' }, front: { ttl: '1m' } })
      for (let visit = 0; visit < 3; visit++) await site.get('/news')
      expect(site.runs).toEqual({ guard: 3, handler: 1 })
    })

    it('leaves other routes to the cache in front', async () => {
      const site = await kind({ cache: newCache(), route: { ttl: '1m' } })
      await site.get('/news')
      for (let visit = 0; visit < 3; visit++) await site.get('/open')
      expect(site.runs).toEqual({ guard: 2, handler: 2 })
    })

    it('runs the handler once for those who come together', async () => {
      const gate = deferred()
      const route = { ttl: '1m', inFront: true } as const
      const site = await kind({ cache: newCache(), route, gate: gate.promise })
      const all = Array.from({ length: 5 }, () => site.get('/news'))
      await until('all have arrived', () => site.runs.guard === 5)
      gate.resolve()
      expect(new Set((await Promise.all(all)).map(({ page }) => page))).toEqual(
        new Set(['news {} ']),
      )
      expect(site.runs.handler).toBe(1)
      expect(site.errors).toEqual([])
    })

    it('is made anew after a change of its URL and of its tags', async () => {
      const cache = newCache()
      const route = { ttl: '1m', inFront: true, tags: ['news'] } as const
      const site = await kind({ cache, route })
      await site.get('/news')
      await site.get('/news')
      expect(site.runs.handler).toBe(1)
      await (await site.ask('POST', '/news')).text()
      expect((await site.get('/news')).status).toBe('keepfresh;fwd=miss;stored')
      await cache.invalidateTags(['news'])
      expect((await site.get('/news')).status).toBe('keepfresh;fwd=miss;stored')
      expect(site.runs.handler).toBe(3)
    })

    it('sees all of a request that it lets the handler answer alone, whatever the front shows', async () => {
      const route = { ttl: '1m', query: ['page'], bypass: () => true } as const
      const site = await kind({ cache: newCache(), route })
      for (const _ of [1, 2]) {
        expect((await site.get('/news?page=2&utm=x')).page).toBe('news {"page":"2","utm":"x"} ')
      }
    })

    it('is not answered in front where it has holes, which need what stands before it', async () => {
      const greeting = hole('greeting', () => 'Ada')
      const route = { ttl: '1m', inFront: true, holes: [greeting] } as const
      const site = await kind({ cache: newCache(), route, part: () => String(greeting) })
      for (const _ of [1, 2, 3]) {
        expect(await site.get('/news')).toMatchObject({ page: 'news {} Ada', guard: 'passed' })
      }
      expect(site.runs).toEqual({ guard: 3, handler: 1 })
    })

    it('has no holes filled by the one in front that are not its own', async () => {
      const front = { ttl: '1m', holes: [hole('greeting', () => 'Ada')] } as const
      const site = await kind({ cache: newCache(), route: { ttl: '1m' }, front })
      for (const _ of [1, 2, 3]) {
        const { headers } = await site.ask('GET', '/news')
        expect([headers.get('cache-control'), headers.get('etag')]).toEqual([
          null,
          expect.stringContaining('"'),
        ])
      }
    })

    it('answers HEAD and keeps the page for others', async () => {
      const site = await kind({ cache: newCache(), route: { ttl: '1m', inFront: true } })
      const head = await site.ask('HEAD', '/news')
      expect([head.status, await head.text()]).toEqual([200, ''])
      expect(await site.get('/news')).toMatchObject({
        page: 'news {} ',
        status: 'keepfresh;hit;ttl',
      })
      expect(site.runs.handler).toBe(1)
    })
  },
)

it('a host that was rewritten on the way is not answered in front', async () => {
  const cache = newCache()
  const app = express()
  app.get('/', forExpress.cachePage(cache, { ttl: '1m', inFront: true }), (request, response) => {
    response.send(request.get('host'))
  })
  const site = await open(
    forExpress.cachedListener((request, response) => {
      request.headers.host = `${String(request.headers['x-tenant'])}.test`
      app(request, response)
    }, cache),
    cache,
    { guard: 0, handler: 0 },
  )
  for (const tenant of ['a', 'b', 'a', 'b']) {
    expect((await site.get('/', { 'x-tenant': tenant })).page).toBe(`${tenant}.test`)
  }
})
