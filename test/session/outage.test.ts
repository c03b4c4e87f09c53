/** What visitors see while the store cannot be reached: an error, and never that they are logged out. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisStore } from '../../adapters/redis/index.js'
import { createCache } from '../../index.js'
import { type Proxy, startProxy } from '../support/proxy.js'
import { type RedisServer, startRedis } from '../support/servers/index.js'
import { until } from '../support/until.js'
import { expressSite, fastifySite, type Held, type Visitor } from './sites.js'

let redis: RedisServer
let proxy: Proxy
beforeAll(async () => {
  redis = await startRedis()
  proxy = await startProxy(redis)
})
afterAll(async () => {
  await proxy.stop()
  await redis.stop()
})

async function handler(path: string, session: () => Held): Promise<unknown> {
  if (path === '/login') session().set('user', 'ada')
  if (path === '/logout') await session().destroy()
  return path === '/logout' ? {} : session().fields()
}

describe.each([
  ['express-session', expressSite],
  ['@fastify/session', fastifySite],
])('an outage, in %s', (name, kind) => {
  it('is an error, bounded, and the session is there afterwards', async () => {
    const far = redisStore(`redis://127.0.0.1:${proxy.port}`, { deadline: '1s' })
    const near = redisStore(redis.url, { deadline: '5s' })
    const [a, b] = [far, near].map((store) => createCache({ namespace: name, tiers: [store] }))
    const [cut, well] = [await kind({ cache: a!, handler }), await kind({ cache: b!, handler })]
    try {
      const ada: Visitor = {}
      await cut.ask(ada, '/login')
      const kept = ada.cookie
      await proxy.refuse()
      const refused = await cut.ask(ada, '/')
      expect([refused, ada.cookie]).toEqual([
        { status: 500, body: { code: 'CACHE_STORE_UNAVAILABLE' } },
        kept,
      ])
      expect((await well.ask({ ...ada }, '/')).body).toEqual({ user: 'ada' })
      await proxy.pass()
      await until('it is asked again', async () => (await cut.ask(ada, '/')).status === 200)
      expect((await cut.ask(ada, '/')).body).toEqual({ user: 'ada' })
    } finally {
      await proxy.pass()
      for (const one of [cut, well, a!, b!]) await one.close()
    }
  })

  it('does not forget who has logged out meanwhile', async () => {
    const far = redisStore(`redis://127.0.0.1:${proxy.port}`, { deadline: '1s' })
    const [a, b] = [far, redisStore(redis.url, { deadline: '5s' })].map((store) =>
      createCache({ namespace: `${name}2`, tiers: [store] }),
    )
    const slow = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const cut = await kind({
      cache: a!,
      handler: async (path, session) => {
        if (path !== '/slow-logout') return handler(path, session)
        begun.resolve()
        await slow.promise
        return handler('/logout', session)
      },
    })
    const well = await kind({ cache: b!, handler })
    try {
      const ada: Visitor = {}
      await cut.ask(ada, '/login')
      const leaving = cut.ask({ ...ada }, '/slow-logout')
      await begun.promise
      await proxy.refuse()
      slow.resolve()
      expect(await leaving).toEqual({ status: 500, body: { code: 'CACHE_INVALIDATION_PENDING' } })
      await proxy.pass()
      await until('the log-out has arrived', async () => {
        const { body } = await well.ask({ ...ada }, '/')
        return JSON.stringify(body) === '{}'
      })
    } finally {
      await proxy.pass()
      for (const one of [cut, well, a!, b!]) await one.close()
    }
  })
})
