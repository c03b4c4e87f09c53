import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  request as send,
  type RequestListener,
  type Server,
} from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { expressProxy } from '../../examples/proxy/express.js'
import { fastifyProxy } from '../../examples/proxy/fastify.js'
import { type Cache, createCache } from '../../index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { deferred } from '../support/deferred.js'
import { listen } from '../support/listening.js'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close()
})

async function serve(server: Server): Promise<string> {
  const listening = await listen(server)
  opened.push(listening)
  return listening.url
}

type Proxy = (origin: string, cache: Cache) => Promise<Server>
const options = { query: 'all', targets: ['cdn-cache-control'], staleIfError: '1h' } as const
const proxies: readonly (readonly [string, Proxy])[] = [
  ['Express', async (origin, cache) => createServer(expressProxy(origin, cache, options))],
  [
    'Fastify',
    async (origin, cache) => {
      const app = fastifyProxy(origin, cache, options)
      await app.ready()
      return createServer((request, response) => app.routing(request, response))
    },
  ],
]

interface Seen {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly trailers: NodeJS.Dict<string>
  readonly early: readonly number[]
}

async function open(
  url: string,
  method: string,
  content: string | undefined,
  early: number[],
): Promise<IncomingMessage> {
  const asked = send(url, { method, agent: false })
  asked.on('information', ({ statusCode }) => early.push(statusCode))
  asked.end(content)
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return response
}

async function get(url: string, method = 'GET', content?: string): Promise<Seen> {
  const early: number[] = []
  const response = await open(url, method, content, early)
  let body = ''
  for await (const chunk of response) body += String(chunk)
  const { statusCode = 0, headers, trailers } = response
  return { status: statusCode, headers, body, trailers, early }
}

describe.each(proxies)('an application that proxies an origin: %s', (_, proxy) => {
  async function site(answer: RequestListener) {
    const clock = new FakeClock(Date.now())
    const cache = createCache({ clock })
    const originServer = createServer(answer)
    const url = await serve(await proxy(await serve(originServer), cache))
    opened.push(cache)
    return { url, clock, originServer }
  }

  it('has the origin revalidate what it keeps', async () => {
    const asked: (string | undefined)[] = []
    const { url, clock } = await site((request, response) => {
      asked.push(request.headers['if-none-match'])
      response.sendDate = false // The origin's clock does not stand still.
      response.setHeader('etag', '"a"')
      response.setHeader('cache-control', 'max-age=10')
      if (request.headers['if-none-match'] === '"a"') response.writeHead(304).end()
      else response.end('page')
    })
    for (const _ of [1, 2]) expect((await get(`${url}/x?b=1`)).body).toBe('page')
    await clock.advance(11_000)
    const third = await get(`${url}/x?b=1`)
    expect([third.status, third.body, asked]).toEqual([200, 'page', [undefined, '"a"']])
    expect((await get(`${url}/x?b=1`)).headers['cache-status']).toContain('hit')
  })

  it('passes on interim responses and trailers, and keeps neither', async () => {
    const { url } = await site((_request, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' })
      response.setHeader('cache-control', 'max-age=10')
      response.setHeader('trailer', 'x-sum')
      response.write('page')
      response.addTrailers({ 'x-sum': '4' })
      response.end()
    })
    const first = await get(url)
    expect([first.early, first.body, first.trailers]).toEqual([[103], 'page', { 'x-sum': '4' }])
    const second = await get(url)
    expect([second.early, second.body, second.trailers]).toEqual([[], 'page', {}])
    expect(second.headers['link'] ?? second.headers['trailer']).toBeUndefined()
  })

  it('passes on content as it comes', async () => {
    const gate = deferred()
    const { url } = await site((_request, response) => {
      response.setHeader('cache-control', 'max-age=10')
      response.write('first ')
      void gate.promise.then(() => response.end('second'))
    })
    const response = await open(url, 'GET', undefined, [])
    const [chunk] = await once(response, 'data')
    expect(String(chunk)).toBe('first ')
    gate.resolve()
    await once(response.resume(), 'end')
    const kept = await get(url)
    expect([kept.body, kept.headers['cache-status']]).toEqual([
      'first second',
      'keepfresh;hit;ttl=10',
    ])
  })

  it('keeps nothing that broke on the way, and lets nobody take it for the whole', async () => {
    let runs = 0
    const { url } = await site((_request, response) => {
      response.setHeader('cache-control', 'max-age=10')
      if (runs++ > 0) response.end('whole')
      else response.write('half', () => response.destroy())
    })
    await expect(get(url)).rejects.toThrow(/aborted|socket hang up/)
    expect((await get(url)).body).toBe('whole')
  })

  it('shows what it has when the origin is gone, and 502 where it has nothing', async () => {
    const { url, clock, originServer } = await site((_request, response) => {
      response.setHeader('cache-control', 'max-age=10')
      response.end('page')
    })
    await get(url)
    await clock.advance(11_000)
    originServer.closeAllConnections()
    originServer.close()
    await once(originServer, 'close')
    const stale = await get(url)
    expect([stale.status, stale.body]).toEqual([200, 'page'])
    expect((await get(`${url}/other`)).status).toBe(502)
  })

  it('passes on other methods with their content, and shows what they have changed', async () => {
    let value = 'old'
    const { url } = await site((request, response) => {
      response.setHeader('cache-control', 'max-age=10')
      if (request.method === 'GET') {
        response.end(value)
        return
      }
      value = ''
      request.on('data', (chunk) => (value += String(chunk))).on('end', () => response.end())
    })
    await get(url)
    await get(url, 'PUT', 'new')
    expect((await get(url)).body).toBe('new')
  })
})
