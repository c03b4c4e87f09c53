/** A real browser: what it asks for and what it does not, as the fields that we send tell it. */
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, RequestListener } from 'node:http'
import express from 'express'
import fastify, { type FastifyInstance } from 'fastify'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as forExpress from '../../adapters/express/index.js'
import * as forFastify from '../../adapters/fastify/index.js'
import { createCache, type Cache } from '../../index.js'
import { hole, html } from '../../src/fragment/index.js'
import { openBrowser } from '../support/browser.js'
import { listen, type Listening } from '../support/listening.js'
import { until } from '../support/until.js'

/** What stands on the server and may change. */
interface Shop {
  text: string
  colour: string
}

const LONG = 'x'.repeat(20_000)

let browser: BrowserContext
let other: BrowserContext
beforeAll(async () => {
  ;[browser, other] = await Promise.all([openBrowser(), openBrowser()])
})
afterAll(async () => {
  await browser.close()
  await other.close()
})

let cache: Cache
let server: Listening
let url: string
let shop: Shop
/** Each request that arrived: `GET /news 200`, with how it asked. */
let asked: string[]
/** How many bytes the answer to each took, fields included. */
let bytes: Map<string, number>
let runs: number
let page: Page

beforeEach(() => {
  cache = createCache()
  shop = { text: 'Storm', colour: 'rgb(255, 0, 0)' }
  asked = []
  bytes = new Map()
  runs = 0
})
afterEach(async () => {
  await page.close()
  await server.close()
  await cache.close()
})

const nameIn = ({ headers }: Asked): string =>
  /user=(\w+)/.exec(headers.cookie ?? '')?.[1] ?? 'nobody'
const greeting = hole('greeting', nameIn)

/** What is served under a path, in either framework. */
interface Route {
  readonly path: string
  readonly policy?: forExpress.CachePolicyOptions
  readonly page?: forExpress.PageOptions
  readonly known?: () => forExpress.KnownValidators
  readonly type: string
  readonly answer: (asked: Asked) => Answer | Promise<Answer>
}

interface Asked {
  readonly url?: string | undefined
  readonly headers: IncomingHttpHeaders
}

interface Answer {
  readonly body: string
  readonly cacheControl?: string
}

function routes(): Route[] {
  const style = (): string => `h1 { color: ${shop.colour} }`
  const styleName = (): string =>
    `style.${createHash('sha256').update(style()).digest('hex').slice(0, 8)}.css`
  const document = async ({ url = '' }: Asked): Promise<Answer> => {
    runs++
    const body = await html`<!doctype html>
      <link rel="icon" href="data:," />
      <link rel="stylesheet" href="/assets/${styleName()}" />
      <h1>${url}</h1>
      <p>${shop.text}</p>
      <a id="news" href="/news">news</a> <a id="weather" href="/weather">weather</a> <i>${LONG}</i>`
    return { body: body.toString(), cacheControl: 'public, max-age=60' }
  }
  const page = { ttl: '1h' } as const
  const type = 'text/html'
  return [
    {
      path: '/assets/:name',
      policy: { public: true, maxAge: '1y', immutable: true },
      type: 'text/css',
      answer: () => ({ body: style() }),
    },
    { path: '/news', page, type, answer: document },
    { path: '/weather', page, type, answer: document },
    {
      // The browser has to ask each time.
      path: '/live',
      page,
      type,
      answer: async () => {
        const text = await cache.getOrSet('text', () => shop.text, { tags: ['text'] })
        return { body: `<h1>${text}</h1>${LONG}`, cacheControl: 'public, no-cache' }
      },
    },
    {
      path: '/hello',
      page: { ...page, holes: [greeting] },
      type,
      answer: () => {
        runs++
        return { body: `<h1>${String(greeting)}</h1>` }
      },
    },
    {
      path: '/account',
      policy: { private: true, maxAge: '1m' },
      type,
      answer: (asked) => ({ body: `<h1>${nameIn(asked)}</h1>` }),
    },
    {
      path: '/data',
      policy: { public: true, maxAge: '1s', staleWhileRevalidate: '10m' },
      known: () => ({ etag: [shop.text] }),
      type: 'application/json',
      answer: () => ({ body: JSON.stringify({ text: shop.text }) }),
    },
  ]
}

function inExpress(): RequestListener {
  const app = express()
  for (const { path, policy, page, known, type, answer } of routes()) {
    app.get(
      path,
      ...(policy === undefined ? [] : [forExpress.cacheControl(policy)]),
      ...(page === undefined ? [] : [forExpress.cachePage(cache, page)]),
      ...(known === undefined ? [] : [forExpress.conditional(known)]),
      async (request, response) => {
        const { body, cacheControl } = await answer(request)
        if (cacheControl !== undefined) response.set('cache-control', cacheControl)
        response.type(type).send(body)
      },
    )
  }
  return app
}

async function inFastify(): Promise<RequestListener> {
  const app: FastifyInstance = fastify()
  for (const { path, policy, page, known, type, answer } of routes()) {
    const onRequest = [
      ...(policy === undefined ? [] : [forFastify.cacheControl(policy)]),
      ...(page === undefined ? [] : [forFastify.cachePage(cache, page)]),
      ...(known === undefined ? [] : [forFastify.conditional(known)]),
    ]
    app.get(path, { onRequest }, async (request, reply) => {
      const { body, cacheControl } = await answer(request)
      if (cacheControl !== undefined) reply.header('cache-control', cacheControl)
      return reply.type(type).send(body)
    })
  }
  await app.ready()
  return (request, response) => app.routing(request, response)
}

/** Notes each request, with how it asked and how many bytes it took to answer. */
function noted(listener: RequestListener): RequestListener {
  return (request, response) => {
    const { method, url = '', socket, headers } = request
    const before = socket.bytesWritten
    const how =
      headers['if-none-match'] !== undefined
        ? ' conditional'
        : headers['cache-control'] === 'no-cache'
          ? ' anew'
          : ''
    response.once('close', () => {
      if (url === '/favicon.ico') return
      const line = `${method} ${url} ${response.statusCode}${how}`
      asked.push(line)
      bytes.set(line, socket.bytesWritten - before)
    })
    listener(request, response)
  }
}

const heading = (on: Page = page): Promise<string> => on.locator('h1').innerText()
const colour = (): Promise<string> =>
  page.evaluate<string>("getComputedStyle(document.querySelector('h1')).color")
/** What has been asked for since the last time; the last of it may still be under way. */
const since = async (expected: readonly string[]): Promise<void> => {
  await until('all that is expected was asked for', () => asked.length >= expected.length).catch(
    () => {},
  )
  expect(asked.splice(0).toSorted()).toEqual(expected.toSorted())
}

describe.each([
  ['Express', inExpress],
  ['Fastify', inFastify],
])('a browser, with %s', (_, application) => {
  beforeEach(async () => {
    server = await listen(noted(await application()))
    ;({ url } = server)
    page = await browser.newPage()
  })

  const style = (): string => asked.find((line) => line.includes('/assets/'))!

  it('asks for nothing that is fresh, and on reload for what may have changed, in a few bytes', async () => {
    await page.goto(`${url}/news`)
    await until('the page is there', () => asked.length === 2)
    await since(['GET /news 200', style()])
    await page.click('#weather')
    expect(await heading()).toBe('/weather')
    await page.click('#news')
    expect(await heading()).toBe('/news')
    await since(['GET /weather 200'])

    await page.reload()
    expect(await heading()).toBe('/news')
    await since(['GET /news 304 conditional'])
    expect(bytes.get('GET /news 304 conditional')).toBeLessThan(1_000)
    expect(bytes.get('GET /news 200')).toBeGreaterThan(20_000)
    expect(runs).toBe(2)
  })

  it('asks for all of it on a hard reload, and the handler runs for that no more than before', async () => {
    await page.goto(`${url}/news`)
    await until('the page is there', () => asked.length === 2)
    const sheet = style()
    await since(['GET /news 200', sheet])
    const session = await browser.newCDPSession(page)
    const loaded = page.waitForEvent('load')
    await session.send('Page.reload', { ignoreCache: true })
    await loaded
    await since(['GET /news 200 anew', `${sheet} anew`])
    expect(runs).toBe(1)
  })

  it('goes back without asking', async () => {
    await page.goto(`${url}/news`)
    await page.click('#weather')
    await until('both are there', () => asked.length === 3)
    asked = []
    await page.goBack()
    expect(await heading()).toBe('/news')
    await page.goForward()
    expect(await heading()).toBe('/weather')
    await since([])
  })

  it('asks each time where it was told to, and gets a body only after a change', async () => {
    await page.goto(`${url}/live`)
    await since(['GET /live 200'])
    await page.goto('about:blank')
    await page.goto(`${url}/live`)
    expect(await heading()).toBe('Storm')
    await since(['GET /live 304 conditional'])
    expect(bytes.get('GET /live 304 conditional')).toBeLessThan(1_000)
    shop.text = 'Sun'
    await cache.invalidateTags(['text'])
    await page.goto('about:blank')
    await page.goto(`${url}/live`)
    expect(await heading()).toBe('Sun')
    await since(['GET /live 200 conditional'])
  })

  it('shows what is stale at once, and asks behind it', async () => {
    await page.goto(`${url}/news`)
    const read = (): Promise<string> =>
      page.evaluate(async () => {
        const response = await fetch('/data')
        return ((await response.json()) as { text: string }).text
      })
    expect(await read()).toBe('Storm')
    expect(await read()).toBe('Storm')
    expect(asked.filter((line) => line.includes('/data'))).toEqual(['GET /data 200'])
    shop.text = 'Sun'
    await page.waitForTimeout(1_500)
    asked = []
    expect(await read()).toBe('Storm')
    await until('it has asked behind that', () => asked.includes('GET /data 200 conditional'))
    await until('it has the answer', async () => (await read()) === 'Sun')
  })

  it('shows nobody what is another’s: two profiles, and one that logs out', async () => {
    const ada = page
    const bob = await other.newPage()
    await browser.addCookies([{ name: 'user', value: 'ada', url }])
    await other.addCookies([{ name: 'user', value: 'bob', url }])
    for (const path of ['/hello', '/account', '/hello', '/account']) {
      await ada.goto(url + path)
      await bob.goto(url + path)
      expect([path, await heading(ada), await heading(bob)]).toEqual([path, 'ada', 'bob'])
    }
    // A private page that is fresh is not asked for again; one with a hole is, and the handler does not run for it.
    expect(asked.filter((line) => line.includes('/account'))).toHaveLength(2)
    expect(asked.filter((line) => line.includes('/hello'))).toHaveLength(4)
    expect(runs).toBe(1)
    await browser.clearCookies()
    await ada.goto('about:blank')
    await ada.goto(`${url}/hello`)
    expect(await heading(ada)).toBe('nobody')
    await bob.close()
  })

  it('sees the changed stylesheet after a deploy, and asks for no other', async () => {
    await page.goto(`${url}/news`)
    expect(await colour()).toBe('rgb(255, 0, 0)')
    asked = []
    await page.reload()
    expect(await colour()).toBe('rgb(255, 0, 0)')
    await since(['GET /news 304 conditional'])
    shop.colour = 'rgb(0, 0, 255)'
    await cache.clear()
    await page.reload()
    await until('the new one is there', async () => (await colour()) === 'rgb(0, 0, 255)')
    await since(['GET /news 200 conditional', style()])
  })
})
