import { AsyncLocalStorage } from 'node:async_hooks'
import type { SessionData } from './record.js'
import type { Loaded, Sessions } from './sessions.js'

/** A callback as both frameworks give it: an error, or null and the result. */
export type Callback<Result = void> = (error?: unknown, result?: Result) => void

/**
 * Sessions as the frameworks ask for them: with callbacks, or, where none is given, with a promise.
 *
 * Neither framework says which request a `set` belongs to. It is told by the session object: what `get` gave, or what the framework
 * made of it (`link`), stands for what its request has read. Where a framework version hides that, the asynchronous
 * context of the request is asked.
 */
export interface CallbackSessions {
  get(id: string, callback?: Callback<SessionData | null>): Promise<SessionData | null> | void
  set(id: string, session: object, callback?: Callback): Promise<void> | void
  touch(id: string, session: object, callback?: Callback): Promise<void> | void
  destroy(id: string, callback?: Callback): Promise<void> | void
  all(callback?: Callback<SessionData[]>): Promise<SessionData[]> | void
  length(callback?: Callback<number>): Promise<number> | void
  clear(callback?: Callback): Promise<void> | void
}

export interface Links {
  /** What the request of this session has read; undefined for a session that is new. */
  readonly of: (session: object) => Loaded | undefined
  readonly set: (session: object, loaded: Loaded) => void
}

const current = new AsyncLocalStorage<Loaded>()

export function createLinks(): Links {
  const links = new WeakMap<object, Loaded>()
  return {
    // A shallow copy of a session has the same cookie.
    of: (session) =>
      links.get(session) ?? links.get((session as SessionData).cookie ?? session) ?? undefined,
    set(session, loaded) {
      links.set(session, loaded)
      const { cookie } = session as SessionData
      if (typeof cookie === 'object' && cookie !== null) links.set(cookie, loaded)
    },
  }
}

/** `prepare` is shown what `get` found before the framework is. */
export function withCallbacks(
  sessions: Sessions,
  links: Links,
  prepare: (data: SessionData, loaded: Loaded) => void = () => {},
): CallbackSessions {
  const knownOf = (id: string, session: object): Loaded | undefined => {
    const known = links.of(session) ?? (isPlain(session) ? undefined : current.getStore())
    return known?.id === id ? known : undefined
  }
  return {
    get(id, callback) {
      const found = sessions.get(id)
      const shown = found.then((loaded) => {
        if (loaded === undefined) return null
        links.set(loaded.data, loaded)
        prepare(loaded.data, loaded)
        return loaded.data
      })
      if (callback === undefined) return shown
      return settle(shown, (error, data) => {
        const loaded = data ? links.of(data) : undefined
        if (loaded === undefined) callback(error, data)
        else current.run(loaded, callback, error, data)
      })
    },
    set(id, session, callback) {
      const data = session as SessionData
      const saved = sessions.set(id, data, knownOf(id, session)).then(({ loaded }) => {
        // An object of the application's own may be saved again under an id that was destroyed: it is no request's session.
        if (loaded !== undefined && !isPlain(session)) links.set(session, loaded)
      })
      return settle(saved, callback)
    },
    touch: (id, session, callback) =>
      settle(sessions.touch(id, session as SessionData, knownOf(id, session)), callback),
    destroy: (id, callback) => settle(sessions.destroy(id), callback),
    all: (callback) => settle(sessions.all(), callback),
    length: (callback) => settle(sessions.length(), callback),
    clear: (callback) => settle(sessions.clear(), callback),
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** The callback is called outside of the promise, so that what it throws is not mistaken for a failed store. */
function settle<Result>(
  promise: Promise<Result>,
  callback: Callback<Result> | undefined,
): Promise<Result> | void {
  if (callback === undefined) return promise
  promise.then(
    (result) => process.nextTick(callback, null, result),
    (error: unknown) => process.nextTick(callback, error),
  )
}
