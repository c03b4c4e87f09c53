import { AsyncLocalStorage } from 'node:async_hooks'
import type { RequestListener } from 'node:http'
import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import express from 'express'
import expressSession from 'express-session'
import fastify from 'fastify'
import { sessionStore as forExpress } from '../../adapters/express/index.js'
import { sessionStore as forFastify } from '../../adapters/fastify/index.js'
import type { Cache } from '../../index.js'
import { listen } from '../support/listening.js'

/** A session as both frameworks hand it to a handler. */
export interface Held {
  readonly id: string
  readonly cookie: { maxAge?: number | null; expires?: Date | string | null }
  get(name: string): unknown
  set(name: string, value: unknown): void
  delete(name: string): void
  save(): Promise<void>
  reload(): Promise<void>
  regenerate(): Promise<void>
  destroy(): Promise<void>
  fields(): Record<string, unknown>
}

/** Answers a request; the session is asked for anew each time, since regenerating replaces it. */
export type SessionHandler = (path: string, session: () => Held) => Promise<unknown>

export interface SessionSite {
  /** Sends a request with a visitor's cookie, and takes the new one. */
  ask(visitor: Visitor, path: string): Promise<{ readonly status: number; readonly body: unknown }>
  close(): Promise<void>
}

/** A browser, as far as it counts: the cookie it has. */
export interface Visitor {
  cookie?: string
}

export interface SessionSiteOptions {
  readonly cache: Cache
  readonly handler: SessionHandler
  readonly maxAge?: number
  readonly rolling?: boolean
}

export type SessionSiteKind = (options: SessionSiteOptions) => Promise<SessionSite>

/**
 * Answers are given outside of the asynchronous context of their request, as by a handler that was called back by a pool of
 * connections.
 */
const outside = AsyncLocalStorage.snapshot()

const SECRET = 'a secret that is long enough for both'

type Called = (error?: unknown) => void

/** The methods with callbacks that both sorts of session have. */
interface Framework {
  [name: string]: unknown
  cookie: Held['cookie']
  save(callback: Called): unknown
  reload(callback: Called): unknown
  regenerate(callback: Called): unknown
  destroy(callback: Called): unknown
}

function held(id: string, session: Framework): Held {
  const call = (method: 'save' | 'reload' | 'regenerate' | 'destroy') => () =>
    new Promise<void>((resolve, reject) => {
      session[method]((error) => {
        if (error) reject(error)
        else resolve()
      })
    })
  return {
    id,
    cookie: session.cookie,
    get: (name) => session[name],
    set: (name, value) => {
      session[name] = value
    },
    delete: (name) => {
      delete session[name]
    },
    save: call('save'),
    reload: call('reload'),
    regenerate: call('regenerate'),
    destroy: call('destroy'),
    fields: () => {
      const { cookie: _, ...fields } = JSON.parse(JSON.stringify(session)) as Framework
      return fields
    },
  }
}

export const expressSite: SessionSiteKind = async ({ cache, handler, maxAge, rolling = false }) => {
  const app = express()
  app.use(
    expressSession({
      secret: SECRET,
      store: forExpress(cache),
      resave: false,
      saveUninitialized: false,
      rolling,
      cookie: maxAge === undefined ? {} : { maxAge },
    }),
  )
  app.use(async (request, response) => {
    const session = (): Held => held(request.sessionID, request.session as unknown as Framework)
    const answer = await handler(request.path, session)
    outside(() => response.json(answer))
  })
  const unwell: express.ErrorRequestHandler = (error, _request, response, _next) => {
    response.status(500).json({ code: (error as { code?: string }).code ?? String(error) })
  }
  app.use(unwell)
  return opened(app)
}

export const fastifySite: SessionSiteKind = async ({ cache, handler, maxAge, rolling = false }) => {
  const app = fastify()
  await app.register(fastifyCookie)
  await app.register(fastifySession, {
    secret: SECRET,
    store: forFastify(cache),
    saveUninitialized: false,
    rolling,
    cookie: maxAge === undefined ? { secure: false } : { maxAge, secure: false },
  })
  app.setErrorHandler(async (error: { code?: string }, _request, reply) =>
    reply.status(500).send({ code: error.code ?? 'unknown' }),
  )
  app.all('/*', (request, reply) => {
    const session = (): Held =>
      held(request.session.sessionId, request.session as unknown as Framework)
    void (async () => {
      const answer = await handler(request.url, session).catch((error: unknown) => error)
      outside(() => void reply.send(answer))
    })()
  })
  await app.ready()
  return opened((request, response) => app.routing(request, response))
}

async function opened(application: RequestListener): Promise<SessionSite> {
  const { url, close } = await listen(application)
  return {
    async ask(visitor, path) {
      const response = await fetch(url + path, {
        headers: visitor.cookie === undefined ? {} : { cookie: visitor.cookie },
      })
      const body: unknown = await response.json()
      const [cookie] = response.headers.getSetCookie()
      if (cookie !== undefined) visitor.cookie = cookie.split(';')[0]!
      return { status: response.status, body }
    },
    close,
  }
}
