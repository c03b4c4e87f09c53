import type { Cache } from '../../src/cache/cache.js'
import {
  createLinks,
  createSessions,
  type Links,
  type Loaded,
  type SessionData,
  type SessionMethods,
  type SessionOptions,
  withCallbacks,
} from '../../src/session/index.js'

/** A store for `@fastify/session`. */
export type FastifySessionStore = SessionMethods

const READ = Symbol('keepfresh.read')

/**
 * Sessions on a cache's stores, for `app.register(session, { store: sessionStore(cache) })` of @fastify/session: the same session on
 * every server, read from the store that they share at every request; what was destroyed does not come back, and requests that
 * run at once do not lose one another's changes.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option and the value.
 */
export function sessionStore(cache: Cache, options: SessionOptions = {}): FastifySessionStore {
  const links = createLinks()
  const known: Links = { of: (session) => links.of(session) ?? readBy(session), set: links.set }
  const methods = withCallbacks(createSessions(cache, options), known, markCookie)
  return methods as unknown as FastifySessionStore
}

/**
 * The plugin copies what the store gave into a session of its own, field by field, and hands the store that. Of the cookie it asks
 * for `toJSON()`, and keeps a copy of the result under a symbol of its own; a mark under a symbol travels along, unseen
 * by JSON and by loops over names.
 */
function markCookie(data: SessionData, loaded: Loaded): void {
  const { cookie } = data
  if (typeof cookie !== 'object' || cookie === null) return
  Object.defineProperty(cookie, 'toJSON', {
    value: () => ({ ...cookie, [READ]: loaded }),
    enumerable: false,
  })
}

function readBy(session: object): Loaded | undefined {
  for (const name of Object.getOwnPropertySymbols(session)) {
    const held = (session as Record<symbol, unknown>)[name]
    if (typeof held === 'object' && held !== null && READ in held) return held[READ] as Loaded
  }
  return undefined
}
