import { AsyncLocalStorage } from 'node:async_hooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Redis } from 'ioredis'
import { redisStore } from '../../adapters/redis/index.js'
import { createCache, type Cache } from '../../index.js'
import { startRedis, type RedisServer } from '../support/servers/index.js'

/** What the straight way (src/cache/straight.ts) has to leave to the other one. */
describe('a read from one Redis without memory', () => {
  let server: RedisServer
  let client: Redis
  let cache: Cache
  let other: Cache
  let errors: string[]

  beforeAll(async () => {
    server = await startRedis()
    client = new Redis(server.url)
    const open = (): Cache =>
      createCache({ tiers: [redisStore(server.url)], namespace: 'straight' })
    cache = open()
    other = open()
    errors = []
    cache.on('error', ({ operation }) => errors.push(operation))
  })
  afterAll(async () => {
    await cache.close()
    await other.close()
    await client.quit()
    await server[Symbol.asyncDispose]()
  })

  const loaded = (value: unknown) => () => value
  const never = (): never => {
    throw new Error('loaded')
  }

  test('answers each caller with a value of its own, in one command', async () => {
    await cache.set('own', { list: [1] })
    // Before it has found anything a process expects to find nothing.
    await cache.getOrSet('own', never)
    const before = await commands()
    const answers = await Promise.all([1, 2, 3].map(() => cache.getOrSet<object>('own', never)))
    // INFO itself is counted.
    expect((await commands()) - before).toBe(2)
    expect(answers).toEqual([{ list: [1] }, { list: [1] }, { list: [1] }])
    expect(new Set(answers).size).toBe(3)
    const [one, two] = await cache.getMany(['own', 'own'])
    expect(one).toEqual(two)
    expect(one).not.toBe(two)
  })

  test('sees an invalidation of another process, of a tag and of all', async () => {
    for (const tags of [undefined, ['b', 'a'], ['a', 'ü']]) {
      const key = `tagged ${tags?.join()}`
      const options = { ...(tags && { tags }) }
      await cache.getOrSet(key, loaded(1), options)
      expect(await cache.getOrSet(key, never, options)).toBe(1)
      expect(await cache.getMany([key, key])).toEqual([1, 1])
      if (tags) await other.invalidateTags('a')
      else await other.clear()
      expect(await cache.getMany([key])).toEqual([undefined])
      expect(await cache.getOrSet(key, loaded(2), options)).toBe(2)
    }
  })

  test('takes an entry for what it was found under, and nothing that is damaged', async () => {
    const name = (key: string): string => `kf:straight:e:{${key}}`
    for (const key of ['x', 'y']) await cache.getOrSet(key, loaded(key))
    const bytes = (await client.getBuffer(name('x')))!
    const broken = [
      bytes.subarray(0, -1),
      Buffer.concat([bytes, Buffer.of(0)]),
      Buffer.from('something else'),
      (await client.getBuffer(name('y')))!,
    ]
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes)
      flipped[at]! ^= 1 << (at % 8)
      broken.push(flipped)
    }
    errors.length = 0
    for (const one of broken) {
      await client.set(name('x'), one)
      expect(await cache.get('x')).toBe(undefined)
    }
    expect(errors).toEqual(broken.map(() => 'open'))
    await client.set(name('x'), broken[0]!)
    expect(await cache.getOrSet('x', loaded('again'))).toBe('again')
  })

  test('asks for the tags as they were given, whatever becomes of the list', async () => {
    const tags = ['kept']
    await cache.getOrSet('list', loaded(1), { tags })
    const answer = cache.getOrSet('list', never, { tags })
    tags[0] = 'changed'
    expect(await answer).toBe(1)
    await cache.invalidateTags('kept')
    expect(await cache.get('list')).toBe(undefined)
  })

  test('loads in the caller’s own async context', async () => {
    const storage = new AsyncLocalStorage<number>()
    const contexts = await Promise.all(
      [1, 2, 3].map((n) =>
        storage.run(n, () => cache.getOrSet(`context ${n}`, () => storage.getStore())),
      ),
    )
    expect(contexts).toEqual([1, 2, 3])
  })

  test('says what is wrong with a call that has to load', async () => {
    await expect(cache.getOrSet('bad', 5 as never)).rejects.toMatchObject({
      code: 'CACHE_OPTION_INVALID',
    })
    for (const tags of ['text', [5], ['']]) {
      await expect(cache.getOrSet('bad', never, { tags } as never)).rejects.toMatchObject({
        name: 'CacheError',
      })
    }
  })

  async function commands(): Promise<number> {
    return Number(/total_commands_processed:(\d+)/.exec(await client.info('stats'))![1])
  }
})
