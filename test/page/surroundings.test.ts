/** What stands in front of a page cache and behind it: it runs for each visitor, and is no part of the page. */
import { once } from 'node:events'
import { type IncomingMessage, request as send, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import express from 'express'
import fastify from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import * as forExpress from '../../adapters/express/index.js'
import * as forFastify from '../../adapters/fastify/index.js'
import { type Cache, createCache } from '../../index.js'
import type { PageOptions } from '../../src/page/index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { listen, type Listening } from '../support/listening.js'
import { until } from '../support/until.js'

/** Runs before the page cache; true when it has answered. */
type Guard = (
  headers: Readonly<Record<string, string | string[] | undefined>>,
  response: ServerResponse,
) => boolean

interface Site {
  readonly get: (headers?: Record<string, string>) => Promise<{
    readonly status: number | undefined
    readonly headers: IncomingMessage['headers']
    readonly body: string
  }>
  readonly clock: FakeClock
}

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close()
})

async function inExpress(guard: Guard, options: PageOptions, respond: () => string): Promise<Site> {
  const { clock, cache } = timed()
  const app = express()
  app.use((request, response, next) => {
    if (!guard(request.headers, response)) next()
  })
  app.get('/', forExpress.cachePage(cache, options), (_request, response) => {
    response.send(respond())
  })
  return serving(await listen(app), clock)
}

async function inFastify(guard: Guard, options: PageOptions, respond: () => string): Promise<Site> {
  const { clock, cache } = timed()
  const app = fastify()
  app.addHook('onRequest', (request, reply, done) => {
    if (guard(request.headers, reply.raw)) reply.hijack()
    else done()
  })
  app.get('/', { onRequest: forFastify.cachePage(cache, options) }, () => respond())
  await app.ready()
  const listening = await listen((request, response) => app.routing(request, response))
  return serving(listening, clock)
}

function timed(): { clock: FakeClock; cache: Cache } {
  const clock = new FakeClock(Date.now())
  const cache = createCache({ clock })
  opened.push(cache)
  return { clock, cache }
}

function serving(listening: Listening, clock: FakeClock): Site {
  opened.push(listening)
  const get: Site['get'] = async (headers = {}) => {
    const { port } = listening
    const request = send({ port, host: '127.0.0.1', headers, agent: false }).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return { status: response.statusCode, headers: response.headers, body: await text(response) }
  }
  return { get, clock }
}

describe.each([
  ['Express', inExpress],
  ['Fastify', inFastify],
])('around a page: %s', (_, site) => {
  it('fields that were set before are each visitor’s own, and not the page’s', async () => {
    let visits = 0
    const { get } = await site(
      (_headers, response) => {
        response.setHeader('x-request-id', `${++visits}`)
        if (visits === 1) response.setHeader('x-only-once', 'yes')
        return false
      },
      { ttl: '1m' },
      () => 'page',
    )
    const seen: unknown[] = []
    for (let visit = 0; visit < 3; visit++) {
      const { headers } = await get()
      seen.push([headers['x-request-id'], headers['x-only-once']])
    }
    expect(seen).toEqual([
      ['1', 'yes'],
      ['2', undefined],
      ['3', undefined],
    ])
  })

  it('a guard that turns runs for nobody away leaves the page as it is, and holds nobody up', async () => {
    let runs = 0
    let refused = 0
    const { get, clock } = await site(
      ({ cookie }, response) => {
        if (cookie === 'member') return false
        refused++
        response.statusCode = 401
        response.end('log in')
        return true
      },
      { ttl: '10s', grace: '1m' },
      () => `run ${++runs}`,
    )
    const member = { cookie: 'member' }
    expect((await get()).status).toBe(401)
    await get(member)
    await clock.advance(11_000)
    expect((await get(member)).body).toBe('run 1')
    await until('it was turned away', () => refused === 2)
    expect((await get(member)).body).toBe('run 1')
    await clock.advance(60_000)
    expect((await get(member)).body).toBe('run 2')
    expect((await get(member)).headers['cache-status']).toContain('hit')
    expect((await get()).status).toBe(401)
  })

  it('runs for nobody are for the host as configured, and bring no more along than the page differs by', async () => {
    const seen: unknown[] = []
    const { get, clock } = await site(
      ({ host, cookie, 'x-tenant': tenant }) => {
        seen.push([host, cookie, tenant])
        return false
      },
      { ttl: '10s', grace: '1m', hosts: 'shop.test', vary: ['x-tenant'] },
      () => 'page',
    )
    const own = { host: 'SHOP.test', cookie: 'id=ann', 'x-tenant': 'a' }
    await get(own)
    await clock.advance(11_000)
    await get(own)
    await until('it is made anew', () => seen.length === 3)
    expect(seen).toEqual([
      ['SHOP.test', 'id=ann', 'a'],
      ['SHOP.test', 'id=ann', 'a'],
      ['shop.test', undefined, 'a'],
    ])
  })
})
