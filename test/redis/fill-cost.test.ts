import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { redisStore } from '../../adapters/redis/index.js'
import { createCache, type Cache } from '../../index.js'
import { type RedisServer, startRedis } from '../support/servers/index.js'

/**
 * What a miss costs the server, by its own account: what we send, and what scripts do in it, indented. Each line sent
 * is a round trip. Time is measured elsewhere; this does not depend on the machine.
 */
let server: RedisServer
let cache: Cache
beforeAll(async () => {
  server = await startRedis()
  cache = createCache({
    namespace: 'cost',
    tiers: [redisStore(server.url, { heartbeat: '60s' })],
    ttl: '1h',
  })
  // Creates the records that the first load of all has to create.
  await cache.getOrSet('first', () => 1, { tags: ['a', 'b'] })
})
afterAll(async () => {
  await cache.close()
  await server[Symbol.asyncDispose]()
})

test('a miss that is loaded and kept', async () => {
  expect(await during(() => cache.getOrSet('plain', () => 1))).toMatchInlineSnapshot(`
    [
      "mget",
      "evalsha",
      "  set",
      "  mget",
      "evalsha",
      "  mget",
      "  set",
      "  del",
    ]
  `)
})

test('a miss with tags', async () => {
  const miss = () => cache.getOrSet('tagged', () => 1, { tags: ['a', 'b'] })
  expect(await during(miss)).toMatchInlineSnapshot(`
    [
      "mget",
      "evalsha",
      "  set",
      "  mget",
      "  pttl",
      "  pttl",
      "evalsha",
      "  mget",
      "  set",
      "  del",
    ]
  `)
})

test('a hundred misses at once', async () => {
  const misses = () =>
    Promise.all(Array.from({ length: 100 }, (_, n) => cache.getOrSet(`many-${n}`, () => n)))
  const lines = await during(misses)
  const sent = lines.filter((line) => !line.startsWith(' '))
  expect({ sent: sent.length, done: lines.length - sent.length }).toMatchInlineSnapshot(`
    {
      "done": 500,
      "sent": 201,
    }
  `)
})

/** The commands that reach the server meanwhile, without their arguments. */
async function during(task: () => Promise<unknown>): Promise<string[]> {
  const watching = new Redis(server.url)
  const asking = new Redis(server.url)
  try {
    await asking.ping()
    const monitor = await watching.monitor()
    const seen: string[] = []
    const end = Promise.withResolvers<void>()
    monitor.on('monitor', (_time: string, [name, text]: string[], source: string) => {
      if (text === 'the end') end.resolve()
      else if (name !== 'ping') seen.push(source === 'lua' ? `  ${name!.toLowerCase()}` : name!)
    })
    await task()
    await asking.echo('the end')
    await end.promise
    monitor.disconnect()
    return seen
  } finally {
    watching.disconnect()
    asking.disconnect()
  }
}
