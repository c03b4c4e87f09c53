import type { IncomingMessage, ServerResponse } from 'node:http'
import { Recent } from '../base/recent.js'
import type { Cache } from '../cache/cache.js'
import { arrive } from './arrive.js'
import { answeredFromMemory } from './hit.js'
import type { PageOptions } from './options.js'
import { notePassage, Passage } from './passage.js'
import { isDetached } from './run-handler.js'
import { createShared } from './shared.js'
import type { Shared, Visit } from './visit.js'

/** Anything that answers requests of Node's `http` server. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => void

/** How many paths are known to belong to routes with options of their own. */
const MAX_CLAIMS = 10_000

/**
 * Puts a page cache in front of an application: a page from storage does not reach it at all.
 *
 * A route with a page cache of its own keeps its pages itself, under its options, from the first request on. Where these say
 * `inFront`, its fresh pages in process memory are answered here; the route does all the rest.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option and the value.
 */
export function createListener(app: Listener, cache: Cache, options: PageOptions): Listener {
  const shared = createShared(cache, options)
  const claims = new Recent<Shared>(MAX_CLAIMS)
  const claim = (by: Shared, { target, host }: Passage): void => {
    claims.set(spelling(target, host), by)
  }
  const cached: Listener = (request, response) => {
    const { url: target = '/' } = request
    const { host } = request.headers
    const owner = claims.size === 0 ? undefined : claims.get(spelling(target, host))
    const passage = new Passage(shared, target, host, claim)
    const visit: Visit = {
      request,
      response,
      subject: request,
      passage,
      proceed: () => {
        notePassage(request, passage)
        app(request, response)
      },
      again: cached,
      narrow: (shown) => {
        request.url = passage.shown = shown
      },
    }
    if (owner === undefined || isDetached(request)) arrive(shared, visit)
    else if (request.method !== 'GET' && request.method !== 'HEAD') arrive(owner, visit)
    else if (!answeredInFront(owner, visit, target)) visit.proceed()
  }
  return cached
}

/** Answers a fresh page of a route that allows it. What is filled in for each visitor needs the route. */
function answeredInFront(owner: Shared, visit: Visit, target: string): boolean {
  const { inFront, holes } = owner.settings
  if (!inFront || holes.size > 0) return false
  const url = owner.find(target, visit.request.headers.host)
  return 'at' in url && answeredFromMemory(owner, visit, url)
}

function spelling(target: string, host = ''): string {
  const mark = target.indexOf('?')
  return `${host} ${mark === -1 ? target : target.slice(0, mark)}`
}
