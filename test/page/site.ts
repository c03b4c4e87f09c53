import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  request as send,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { Readable } from 'node:stream'
import express from 'express'
import fastify, { type FastifyInstance } from 'fastify'
import { afterEach } from 'vitest'
import * as forExpress from '../../adapters/express/index.js'
import * as forFastify from '../../adapters/fastify/index.js'
import { type Cache, createCache } from '../../index.js'
import type { PageOptions } from '../../src/page/index.js'
import type { Store } from '../../src/store/store.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { listen } from '../support/listening.js'

/** What a handler of these tests sees, in either framework. */
export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly query: unknown
  /** The framework's own request. */
  readonly own: Partial<Record<'user' | 'session' | 'cookies' | 'signedCookies', unknown>>
}

export interface Told {
  readonly status?: number
  readonly headers?: Record<string, string | string[]>
  readonly body?: string | Buffer | Readable
  /** Writes the response by itself, with Node's own functions. */
  readonly raw?: (response: ServerResponse) => void
}

export type Handler = (asked: Asked) => Told | Promise<Told>

export interface Got {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly bytes: Buffer
}

export interface Site {
  readonly port: number
  /** How many requests have arrived. */
  readonly arrived: () => number
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Got>
  readonly ask: (
    method: string,
    path: string,
    headers?: Record<string, string>,
    body?: string,
  ) => Promise<Got>
  close(): Promise<void>
}

export interface SiteOptions {
  readonly cache: Cache
  readonly options?: PageOptions
  readonly handler: Handler
  /** Before the page cache, where the framework has such a place. */
  readonly before?: (own: Asked['own'], headers: IncomingHttpHeaders) => void
}

export type SiteKind = (options: SiteOptions) => Promise<Site>

/** Runs the whole application in Express, with the page cache as a middleware. */
export const expressMiddleware: SiteKind = async ({ cache, options, handler, before }) => {
  const app = express()
  app.use((request, _response, next) => {
    before?.(request, request.headers)
    next()
  })
  app.use(forExpress.cachePage(cache, options))
  app.use(expressHandler(handler))
  return open(createServer(app))
}

export const expressListener: SiteKind = async ({ cache, options, handler }) => {
  const app = express()
  app.use(expressHandler(handler))
  return open(createServer(forExpress.cachedListener(app, cache, options)))
}

function expressHandler(handler: Handler): express.RequestHandler {
  return async (request, response) => {
    const { method, originalUrl: url, query } = request
    const asked: Asked = {
      method,
      url,
      query,
      get headers() {
        return request.headers
      },
      own: request,
    }
    const { status = 200, headers = {}, body = '', raw } = await handler(asked)
    response.status(status).set(headers)
    if (raw !== undefined) {
      raw(response)
      return
    }
    if (typeof body === 'string' || Buffer.isBuffer(body)) response.send(body)
    else body.pipe(response)
  }
}

function fastifyApp(handler: Handler): FastifyInstance {
  const app: FastifyInstance = fastify()
  app.all('/*', async (request, reply) => {
    const asked: Asked = {
      method: request.method,
      url: request.raw.url ?? '',
      query: request.query,
      get headers() {
        return request.headers
      },
      own: request,
    }
    const { status = 200, headers = {}, body = '', raw } = await handler(asked)
    if (raw !== undefined) {
      reply.hijack()
      raw(reply.raw)
      return reply
    }
    reply.code(status).headers(headers)
    return reply.send(body)
  })
  return app
}

export const fastifyHook: SiteKind = async ({ cache, options, handler, before }) => {
  const app = fastifyApp(handler)
  app.addHook('onRequest', (request, _reply, done) => {
    before?.(request, request.headers)
    done()
  })
  app.addHook('onRequest', forFastify.cachePage(cache, options))
  await app.ready()
  return open(createServer((request, response) => app.routing(request, response)))
}

export const fastifyListener: SiteKind = async ({ cache, options, handler }) => {
  const app = fastifyApp(handler)
  await app.ready()
  return open(createServer(forFastify.cachedListener(app, cache, options)))
}

async function open(server: Server): Promise<Site> {
  let arrived = 0
  server.on('request', () => arrived++)
  const { port, close } = await listen(server)
  const ask: Site['ask'] = async (method, path, headers = {}, body) => {
    const request = send({ port, host: '127.0.0.1', method, path, headers, agent: false })
    request.end(body)
    const [response] = await once(request, 'response')
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    const bytes = Buffer.concat(chunks)
    return { status: response.statusCode, headers: response.headers, body: String(bytes), bytes }
  }
  return {
    port,
    arrived: () => arrived,
    ask,
    get: (path, headers) => ask('GET', path, headers),
    close,
  }
}

/** The ways that have a place before the page cache. */
export const BEHIND: readonly (readonly [string, SiteKind])[] = [
  ['Express, as a middleware', expressMiddleware],
  ['Fastify, as a hook', fastifyHook],
]

/** Every way to put a page cache into an application. */
export const KINDS: readonly (readonly [string, SiteKind])[] = [
  ...BEHIND,
  ['Express, in front', expressListener],
  ['Fastify, in front', fastifyListener],
]

/** A site with its cache, whose time the test moves. */
export interface OpenSite extends Site {
  readonly cache: Cache
  readonly clock: FakeClock
}

/** Opens sites of one kind, each with a cache of its own; all are closed after the test. `defaults` are options they all have. */
export function siteOpener(
  kind: SiteKind,
  defaults: PageOptions = {},
): (
  handler: Handler,
  options?: PageOptions,
  more?: Pick<SiteOptions, 'before'> & { readonly tiers?: readonly Store[] },
) => Promise<OpenSite> {
  const opened: { close(): Promise<void> }[] = []
  afterEach(async () => {
    for (const one of opened.splice(0).toReversed()) await one.close()
  })
  return async (handler, options = {}, { tiers, ...more } = {}) => {
    const clock = new FakeClock(Date.now())
    const cache = createCache(tiers === undefined ? { clock } : { clock, tiers })
    opened.push(cache)
    const site = await kind({ cache, options: { ...defaults, ...options }, handler, ...more })
    opened.push(site)
    return { ...site, cache, clock }
  }
}
