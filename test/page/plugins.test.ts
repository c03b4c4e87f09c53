/** Plugins that read the visitor's session for the way out make no page personal; those that write it into the answer do. */
import { Readable } from 'node:stream'
import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import express from 'express'
import expressSession from 'express-session'
import fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import * as forExpress from '../../adapters/express/index.js'
import * as forFastify from '../../adapters/fastify/index.js'
import { createCache, type Cache } from '../../index.js'
import { listen } from '../support/listening.js'

const SECRET = 'a secret that is long enough for both'

let cache: Cache
let closing: (() => unknown)[]
beforeEach(() => {
  cache = createCache()
  closing = []
})
afterEach(async () => {
  for (const close of closing) await close()
  await cache.close()
})

interface Named {
  name?: string
}

async function visits(url: string, path: string): Promise<(string | undefined)[]> {
  const login = await fetch(`${url}/login`)
  const cookie = login.headers.getSetCookie()[0]!.split(';')[0]!
  const said: (string | undefined)[] = []
  for (let n = 0; n < 2; n++) {
    const response = await fetch(url + path, { headers: { cookie } })
    await response.text()
    said.push(/hit|detail=[\w-]+|stored/.exec(response.headers.get('cache-status') ?? '')?.[0])
  }
  return said
}

describe('with @fastify/session', () => {
  async function open(change: (app: FastifyInstance) => void = () => {}): Promise<string> {
    const app: FastifyInstance = fastify()
    await app.register(fastifyCookie)
    await app.register(fastifySession, {
      secret: SECRET,
      store: forFastify.sessionStore(cache),
      saveUninitialized: false,
      rolling: false,
      cookie: { secure: false },
    })
    change(app)
    const onRequest = forFastify.cachePage(cache, { ttl: '1m' })
    app.get('/login', async (request) => {
      ;(request.session as Named).name = 'Ada'
      return 'welcome'
    })
    app.get('/text', { onRequest }, async () => 'the same for all')
    app.get('/data', { onRequest }, async () => ({ the: ['same', 'for', 'all'] }))
    app.get('/bytes', { onRequest }, async () => Buffer.from('the same for all'))
    app.get('/callback', { onRequest }, (_request, reply) => void reply.send('the same for all'))
    app.get('/own', { onRequest }, async (request) => (request.session as Named).name)
    app.get('/lazy', { onRequest }, async (request) => ({
      toJSON: () => (request.session as Named).name,
    }))
    app.get('/stream', { onRequest }, async (request) =>
      Readable.from(
        (function* () {
          yield `hello ${(request.session as Named).name}`
        })(),
      ),
    )
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    closing.push(() => app.close())
    return url
  }

  it.each(['/text', '/data', '/bytes', '/callback'])('keeps %s', async (path) => {
    expect(await visits(await open(), path)).toEqual(['stored', 'hit'])
  })

  it.each(['/own', '/lazy', '/stream'])(
    'does not keep %s, which is the visitor’s own',
    async (path) => {
      const [, second] = await visits(await open(), path)
      expect(second).toMatch(/detail=(personal|pass)/)
    },
  )

  it('does not keep what a hook has put the visitor into', async () => {
    const body = await open((app) =>
      app.addHook('onSend', async (request, _reply, payload) =>
        typeof payload === 'string' ? `${payload} ${(request.session as Named).name}` : payload,
      ),
    )
    expect((await visits(body, '/text'))[1]).not.toBe('hit')
    const field = await open((app) =>
      app.addHook('onSend', async (request, reply) => {
        reply.header('x-name', (request.session as Named).name)
      }),
    )
    expect((await visits(field, '/text'))[1]).not.toBe('hit')
  })
})

describe('with express-session', () => {
  it('keeps what does not ask for the session, and nothing else', async () => {
    const app = express()
    const store = forExpress.sessionStore(cache)
    app.use(expressSession({ secret: SECRET, store, resave: false, saveUninitialized: false }))
    app.get('/login', (request, response) => {
      ;(request.session as Named).name = 'Ada'
      response.send('welcome')
    })
    app.use(forExpress.cachePage(cache, { ttl: '1m' }))
    app.get('/text', (_request, response) => void response.send('the same for all'))
    app.get('/own', (request, response) => void response.send((request.session as Named).name))
    const { url, close } = await listen(app)
    closing.push(close)
    expect(await visits(url, '/text')).toEqual(['stored', 'hit'])
    expect((await visits(url, '/own'))[1]).toMatch(/detail=(personal|pass)/)
  })
})
