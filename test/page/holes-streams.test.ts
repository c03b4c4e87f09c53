/** Holes in pages that stream: React, compression in front, visitors who leave. */
import { once } from 'node:events'
import { request as send } from 'node:http'
import { PassThrough } from 'node:stream'
import compression from 'compression'
import express from 'express'
import { createElement, Suspense, use } from 'react'
import { renderToPipeableStream } from 'react-dom/server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cachePage, type ExpressRequest } from '../../adapters/express/index.js'
import { createCache, type Cache } from '../../index.js'
import { hole } from '../../src/fragment/index.js'
import { deferred } from '../support/deferred.js'
import { listen } from '../support/listening.js'
import { until } from '../support/until.js'
import { expressMiddleware, fastifyHook, type Site } from './site.js'

let cache: Cache
let errors: unknown[]
let closing: (() => unknown)[]
beforeEach(() => {
  cache = createCache()
  errors = []
  closing = []
  cache.on('error', ({ error }) => errors.push(error))
})
afterEach(async () => {
  for (const close of closing) await close()
  await cache.close()
})

const user = hole('user', ({ headers }: ExpressRequest) => `<b>${String(headers['x-name'])}</b>`)
const basket = hole('basket', async ({ headers }: ExpressRequest) => {
  await new Promise(setImmediate)
  return `<i>${String(headers['x-name'])}’s basket</i>`
})

describe.each([
  ['express', expressMiddleware],
  ['fastify', fastifyHook],
])('a page of React in %s', (_, kind) => {
  it('streams with its holes filled, in what comes first and in what comes late', async () => {
    let renders = 0
    const site: Site = await kind({
      cache,
      options: { ttl: '1m', holes: [user, basket] },
      handler: () => {
        renders++
        const late = deferred<string>()
        const Late = () => createElement('p', null, `${use(late.promise)}: ${String(basket)}`)
        const body = new PassThrough()
        const { pipe } = renderToPipeableStream(
          createElement(
            'main',
            null,
            createElement('h1', null, String(user)),
            createElement(Suspense, { fallback: 'soon' }, createElement(Late)),
          ),
          {
            onShellReady: () => {
              pipe(body)
              setImmediate(() => late.resolve('late'))
            },
          },
        )
        return { headers: { 'content-type': 'text/html' }, body }
      },
    })
    closing.push(() => site.close())
    for (const name of ['Ada', 'Bob']) {
      const { body, headers } = await site.get('/', { 'x-name': name })
      expect(body).toContain(`<h1><b>${name}</b></h1>`)
      expect(body).toContain(`late: <i>${name}’s basket</i>`)
      expect(body).not.toContain('kfhole')
      expect(headers['cache-control']).toBe('private, no-cache')
    }
    expect([renders, errors]).toEqual([1, []])
  })
})

describe('in Express', () => {
  async function open(app: express.Express): Promise<number> {
    const { port, close } = await listen(app)
    closing.push(close)
    return port
  }

  it('a page with holes may be compressed in front', async () => {
    const app = express()
    app.use(compression({ threshold: 0 }))
    app.get('/', cachePage(cache, { ttl: '1m', holes: [user, basket] }), (_request, response) => {
      response.send(`<p>${String(user)} ${'x'.repeat(5_000)} ${String(basket)}</p>`)
    })
    const port = await open(app)
    for (const name of ['Ada', 'Bob']) {
      const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-name': name } })
      expect(response.headers.get('content-encoding')).toMatch(/gzip|br/)
      expect(await response.text()).toBe(
        `<p><b>${name}</b> ${'x'.repeat(5_000)} <i>${name}’s basket</i></p>`,
      )
    }
  })

  it('a page that is compressed behind is sent as it is, and not kept', async () => {
    const app = express()
    app.use(cachePage(cache, { ttl: '1m', holes: [user] }))
    app.use(compression({ threshold: 0 }))
    let runs = 0
    app.get('/', (_request, response) => {
      runs++
      response.send(`<p>${String(user)}</p>`)
    })
    const port = await open(app)
    for (let n = 0; n < 2; n++) await (await fetch(`http://127.0.0.1:${port}/`)).text()
    expect(runs).toBe(2)
  })

  it('a visitor who leaves takes nothing down, and the next one gets the page', async () => {
    let gate = deferred<string>()
    const slow = hole('slow', () => gate.promise)
    const app = express()
    app.get('/', cachePage(cache, { ttl: '1m', holes: [slow] }), (_request, response) => {
      response.send(`<p>${String(slow)}</p>`)
    })
    const port = await open(app)
    for (let n = 0; n < 2; n++) {
      gate = deferred()
      const leaving = send({ port, host: '127.0.0.1' })
      leaving.on('error', () => {})
      leaving.end()
      const [response] = await once(leaving, 'response')
      expect(String((await once(response, 'data'))[0])).toBe('<p>')
      leaving.destroy()
      gate.resolve('too late')
      await until('it is kept', async () => {
        const next = await fetch(`http://127.0.0.1:${port}/`)
        return (await next.text()) === '<p>too late</p>'
      })
    }
    expect(errors).toEqual([])
  })
})
