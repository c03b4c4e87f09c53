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
    lease: '60s',
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
      "evalsha",
      "  mget",
      "  set",
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
      "evalsha",
      "  mget",
      "  set",
      "  pttl",
      "  pttl",
      "evalsha",
      "  mget",
      "  set",
      "  del",
    ]
  `)
})

test('a hit after misses, and what follows it', async () => {
  await cache.set('there', 1)
  const read = (key: string) => () => cache.getOrSet(key, () => 1)
  expect(await during(read('there'))).toEqual(['evalsha', '  mget'])
  expect(await during(read('there'))).toEqual(['mget'])
  // Nothing says any more that the next read finds nothing: it asks first.
  const asked = await during(read('not there'))
  expect(asked.filter((line) => !line.startsWith(' '))).toEqual(['mget', 'evalsha', 'evalsha'])
  for (let n = 0; n < 4; n++) await cache.getOrSet(`not there ${n}`, () => 1)
})

test('a lease that came with an answer and that no load needs is given back', async () => {
  const loading = Promise.withResolvers<number>()
  const read = cache.getOrSet('led', () => -1)
  // It has been asked by then, and the answer cannot be there.
  await new Promise<void>((resolve) => process.nextTick(resolve))
  const load = cache.getOrSet('led', () => loading.promise, { fresh: true })
  loading.resolve(1)
  expect(await Promise.all([read, load])).toEqual([1, 1])
  const { tiers } = await cache.inspect('led')
  expect(tiers[0]).not.toHaveProperty('lease')
  const wrong = cache.getOrSet('wrong', () => 1, { ttl: 'soon' as '1s' })
  await expect(wrong).rejects.toThrow('ttl')
  expect((await cache.inspect('wrong')).tiers[0]).not.toHaveProperty('lease')
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
