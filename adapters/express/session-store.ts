import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { CacheError } from '../../src/base/errors.js'
import type { Cache } from '../../src/cache/cache.js'
import {
  type Callback,
  createLinks,
  createSessions,
  type SessionData,
  type SessionMethods,
  type SessionOptions,
  withCallbacks,
} from '../../src/session/index.js'

/** A store for `express-session`. The type parameters are those of {@link SessionMethods}. */
/* oxlint-disable typescript/no-unnecessary-type-parameters */
export interface ExpressSessionStore extends EventEmitter, SessionMethods {
  regenerate(request: object, callback: Callback): void
  load<Session = SessionData>(
    id: string,
    callback: (error: unknown, session?: Session) => void,
  ): void
  createSession<Session>(request: object, session: object): Session
}
/* oxlint-enable typescript/no-unnecessary-type-parameters */

interface RequestSlice {
  sessionID: string
  sessionStore?: unknown
  session?: object
}

/** What of `express-session` makes a session from what a store gave. */
interface SessionModule {
  readonly Session: new (request: object, data: object) => object
  readonly Cookie: new (options: object) => { expires?: unknown; originalMaxAge?: unknown }
}

function loadSessionModule(): SessionModule {
  try {
    return createRequire(import.meta.url)('express-session') as SessionModule
  } catch (cause) {
    throw new CacheError(
      'CACHE_PEER_MISSING',
      'sessionStore needs the package express-session: npm install express-session',
      { cause },
    )
  }
}

/**
 * Sessions on a cache's stores, for `session({ store: sessionStore(cache) })` of express-session: the same session on every
 * server, read from the store that they share at every request; what was destroyed does not come back, and requests that run
 * at once do not lose one another's changes.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option and the value; `CACHE_PEER_MISSING` without express-session.
 */
export function sessionStore(cache: Cache, options: SessionOptions = {}): ExpressSessionStore {
  const { Session, Cookie } = loadSessionModule()
  const links = createLinks()
  const methods = withCallbacks(createSessions(cache, options), links)
  const store = Object.assign(new EventEmitter(), methods, {
    regenerate(request: RequestSlice, callback: Callback): void {
      void methods.destroy(request.sessionID, (error) => {
        const made = store as unknown as { generate(request: object): void }
        made.generate(request)
        callback(error)
      })
    },
    load(id: string, callback: Callback<object>): void {
      void methods.get(id, (error, data) => {
        if (error || !data) callback(error)
        else callback(null, store.createSession({ sessionID: id, sessionStore: store }, data))
      })
    },
    createSession(request: RequestSlice, data: SessionData): object {
      const loaded = links.of(data)
      const { expires, originalMaxAge } = data.cookie ?? {}
      const cookie = new Cookie(data.cookie ?? {})
      if (typeof expires === 'string') cookie.expires = new Date(expires)
      cookie.originalMaxAge = originalMaxAge
      const session = new Session(request, Object.assign(data, { cookie }))
      request.session = session
      if (loaded !== undefined) links.set(session, loaded)
      return session
    },
  })
  return store as unknown as ExpressSessionStore
}
