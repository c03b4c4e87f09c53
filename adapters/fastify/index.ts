import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Cache } from '../../src/cache/cache.js'
import { cachePolicy, type CachePolicyOptions, policyFields } from '../../src/http/index.js'
import {
  answerConditional,
  createListener,
  createPageCache,
  type KnownValidators,
  type Listener,
  type PageOptions,
} from '../../src/page/index.js'

export type { CachePolicyOptions, KnownValidators, PageOptions }
export type { SessionOptions } from '../../src/session/index.js'
export { type FastifySessionStore, sessionStore } from './session-store.js'

/** What of a Fastify request is used here. */
export interface FastifyRequestSlice {
  readonly raw: IncomingMessage
  readonly server: { routing(request: IncomingMessage, response: ServerResponse): void }
  query: unknown
}

/** What of a Fastify reply is used here. */
export interface FastifyReplySlice {
  readonly raw: ServerResponse
  header(name: string, value: string): unknown
  getHeaders(): Record<string, number | string | string[] | undefined>
  send(payload?: unknown): unknown
  hijack(): unknown
}

/** A hook of Fastify 5: for `onRequest` of a route, or of everything in a plugin. */
export type Hook<Request = FastifyRequestSlice> = (
  request: Request,
  reply: FastifyReplySlice,
  done: (error?: Error) => void,
) => void

/** A hook that can also say that pages have changed. */
export interface PageHook extends Hook {
  /** Makes all variants of these URLs unusable, on every server: absolute URLs, or paths where `hosts` is given. */
  invalidate(...urls: readonly string[]): Promise<void>
}

/**
 * Sets `Cache-Control` and its relatives on responses; what a handler sets later counts more.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` when made, for directives that contradict each other.
 */
export function cacheControl(options: CachePolicyOptions): Hook<unknown> {
  const policy = cachePolicy(options)
  return (_request, reply, done) => {
    for (const [name, value] of policyFields(policy, Date.now())) reply.header(name, value)
    done()
  }
}

/**
 * Answers 304 or 412 where what `known` resolves to settles it, without running the handler; else lets it run, with `ETag` and
 * `Last-Modified` set.
 */
export function conditional<
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- so that the caller names its own request type
  Request extends { readonly raw: IncomingMessage } = FastifyRequestSlice,
>(known: (request: Request) => KnownValidators | Promise<KnownValidators>): Hook {
  return (request, reply, done) => {
    void (async () => {
      let answered: boolean
      try {
        const validators = await known(request as unknown as Request)
        answered = answerConditional(request.raw, reply.raw, validators, () => reply.hijack())
      } catch (error) {
        done(error as Error)
        return
      }
      if (!answered) done()
    })()
  }
}

/**
 * Answers from kept pages, and keeps what the handler behind it answers: `app.get('/news', { onRequest: cachePage(cache) }, …)`.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` when made, naming the option and the value.
 */
export function cachePage(cache: Cache, options: PageOptions = {}): PageHook {
  const pages = createPageCache(cache, options)
  const hook: Hook = (request, reply, done) => {
    const { raw, server } = request
    pages.visit({
      request: raw,
      response: reply.raw,
      subject: request,
      proceed: done,
      again: (own, response) => server.routing(own, response),
      narrow: (target) => {
        raw.url = target
        request.query = parametersOf(target)
      },
      onHandOver: (listener) => watchSend(reply, listener),
      answering: () => reply.hijack(),
    })
  }
  return Object.assign(hook, {
    invalidate: (...urls: readonly string[]) => pages.invalidate(...urls),
  })
}

/**
 * Tells of the answer that the handler sends, before hooks see it. A stream is still being made, and an error is answered by
 * another handler: these are not told.
 */
function watchSend(
  reply: FastifyReplySlice,
  listener: (answer: {
    readonly payload: unknown
    readonly fields: Record<string, number | string | string[] | undefined>
  }) => void,
): void {
  const send = reply.send.bind(reply)
  reply.send = (payload) => {
    Reflect.deleteProperty(reply, 'send')
    if (isWhole(payload)) listener({ payload, fields: { ...reply.getHeaders() } })
    return send(payload)
  }
}

function isWhole(payload: unknown): boolean {
  if (typeof payload === 'string' || payload instanceof Uint8Array) return true
  if (typeof payload !== 'object' || payload === null) return false
  const prototype: unknown = Object.getPrototypeOf(payload)
  return prototype === Object.prototype || prototype === null || Array.isArray(payload)
}

/** Parsed as Fastify does by default: repeated names as lists. */
function parametersOf(target: string): Record<string, string | string[]> {
  const mark = target.indexOf('?')
  const all: Record<string, string | string[]> = Object.create(null)
  if (mark === -1) return all
  for (const [name, value] of new URLSearchParams(target.slice(mark + 1))) {
    const before = all[name]
    all[name] = before === undefined ? value : [before, value].flat()
  }
  return all
}

/**
 * The application with its pages cached in front of it: `createServer(cachedListener(app, cache, options))`, once
 * `await app.ready()` is done; or `serverFactory: (listener) => createServer(cachedListener(listener, cache, options))`. No
 * hook runs for a page from storage.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option and the value.
 */
export function cachedListener(
  app: Listener | { readonly routing: Listener },
  cache: Cache,
  options: PageOptions = {},
): Listener {
  const listener: Listener =
    typeof app === 'function' ? app : (request, response) => app.routing(request, response)
  return createListener(listener, cache, options)
}
