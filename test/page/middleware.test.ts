import type { RequestListener } from 'node:http'
import express from 'express'
import fastify from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import * as forExpress from '../../adapters/express/index.js'
import type { KnownValidators } from '../../src/page/index.js'
import * as forFastify from '../../adapters/fastify/index.js'
import { createCache } from '../../index.js'
import { listen, type Listening } from '../support/listening.js'

let runs = 0
const known = (): KnownValidators => ({
  etag: ['/articles/5', 17],
  lastModified: Date.UTC(2026, 0, 1),
})
const policy = { public: true, maxAge: '5m', staleWhileRevalidate: '1m' } as const

async function open(application: RequestListener): Promise<string> {
  const listening = await listen(application)
  opened.push(listening)
  return listening.url
}
const opened: Listening[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
  runs = 0
})

async function expressSite(): Promise<string> {
  const app = express()
  app.use(forExpress.cacheControl(policy))
  app.all('/articles/5', forExpress.conditional(known), (_request, response) => {
    runs++
    response.send('article')
  })
  app.get(
    '/broken',
    forExpress.conditional(() => Promise.reject(new Error('no row'))),
  )
  return open(app)
}

async function fastifySite(): Promise<string> {
  const app = fastify()
  app.addHook('onRequest', forFastify.cacheControl(policy))
  app.all('/articles/5', { onRequest: forFastify.conditional(() => known()) }, async () => {
    runs++
    return 'article'
  })
  const broken = forFastify.conditional(() => Promise.reject(new Error('no row')))
  app.get('/broken', { onRequest: broken }, async () => 'never')
  await app.ready()
  return open((request, response) => app.routing(request, response))
}

describe.each([
  ['Express', expressSite],
  ['Fastify', fastifySite],
])('validators and policy: %s', (_, site) => {
  it('does not run the handler for a visitor who has the page', async () => {
    const url = await site()
    const first = await fetch(`${url}/articles/5`)
    expect(await first.text()).toBe('article')
    expect(first.headers.get('cache-control')).toBe(
      'public, max-age=300, stale-while-revalidate=60',
    )
    expect(first.headers.get('last-modified')).toBe('Thu, 01 Jan 2026 00:00:00 GMT')
    const etag = first.headers.get('etag')!
    const again = await fetch(`${url}/articles/5`, { headers: { 'if-none-match': etag } })
    expect([again.status, runs]).toEqual([304, 1])
    expect(again.headers.get('etag')).toBe(etag)
    const since = { 'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' }
    expect((await fetch(`${url}/articles/5`, { headers: since })).status).toBe(304)
  })

  it('refuses a change that is based on an old version', async () => {
    const url = await site()
    const put = (tag: string) =>
      fetch(`${url}/articles/5`, { method: 'PUT', headers: { 'if-match': tag } })
    expect([(await put('"old"')).status, runs]).toEqual([412, 0])
    const etag = (await fetch(`${url}/articles/5`)).headers.get('etag')!
    expect((await put(etag)).status).toBe(200)
  })

  it('hands an error over to the framework', async () => {
    const url = await site()
    expect((await fetch(`${url}/broken`)).status).toBe(500)
  })
})

describe('pages of an Express application in parts', () => {
  it('keeps the pages of mounted routers apart, makes them anew through the whole application, and drops them by URL', async () => {
    await using cache = createCache()
    const app = express()
    const shop = express()
    const router = express.Router()
    let runs = 0
    const pages = forExpress.cachePage(cache, { ttl: '1m', grace: '1m', hosts: 'shop.test' })
    router.get('/news', pages, (request, response) => {
      response.send(`${request.baseUrl} ${Object.keys(request.query).join()}${++runs}`)
    })
    shop.use('/a', router)
    shop.use('/b', router)
    app.use('/shop', shop)
    const url = await open((request, response) => {
      request.headers.host = 'shop.test'
      app(request, response)
    })
    const get = async (path: string) => (await fetch(url + path)).text()
    expect(await get('/shop/a/news')).toBe('/shop/a 1')
    expect(await get('/shop/b/news?x=1')).toBe('/shop/b 2')
    expect([await get('/shop/a/news'), await get('/shop/b/news')]).toEqual([
      '/shop/a 1',
      '/shop/b 2',
    ])
    await pages.invalidate('/shop/a/news')
    expect([await get('/shop/a/news'), await get('/shop/b/news')]).toEqual([
      '/shop/a 3',
      '/shop/b 2',
    ])
  })
})
