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

export type { KnownValidators, PageOptions }
export type { SessionOptions } from '../../src/session/index.js'
export { type ExpressSessionStore, sessionStore } from './session-store.js'
export type { CachePolicyOptions }

/** What of an Express request is used here. */
export interface ExpressRequest extends IncomingMessage {
  readonly app: unknown
  originalUrl: string
  url: string
}

/** A middleware of Express 5, or 4. */
export type Middleware<Request extends IncomingMessage = ExpressRequest> = (
  request: Request,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/** A middleware that can also say that pages have changed. */
export interface PageMiddleware extends Middleware {
  /** Makes all variants of these URLs unusable, on every server: absolute URLs, or paths where `hosts` is given. */
  invalidate(...urls: readonly string[]): Promise<void>
}

/**
 * Sets `Cache-Control` and its relatives on responses; what a handler sets later counts more.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` when made, for directives that contradict each other.
 */
export function cacheControl(options: CachePolicyOptions): Middleware {
  const policy = cachePolicy(options)
  return (_request, response, next) => {
    for (const [name, value] of policyFields(policy, Date.now())) response.setHeader(name, value)
    next()
  }
}

/**
 * Answers 304 or 412 where what `known` resolves to settles it, without running the handler; else lets it run, with `ETag` and
 * `Last-Modified` set.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- so that the caller names its own request type
export function conditional<Request extends IncomingMessage = ExpressRequest>(
  known: (request: Request) => KnownValidators | Promise<KnownValidators>,
): Middleware {
  return (request, response, next) => {
    void (async () => {
      let answered: boolean
      try {
        answered = answerConditional(
          request,
          response,
          await known(request as IncomingMessage as Request),
        )
      } catch (error) {
        next(error)
        return
      }
      if (!answered) next()
    })()
  }
}

/**
 * Answers from kept pages, and keeps what the handler behind it answers: a middleware for a route, a router or an application.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` when made, naming the option and the value.
 */
export function cachePage(cache: Cache, options: PageOptions = {}): PageMiddleware {
  const pages = createPageCache(cache, options)
  const middleware: Middleware = (request, response, next) => {
    pages.visit({
      request,
      response,
      subject: request,
      target: request.originalUrl,
      proceed: next,
      again: rootOf(request.app),
      narrow: (target) => {
        const mark = target.indexOf('?')
        const query = mark === -1 ? '' : target.slice(mark)
        request.url = withQuery(request.url, query)
        request.originalUrl = withQuery(request.originalUrl, query)
        narrowParsed(request, query.slice(1))
      },
    })
  }
  return Object.assign(middleware, {
    invalidate: (...urls: readonly string[]) => pages.invalidate(...urls),
  })
}

/**
 * Express 4 parses the query once, before any middleware; Express 5 does it whenever somebody looks. So there, what was parsed is
 * replaced: the handler must not see parameters that the page is not told apart by.
 */
function narrowParsed(request: ExpressRequest, query: string): void {
  if (!Object.hasOwn(request, 'query')) return
  const { get } = request.app as { get?: (setting: string) => unknown }
  const parse: unknown = get?.call(request.app, 'query parser fn')
  const parsed: unknown = typeof parse === 'function' ? parse(query) : {}
  Object.defineProperty(request, 'query', {
    value: parsed,
    writable: true,
    configurable: true,
    enumerable: true,
  })
}

function withQuery(target: string, query: string): string {
  const mark = target.indexOf('?')
  return (mark === -1 ? target : target.slice(0, mark)) + query
}

interface Mounted {
  readonly parent?: Mounted | null
}

/** The application that was mounted nowhere: requests of our own enter where those of visitors do. */
function rootOf(app: unknown): Listener {
  let root = app as Mounted
  while (root.parent !== undefined && root.parent !== null) root = root.parent
  return root as unknown as Listener
}

/**
 * The application with its pages cached in front of it: `createServer(cachedListener(app, cache, options))`. A page from
 * storage costs none of what Express does for a request, and none of its middleware runs for it.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option and the value.
 */
export function cachedListener(app: Listener, cache: Cache, options: PageOptions = {}): Listener {
  return createListener(app, cache, options)
}
