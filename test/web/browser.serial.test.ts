/** A real browser: what it asks for and what it does not, as the fields that we send tell it. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  cacheControl,
  cachePage,
  conditional,
  type ExpressRequest,
} from '../../adapters/express/index.js'
import { createCache, type Cache } from '../../index.js'
import { hole, html } from '../../src/fragment/index.js'
import { openBrowser } from '../support/browser.js'
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
let server: Server
let url: string
let shop: Shop
/** Each request that arrived: `GET /news 200`, with how it asked. */
let asked: string[]
/** How many bytes the answer to each took, fields included. */
let bytes: Map<string, number>
let runs: number
let page: Page

beforeEach(async () => {
  cache = createCache()
  shop = { text: 'Storm', colour: 'rgb(255, 0, 0)' }
  asked = []
  bytes = new Map()
  runs = 0
  server = createServer(application())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  page = await browser.newPage()
})
afterEach(async () => {
  await page.close()
  server.closeAllConnections()
  server.close()
  await cache.close()
})

const greeting = hole(
  'greeting',
  ({ headers }: ExpressRequest) => /user=(\w+)/.exec(headers.cookie ?? '')?.[1] ?? 'nobody',
)

function application(): express.Express {
  const app = express()
  app.use((request, response, next) => {
    const { method, path, socket } = request
    const before = socket.bytesWritten
    const how =
      request.headers['if-none-match'] !== undefined
        ? ' conditional'
        : request.headers['cache-control'] === 'no-cache'
          ? ' anew'
          : ''
    response.once('close', () => {
      if (path === '/favicon.ico') return
      const line = `${method} ${path} ${response.statusCode}${how}`
      asked.push(line)
      bytes.set(line, socket.bytesWritten - before)
    })
    next()
  })
  const style = (): string => `h1 { color: ${shop.colour} }`
  const styleName = (): string =>
    `style.${createHash('sha256').update(style()).digest('hex').slice(0, 8)}.css`
  const forever = cacheControl({ public: true, maxAge: '1y', immutable: true })
  app.get('/assets/:name', forever, (_request, response) => {
    response.type('css').send(style())
  })
  const document = async (title: string): Promise<string> =>
    String(
      await html`<!doctype html>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/assets/${styleName()}" />
        <h1>${title}</h1>
        <p>${shop.text}</p>
        <a id="news" href="/news">news</a> <a id="weather" href="/weather">weather</a>
        <i>${LONG}</i>`,
    )
  app.get(['/news', '/weather'], cachePage(cache, { ttl: '1h' }), async (request, response) => {
    runs++
    response.set('cache-control', 'public, max-age=60').send(await document(request.path))
  })
  // As long as nobody asks, nothing is known of it: the browser has to ask each time.
  app.get('/live', cachePage(cache, { ttl: '1h' }), async (_request, response) => {
    const text = await cache.getOrSet('text', () => shop.text, { tags: ['text'] })
    response.set('cache-control', 'public, no-cache').send(`<h1>${text}</h1>${LONG}`)
  })
  app.get('/hello', cachePage(cache, { ttl: '1h', holes: [greeting] }), (_request, response) => {
    runs++
    response.send(`<h1>${String(greeting)}</h1>`)
  })
  app.get('/account', cacheControl({ private: true, maxAge: '1m' }), (request, response) => {
    response.send(`<h1>${greeting.render(request as never) as string}</h1>`)
  })
  app.get(
    '/data',
    cacheControl({ public: true, maxAge: '1s', staleWhileRevalidate: '10m' }),
    conditional(() => ({ etag: [shop.text] })),
    (_request, response) => {
      response.json({ text: shop.text })
    },
  )
  return app
}

const heading = (on: Page = page): Promise<string> => on.locator('h1').innerText()
const colour = (): Promise<string> =>
  page.evaluate<string>("getComputedStyle(document.querySelector('h1')).color")
/** What has been asked for since the last time; the last of it may still be under way. */
const since = async (expected: readonly string[]): Promise<void> => {
  await until('all that is expected was asked for', () => asked.length >= expected.length, {
    deadlineMs: 5_000,
  }).catch(() => {})
  expect(asked.splice(0).toSorted()).toEqual(expected.toSorted())
}

describe('a browser', () => {
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
