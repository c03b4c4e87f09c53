import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import compression from 'compression'
import express from 'express'
import fastify from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import * as forExpress from '../../adapters/express/index.js'
import * as forFastify from '../../adapters/fastify/index.js'
import { createCache } from '../../index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { listen, type Listening } from '../support/listening.js'
import { plant, storedPage } from './kept.js'

/** Pages in process memory go out on a shorter way than others: what arrives must be the same. */

const opened: Listening[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

async function open(listener: RequestListener | Server): Promise<number> {
  const listening = await listen(listener)
  opened.push(listening)
  return listening.port
}

/** Sends a text on a connection of its own and returns all that comes back until the server closes it. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(text, 'latin1')
  let got = ''
  socket.setEncoding('latin1').on('data', (piece: string) => (got += piece))
  await once(socket, 'close')
  return got
}

const ask = (fields: string, method = 'GET', version = '1.1') =>
  `${method} /page HTTP/${version}\r\nhost: shop.test\r\n${fields}\r\n`
/** So that the server closes the connection behind the one before. */
const last = 'GET /last HTTP/1.1\r\nhost: shop.test\r\nconnection: close\r\n\r\n'

/** The head of the first answer with its lines sorted, and everything behind it. */
function parts(answer: string): { head: string[]; rest: string } {
  const end = answer.indexOf('\r\n\r\n')
  const [status = '', ...lines] = answer.slice(0, end).split('\r\n')
  return {
    head: [status, ...lines.map((line) => line.toLowerCase()).toSorted()],
    rest: answer.slice(end),
  }
}

const pageFields = {
  'content-type': 'text/plain',
  'last-modified': 'Wed, 01 Jan 2020 00:00:00 GMT',
  'x-name': 'caf\u00e9',
  link: ['</a>; rel=x', '</b>; rel=y'],
}
const clock = new FakeClock(Date.now())

type Site = (watched: boolean) => Promise<number>

const inExpress =
  (front: boolean): Site =>
  async (watched) => {
    const cache = createCache({ clock })
    const app = express()
    app.set('etag', false)
    app.use((_request, response, next) => {
      response.setHeader('X-Frame-Options', 'DENY')
      response.setHeader('Server-Timing', ['a', 'b'])
      next()
    })
    app.get(
      '/page',
      ...(front ? [] : [forExpress.cachePage(cache, { ttl: '1m' })]),
      (_request, response) => void response.set(pageFields).set('etag', '"v1"').end('the page'),
    )
    app.get('/last', (_request, response) => void response.end('the last'))
    const listener = front ? forExpress.cachedListener(app, cache, { ttl: '1m' }) : app
    return open((request, response) => {
      if (watched) response.on('finish', () => {})
      listener(request, response)
    })
  }

const inFastify: Site = async (watched) => {
  const cache = createCache({ clock })
  const app = fastify()
  const onRequest = forFastify.cachePage(cache, { ttl: '1m' })
  app.get('/page', { onRequest }, (_request, reply) =>
    reply.headers(pageFields).header('etag', '"v1"').send('the page'),
  )
  app.get('/last', () => 'the last')
  await app.ready()
  return open((request, response) => {
    if (watched) response.on('finish', () => {})
    app.routing(request, response)
  })
}

const asked: readonly (readonly [string, string])[] = [
  ['on a connection that stays', ask('') + last],
  ['twice on one connection, without waiting', ask('') + ask('') + last],
  ['on a connection that closes', ask('connection: close\r\n')],
  ['by HTTP/1.0', ask('', 'GET', '1.0')],
  ['by HTTP/1.0, to stay', ask('connection: keep-alive\r\n', 'GET', '1.0') + last],
  ['for its head', ask('', 'HEAD') + last],
  ['by a visitor who has it', ask('if-none-match: "v1"\r\n') + last],
  ['by a visitor who has it, in a list', ask('if-none-match: "v0", W/"v1"\r\n') + last],
  ['by a visitor who has another', ask('if-none-match: "v0"\r\n') + last],
  [
    'by one who wants none that is newer',
    ask('if-unmodified-since: Thu, 01 Jan 1970 00:00:00 GMT\r\nif-none-match: "v1"\r\n') + last,
  ],
  ['by one who wants no other', ask('if-match: "v0"\r\nif-none-match: "v1"\r\n') + last],
  ['for a part', ask('range: bytes=4-7\r\n') + last],
]

describe.each([
  ['Express, as a middleware', inExpress(false)],
  ['Express, in front', inExpress(true)],
  ['Fastify, as a hook', inFastify],
] as const)('a page in memory: %s', (_, site) => {
  it.each(asked)('goes out like any other when asked for %s', async (_how, text) => {
    const [quick, ordinary] = [await site(false), await site(true)]
    for (const port of [quick, ordinary]) {
      // Kept by the first; from the second on, what Node does has been seen.
      for (let visit = 0; visit < 3; visit++) await raw(port, ask('') + last)
    }
    const [got, expected] = [await raw(quick, text), await raw(ordinary, text)]
    expect(got).toContain('cache-status: keepfresh;hit')
    expect(parts(got).head).toEqual(parts(expected).head)
    // The second may have ended between the two.
    const rest = (answer: string) =>
      parts(answer)
        .rest.replaceAll(/^Date: .*$/gm, 'Date:')
        .split('\r\n')
        .toSorted()
    expect(rest(got)).toEqual(rest(expected))
  })
})

describe('a response that somebody watches', () => {
  /** Three visits to a page behind a middleware; the first makes it, the others find it in memory. */
  async function visits(
    watch: (response: ServerResponse) => void,
    server = createServer(),
  ): Promise<string[]> {
    const cache = createCache()
    const app = express()
    app.use((_request, response, next) => {
      watch(response)
      next()
    })
    app.get('/page', forExpress.cachePage(cache, { ttl: '1m' }), (_request, response) => {
      response.send('page')
    })
    app.get('/last', (_request, response) => void response.end('the last'))
    const port = await open(server.on('request', app))
    const answers: string[] = []
    for (let visit = 0; visit < 4; visit++) answers.push(await raw(port, ask('') + last))
    expect(answers.slice(1).every((answer) => answer.includes('keepfresh;hit'))).toBe(true)
    return answers.slice(1)
  }

  it.each<[string, (response: ServerResponse, told: (what: unknown) => void) => void]>([
    [
      'writeHead',
      (response, told) => {
        const writeHead = response.writeHead.bind(response) as (
          ...args: unknown[]
        ) => ServerResponse
        response.writeHead = (...args: unknown[]) => {
          told(response.getHeader('etag'))
          response.setHeader('x-late', 'yes')
          return writeHead(...args)
        }
      },
    ],
    [
      'end',
      (response, told) => {
        const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse
        response.end = ((...args: unknown[]) => {
          told(response.getHeader('etag'))
          response.setHeader('x-late', 'yes')
          return end(...args)
        }) as ServerResponse['end']
      },
    ],
    [
      'setHeader',
      (response, told) => {
        const setHeader = response.setHeader.bind(response)
        response.setHeader = (name, value) => {
          if (name.toLowerCase() === 'etag') {
            told(value)
            setHeader('x-late', 'yes')
          }
          return setHeader(name, value)
        }
      },
    ],
  ])('by %s alone goes through it with its fields', async (_how, watch) => {
    const told: unknown[] = []
    const answers = await visits((response) => {
      const isPage = response.req.url === '/page'
      if (isPage) watch(response, (what) => told.push(what))
    })
    expect(told.length).toBeGreaterThanOrEqual(4)
    for (const what of told) expect(what).toMatch(/^W\/"/)
    for (const answer of answers) expect(answer).toContain('x-late: yes')
  })

  it('and told to close its connection closes it', async () => {
    const answers = await visits((response) => response.setHeader('connection', 'close'))
    for (const answer of answers) {
      expect(answer.toLowerCase()).toContain('connection: close')
      expect(answer).not.toContain('the last')
    }
  })

  it('says how long its own server keeps a connection, and how often it may be used', async () => {
    for (const seconds of [5, 72]) {
      const server = createServer({ keepAliveTimeout: seconds * 1_000 })
      for (const answer of await visits(() => {}, server)) {
        expect(answer.toLowerCase()).toContain(`keep-alive: timeout=${seconds}\r\n`)
      }
    }
    const few = createServer()
    few.maxRequestsPerSocket = 2
    for (const answer of await visits(() => {}, few)) {
      expect(answer.toLowerCase()).toContain('keep-alive: timeout=5, max=2')
    }
  })
})

it.each([
  ['has no content', 204, '', ''],
  ['says that nothing is there', 404, 'nothing here', 'if-none-match: "v1"\r\n'],
])('goes out as it was made when it %s', async (_, status, body, fields) => {
  await using cache = createCache()
  const app = express()
  app.get('/page', forExpress.cachePage(cache, { ttl: '1m' }), (_request, response) => {
    response.status(status).set('x-name', 'own').set('etag', '"v1"').end(body)
  })
  app.get('/last', (_request, response) => void response.end('the last'))
  const port = await open(app)
  const answers: string[] = []
  for (let visit = 0; visit < 3; visit++) answers.push(await raw(port, ask(fields) + last))
  for (const [at, answer] of answers.entries()) {
    const { head, rest } = parts(answer)
    expect(head[0]).toContain(`HTTP/1.1 ${status}`)
    expect(head.join()).toContain(at === 0 ? 'fwd=miss' : 'keepfresh;hit')
    expect(head.includes('content-length: 0')).toBe(false)
    expect(rest.startsWith(`\r\n\r\n${body}`)).toBe(true)
  }
})

it('has a date, though it is kept without one', async () => {
  await using cache = createCache()
  const options = { ttl: '1m', hosts: 'shop.test', scheme: 'http' } as const
  const app = express()
  app.get('/page', forExpress.cachePage(cache, options), (_request, response) => {
    response.send('page')
  })
  app.get('/last', (_request, response) => void response.end('the last'))
  const port = await open(app)
  // From the second on, what Node does has been seen.
  for (let visit = 0; visit < 3; visit++) await raw(port, ask('') + last)
  const kept = { vary: [], variant: '', page: storedPage('kept') }
  await plant(cache, 'http://shop.test/page', kept)
  const { head, rest } = parts(await raw(port, ask('') + last))
  expect(rest.startsWith('\r\n\r\nkept')).toBe(true)
  expect(head.filter((line) => line.startsWith('date: '))).toHaveLength(1)
})

it('has a field once that was set before it, too', async () => {
  await using cache = createCache()
  const app = express()
  app.use((_request, response, next) => {
    response.set('x-name', 'before')
    next()
  })
  app.get('/page', forExpress.cachePage(cache, { ttl: '1m' }), (_request, response) => {
    response.set('x-name', 'own').send('page')
  })
  const url = `http://127.0.0.1:${await open(app)}/page`
  for (let visit = 0; visit < 3; visit++) {
    expect((await fetch(url)).headers.get('x-name')).toBe('own')
  }
})

it('is made by the handler again once its cache is closed', async () => {
  const cache = createCache()
  const app = express()
  let runs = 0
  app.get('/page', forExpress.cachePage(cache, { ttl: '1m' }), (_request, response) => {
    response.send(`run ${++runs}`)
  })
  const url = `http://127.0.0.1:${await open(app)}/page`
  for (let visit = 0; visit < 3; visit++) expect(await (await fetch(url)).text()).toBe('run 1')
  await cache.close()
  for (const run of [2, 3]) expect(await (await fetch(url)).text()).toBe(`run ${run}`)
})

it('is compressed by a middleware that compresses', async () => {
  const cache = createCache()
  const app = express()
  app.use(compression({ threshold: 0 }))
  app.get('/page', forExpress.cachePage(cache, { ttl: '1m' }), (_request, response) => {
    response.type('text').send('page '.repeat(500))
  })
  const url = `http://127.0.0.1:${await open(app)}/page`
  for (const said of ['fwd=miss', 'hit', 'hit']) {
    const response = await fetch(url, { headers: { 'accept-encoding': 'gzip' } })
    expect(response.headers.get('cache-status')).toContain(said)
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(await response.text()).toBe('page '.repeat(500))
  }
})

it('shows its fields to who listens for the end of a response', async () => {
  const cache = createCache()
  const app = express()
  const seen: unknown[] = []
  app.use((_request, response, next) => {
    response.on('finish', () => seen.push(response.getHeader('content-length')))
    next()
  })
  app.get('/page', forExpress.cachePage(cache, { ttl: '1m' }), (_request, response) => {
    response.send('page')
  })
  const url = `http://127.0.0.1:${await open(app)}/page`
  for (let visit = 0; visit < 3; visit++) await (await fetch(url)).text()
  expect(seen.map(Number)).toEqual([4, 4, 4])
})

it('tells its age and the seconds left to the second', async () => {
  await using cache = createCache({ clock })
  const app = express()
  app.get('/page', (_request, response) => void response.send('page'))
  const url = `http://127.0.0.1:${await open(forExpress.cachedListener(app, cache, { ttl: '3s' }))}/page`
  await (await fetch(url)).text()
  const told: unknown[] = []
  for (const ms of [0, 400, 700, 900, 900]) {
    await clock.advance(ms)
    const { headers } = await fetch(url)
    told.push([headers.get('age'), headers.get('cache-status')])
  }
  expect(told).toEqual([
    ['0', 'keepfresh;hit;ttl=3'],
    ['0', 'keepfresh;hit;ttl=2'],
    ['1', 'keepfresh;hit;ttl=1'],
    ['2', 'keepfresh;hit;ttl=1'],
    ['2', 'keepfresh;hit;ttl=0'],
  ])
})
