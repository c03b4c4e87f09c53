/** Sessions in both frameworks, over sockets: two servers that share nothing but their store. */
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sessionStore } from '../../adapters/fastify/index.js'
import { memcachedStore } from '../../adapters/memcached/index.js'
import { memoryStore } from '../../adapters/memory/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { createCache, type Cache } from '../../index.js'
import type { Store } from '../../src/store/store.js'
import { deferred, type Deferred } from '../support/deferred.js'
import { startMemcached, startRedis } from '../support/servers/index.js'
import {
  expressSite,
  fastifySite,
  type Held,
  type SessionSite,
  type SessionSiteKind,
  type Visitor,
} from './sites.js'

const PATIENT = { deadline: '5s', connectTimeout: '5s' } as const
const KINDS: readonly (readonly [string, SessionSiteKind])[] = [
  ['express-session', expressSite],
  ['@fastify/session', fastifySite],
]

let tiers: Record<string, () => Store[]>
const servers: { stop(): Promise<void> }[] = []
beforeAll(async () => {
  const [redis, memcached] = await Promise.all([startRedis(), startMemcached()])
  servers.push(redis, memcached)
  tiers = {
    memory: () => [memoryStore()],
    'memory + redis': () => [memoryStore(), redisStore(redis.url, PATIENT)],
    memcached: () => [memcachedStore(`${memcached.host}:${memcached.port}`, PATIENT)],
  }
})
afterAll(async () => {
  for (const server of servers) await server.stop()
})

let namespaces = 0

describe.each(['memory', 'memory + redis', 'memcached'])('sessions on %s', (stores) => {
  describe.each(KINDS)('in %s', (_, kind) => {
    const open: { close(): Promise<void> }[] = []
    const gates = new Map<string, { arrived: Deferred<void>; opened: Deferred<void> }>()
    afterEach(async () => {
      gates.clear()
      for (const one of open.splice(0).toReversed()) await one.close()
    })

    /** What handlers do: the path says it. A request that ends in `!name` waits at the gate of that name before it answers. */
    async function handler(path: string, session: () => Held): Promise<unknown> {
      const [steps = '', gate] = path.slice(1).split('!')
      for (const step of steps.split('/')) {
        const [verb, name = '', value] = step.split(':')
        if (verb === 'set') session().set(name, value)
        if (verb === 'delete') session().delete(name)
        if (verb === 'maxAge') session().cookie.maxAge = Number(name)
        if (verb === 'save') await session().save()
        if (verb === 'reload') await session().reload()
        if (verb === 'regenerate') await session().regenerate()
        if (verb === 'destroy') {
          await session().destroy()
          return ['destroyed']
        }
      }
      const waits = gate === undefined ? undefined : gates.get(gate)
      waits?.arrived.resolve()
      await waits?.opened.promise
      return session().fields()
    }

    /** Two servers; in process memory alone there is only one. */
    async function two(options: { maxAge?: number; rolling?: boolean } = {}) {
      const namespace = `sites${++namespaces}`
      let cache: Cache | undefined
      const make = async (): Promise<SessionSite> => {
        if (cache === undefined || stores !== 'memory') {
          cache = createCache({ namespace, tiers: tiers[stores]!() })
          open.push(cache)
        }
        const site = await kind({ cache, handler, ...options })
        open.push(site)
        return site
      }
      return [await make(), await make()] as const
    }

    /** A request that has read its session and waits to be let on. */
    async function begin(site: SessionSite, visitor: Visitor, path: string) {
      const name = `gate${gates.size}`
      const gate = { arrived: deferred(), opened: deferred() }
      gates.set(name, gate)
      const answer = site.ask({ ...visitor }, `${path}!${name}`)
      await gate.arrived.promise
      return async () => {
        gate.opened.resolve()
        return answer
      }
    }

    it('follows a visitor from server to server', async () => {
      const [a, b] = await two()
      const ada: Visitor = {}
      const bob: Visitor = {}
      await a.ask(ada, '/set:user:ada')
      await b.ask(bob, '/set:user:bob')
      for (let n = 0; n < 6; n++) {
        expect((await (n % 2 ? a : b).ask(ada, `/set:n:${n}`)).body).toEqual({
          user: 'ada',
          n: `${n}`,
        })
      }
      expect((await a.ask(bob, '/')).body).toEqual({ user: 'bob' })
      expect(
        (await a.ask({ cookie: 'connect.sid=s%3Aforged.x; sessionId=forged.x' }, '/')).body,
      ).toEqual({})
    })

    it('does not bring a session back that was destroyed while a request ran', async () => {
      const [a, b] = await two()
      const ada: Visitor = {}
      await a.ask(ada, '/set:user:ada')
      const changing = await begin(a, ada, '/set:cart:1')
      const reading = await begin(b, ada, '/')
      const saving = await begin(b, ada, '/set:cart:2/save/set:cart:3')
      expect((await b.ask(ada, '/destroy')).body).toEqual(['destroyed'])
      for (const finish of [changing, reading, saving]) expect((await finish()).status).toBe(200)
      expect((await a.ask(ada, '/')).body).toEqual({})
    })

    it('does not bring the old session back either, when it was regenerated', async () => {
      const [a, b] = await two()
      const before: Visitor = {}
      await a.ask(before, '/set:user:nobody')
      const slow = await begin(a, before, '/set:cart:1')
      const after = { ...before }
      await b.ask(after, '/regenerate/set:user:ada')
      await slow()
      expect((await b.ask({ ...before }, '/')).body).toEqual({})
      expect((await a.ask(after, '/')).body).toEqual({ user: 'ada' })
      expect(after.cookie).not.toBe(before.cookie)
    })

    it('keeps what two requests change at once', async () => {
      const [a, b] = await two()
      const ada: Visitor = {}
      await a.ask(ada, '/set:user:ada/set:seen:1/set:old:1')
      const first = await begin(a, ada, '/set:cart:1')
      const second = await begin(b, ada, '/set:seen:2/delete:old')
      const third = await begin(b, ada, '/set:page:3/save/set:page:4')
      await b.ask(ada, '/set:name:Ada')
      for (const finish of [second, first, third]) await finish()
      expect((await a.ask(ada, '/')).body).toEqual({
        user: 'ada',
        seen: '2',
        cart: '1',
        page: '4',
        name: 'Ada',
      })
    })

    it('shows what others did to a request that reloads', async () => {
      const [a, b] = await two()
      const ada: Visitor = {}
      await a.ask(ada, '/set:n:1')
      const slow = await begin(a, ada, '/')
      await b.ask(ada, '/set:m:2')
      await slow()
      expect((await a.ask(ada, '/reload/set:k:3')).body).toEqual({ n: '1', m: '2', k: '3' })
      expect((await b.ask(ada, '/')).body).toEqual({ n: '1', m: '2', k: '3' })
    })

    it('lives longer with each request that finds it', async () => {
      const [a, b] = await two({ maxAge: 60_000, rolling: true })
      const ada: Visitor = {}
      await a.ask(ada, '/set:user:ada')
      const store = sessionStore(open[0] as Cache)
      const end = async (): Promise<string> => {
        const [only] = await store.all<{ cookie: { expires: string } }>()
        return only!.cookie.expires
      }
      for (const site of [a, b, a]) {
        const before = await end()
        await setTimeout(5)
        expect((await site.ask(ada, '/')).body).toEqual({ user: 'ada' })
        expect(Date.parse(await end())).toBeGreaterThan(Date.parse(before))
      }
    })
  })
})
