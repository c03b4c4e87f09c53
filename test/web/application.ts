import type { RequestListener } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import express from 'express'
import expressSession from 'express-session'
import fastify from 'fastify'
import { Redis } from 'ioredis'
import * as forExpress from '../../adapters/express/index.js'
import * as forFastify from '../../adapters/fastify/index.js'
import { memoryStore } from '../../adapters/memory/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { createCache, type Cache } from '../../index.js'
import { fragment, fragments, hole, html } from '../../src/fragment/index.js'
import { listen } from '../support/listening.js'

/**
 * One server of an application that uses all there is for the web: a page of news with a list of articles in it, a greeting from the
 * session, a basket. The same in both frameworks; its database is Redis too.
 */

const SECRET = 'the same on all servers, of course'

/** What a handler sees of a request. */
interface Asked {
  readonly query: Readonly<Record<string, string>>
  readonly session: Fields
  readonly destroy: () => Promise<void>
}

type Fields = Record<string, unknown>

interface Parts {
  readonly cache: Cache
  readonly database: Redis
}

/** Handlers by method and path. */
function handlersOf({ cache, database }: Parts): Record<string, (asked: Asked) => Promise<string>> {
  const article = (id: string) =>
    fragment(cache, ['article', id], { tags: [`article:${id}`] }, async () => {
      await database.hincrby('rendered', id, 1)
      return html`<li>${await database.hget('articles', id)}</li>`
    })
  return {
    'GET /news': async () => {
      await database.incr('runs')
      const ids = (await database.hkeys('articles')).toSorted()
      const list = fragments.each(cache, ids, (id) => ['item', id], article)
      return String(
        await html`<h1>${greeting}</h1>
          <ul>
            ${await list}
          </ul>`,
      )
    },
    'POST /article': async ({ query: { id = '', text = '' } }) => {
      await database.hset('articles', id, text)
      await cache.invalidateTags([`article:${id}`])
      return 'changed'
    },
    'POST /login': async ({ session, query }) => {
      session['user'] = query['user']
      return 'welcome'
    },
    'POST /logout': async ({ destroy }) => {
      await destroy()
      return 'bye'
    },
    'POST /basket': async ({ session, query: { item = '', ms = '0' } }) => {
      await database.incr('slow')
      await sleep(Number(ms))
      session[`item-${item}`] = 1
      return 'added'
    },
    'GET /me': async ({ session }) => {
      const { cookie: _, ...fields } = JSON.parse(JSON.stringify(session)) as Fields
      return JSON.stringify(fields)
    },
  }
}

const greeting = hole(
  'greeting',
  ({ session }: { session?: { user?: string } }) => session?.user ?? 'Log in',
)
const page = { ttl: '10m', holes: [greeting] } as const

/** Serves the application on a free port. */
export async function startApplication(
  kind: 'express' | 'fastify',
  redisUrl: string,
  namespace: string,
): Promise<number> {
  const tiers = [memoryStore(), redisStore(redisUrl, { deadline: '5s', connectTimeout: '5s' })]
  const parts = { cache: createCache({ namespace, tiers }), database: new Redis(redisUrl) }
  const listener = kind === 'express' ? expressApp(parts) : await fastifyApp(parts)
  return (await listen(listener)).port
}

function expressApp(parts: Parts): RequestListener {
  const app = express()
  const store = forExpress.sessionStore(parts.cache)
  app.use(expressSession({ store, secret: SECRET, resave: false, saveUninitialized: false }))
  app.use('/news', forExpress.cachePage(parts.cache, page))
  const handlers = handlersOf(parts)
  app.use(async (request, response) => {
    const handler = handlers[`${request.method} ${request.path}`]
    if (handler === undefined) {
      response.status(404).end()
      return
    }
    const asked = {
      query: request.query as Record<string, string>,
      get session() {
        return request.session as unknown as Fields
      },
      destroy: () => new Promise<void>((resolve) => request.session.destroy(() => resolve())),
    }
    response.type('html').send(await handler(asked))
  })
  return app
}

async function fastifyApp(parts: Parts): Promise<RequestListener> {
  const app = fastify()
  const store = forFastify.sessionStore(parts.cache)
  await app.register(fastifyCookie)
  const cookie = { secure: false }
  await app.register(fastifySession, {
    store,
    secret: SECRET,
    saveUninitialized: false,
    rolling: false,
    cookie,
  })
  for (const [route, handler] of Object.entries(handlersOf(parts))) {
    const [method = '', url = ''] = route.split(' ')
    const onRequest = url === '/news' ? forFastify.cachePage(parts.cache, page) : []
    app.route({
      method,
      url,
      onRequest,
      handler: async (request, reply) => {
        void reply.type('text/html')
        return handler({
          query: request.query as Record<string, string>,
          get session() {
            return request.session as unknown as Fields
          },
          destroy: () => request.session.destroy(),
        })
      },
    })
  }
  await app.ready()
  return (request, response) => app.routing(request, response)
}
