import type { Express, RequestHandler } from 'express'
// @ts-expect-error -- Express 4 has no types of its own; those of 5 fit what is used here.
import express4 from 'express4'
import { afterEach, describe, expect, it } from 'vitest'
import {
  cacheControl,
  cachedListener,
  cachePage,
  conditional,
  type PageOptions,
} from '../../adapters/express/index.js'
import { createCache } from '../../index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { listen } from '../support/listening.js'
import { until } from '../support/until.js'

const express = express4 as () => Express
const opened: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close()
})

async function site(handler: RequestHandler, options: PageOptions, inFront = false) {
  const clock = new FakeClock(Date.now())
  const cache = createCache({ clock })
  const app = express()
  const shop = express()
  if (!inFront) shop.use(cachePage(cache, options))
  shop.use(handler)
  app.use('/shop', shop)
  const { url, close } = await listen(inFront ? cachedListener(app, cache, options) : app)
  opened.push(cache, { close })
  const get = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${url}/shop${path}`, init)
    return { status: response.status, headers: response.headers, body: await response.text() }
  }
  return { get, clock, cache }
}

describe.each([
  ['as a middleware', false],
  ['in front', true],
])('pages in Express 4, %s', (_, inFront) => {
  it('are kept, without the parameters that do not count', async () => {
    let runs = 0
    const { get } = await site(
      (request, response) => {
        response.send(`${++runs} ${request.originalUrl} ${JSON.stringify(request.query)}`)
      },
      { ttl: '1m', query: ['page'] },
      inFront,
    )
    const first = await get('/a?page=2&utm=1')
    expect(first.body).toBe('1 /shop/a?page=2 {"page":"2"}')
    const second = await get('/a?utm=2&page=2')
    expect([second.body, second.headers.get('cache-status')]).toEqual([
      first.body,
      'keepfresh;hit;ttl=60',
    ])
    const etag = second.headers.get('etag') ?? ''
    expect((await get('/a?page=2', { headers: { 'if-none-match': etag } })).status).toBe(304)
  })

  it('are made anew behind a stale one, and are there when the handler throws', async () => {
    let runs = 0
    const { get, clock } = await site(
      (_request, response) => {
        if (++runs > 2) throw new Error('no database')
        response.send(`run ${runs}`)
      },
      { ttl: '10s', staleWhileRevalidate: '10s', staleIfError: '1m' },
      inFront,
    )
    await get('/')
    await clock.advance(11_000)
    expect((await get('/')).body).toBe('run 1')
    await until('it is made anew', async () => (await get('/')).body === 'run 2')
    await clock.advance(25_000)
    const stale = await get('/')
    expect([stale.status, stale.body]).toEqual([200, 'run 2'])
    expect((await get('/other')).status).toBe(500)
  })

  it('follow an unsafe request, and keep visitors apart', async () => {
    let value = 'old'
    const { get } = await site(
      (request, response) => {
        if (request.method === 'PUT') value = 'new'
        response.send(`${value} ${request.get('x-tenant')}`)
      },
      { ttl: '1m' },
      inFront,
    )
    expect((await get('/', { headers: { 'x-tenant': 'a' } })).body).toBe('old a')
    expect((await get('/', { headers: { 'x-tenant': 'b' } })).body).toBe('old b')
    await get('/', { method: 'PUT' })
    expect((await get('/', { headers: { 'x-tenant': 'a' } })).body).toBe('new a')
  })
})

it('policies and validators work in Express 4', async () => {
  const app = express()
  app.use(cacheControl({ public: true, maxAge: '5m' }))
  let runs = 0
  app.get(
    '/',
    conditional(() => ({ etag: ['page', 1] })),
    (_request, response) => void response.send(`run ${++runs}`),
  )
  const { url, close } = await listen(app)
  opened.push({ close })
  const first = await fetch(url)
  expect([await first.text(), first.headers.get('cache-control')]).toEqual([
    'run 1',
    'public, max-age=300',
  ])
  const etag = first.headers.get('etag') ?? ''
  expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(304)
  expect(runs).toBe(1)
})
