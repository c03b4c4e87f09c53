/** What express-session asks of its store beyond the seven methods. */
import { EventEmitter } from 'node:events'
import expressSession, { type Session } from 'express-session'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { sessionStore, type ExpressSessionStore } from '../../adapters/express/index.js'
import { createCache, type Cache } from '../../index.js'

let cache: Cache
let store: ExpressSessionStore
beforeEach(() => {
  cache = createCache()
  store = sessionStore(cache)
  expressSession({ secret: 'x', store, resave: false, saveUninitialized: false })
})
afterEach(() => cache.close())

const data = (maxAge: number): object => ({
  cookie: { originalMaxAge: maxAge, expires: new Date(Date.now() + maxAge), path: '/' },
  user: 'ada',
})

const loaded = (id: string): Promise<(Session & { user?: string }) | undefined> =>
  new Promise((resolve, reject) => {
    store.load<Session & { user?: string }>(id, (error, session) => {
      if (error) reject(error)
      else resolve(session)
    })
  })

it('loads a session outside of any request, as one that can be changed and saved', async () => {
  await store.set('one', data(60_000))
  const session = (await loaded('one'))!
  expect([session.id, session.user, session.cookie.maxAge! > 50_000]).toEqual(['one', 'ada', true])
  session.user = 'grace'
  await new Promise((resolve) => session.save(resolve))
  expect((await loaded('one'))!.user).toBe('grace')
  expect(await loaded('nobody')).toBe(undefined)
})

it('does not bring back a session that was loaded so, when it is saved after it was destroyed', async () => {
  await store.set('one', data(60_000))
  const session = (await loaded('one'))!
  await store.destroy('one')
  session.user = 'late'
  await new Promise((resolve) => session.save(resolve))
  expect(await loaded('one')).toBe(undefined)
})

it('regenerates: the old session is gone, and the request has a new one', async () => {
  await store.set('one', data(60_000))
  const request = { sessionID: 'one', sessionStore: store, socket: {}, headers: {} } as {
    sessionID: string
    session?: Session
  }
  await new Promise((resolve) => store.regenerate(request, resolve))
  expect(request.sessionID).not.toBe('one')
  expect(request.session!.id).toBe(request.sessionID)
  expect(await loaded('one')).toBe(undefined)
})

it('is an emitter, whose events nobody has to hear', () => {
  expect(store).toBeInstanceOf(EventEmitter)
  expect(store.emit('disconnect')).toBe(true)
})
