import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Redis } from 'ioredis'
import { memoryStore } from '../../adapters/memory/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { createCache, type Cache } from '../../index.js'
import { runInScope, Scope } from '../../src/cache/scope.js'
import { SimulatedServer, World } from '../../src/testing/simulation/index.js'
import { startRedis, type RedisServer } from '../support/servers/index.js'

/** What process memory takes over from the one store behind it, on the straight way (src/cache/straight.ts). */

const never = (): never => {
  throw new Error('loaded')
}

describe('what is heard of between a question and its answer', () => {
  const changes: [string, (writer: Cache, server: SimulatedServer) => Promise<unknown>][] = [
    ['a deletion', (writer) => writer.delete('key')],
    ['an invalidated tag', (writer) => writer.invalidateTags('tag')],
    ['a cleared namespace', (writer) => writer.clear()],
    ['another value', (writer) => writer.set('key', 'set', { tags: ['tag'] })],
  ]
  test.each(changes)('is not undone by the answer: %s', async (_, change) => {
    const { reader, writer, server, answer, run } = await question()
    let heard = false
    server.onArrived = () => (heard = true)
    await run(change(writer, server), () => heard)
    expect(await run(answer)).toBe('old')
    expect(reader.stats()).toMatchObject({ loads: 1 })
    expect(await run(reader.getOrSet('key', () => 'new', TAGGED))).not.toBe('old')
  })

  test('may have been missed: while messages were not heard nothing is taken over', async () => {
    const { reader, writer, server, answer, run } = await question()
    server.cutOff('reader')
    await run(writer.delete('key'))
    server.reconnect('reader')
    expect(await run(answer)).toBe('old')
    expect(await run(reader.getOrSet('key', () => 'new', TAGGED))).toBe('new')
  })

  test('ends the joining: who reads after it asks anew', async () => {
    const { reader, writer, server, answer, run } = await question()
    const joined = reader.getOrSet('key', never, TAGGED)
    let heard = false
    server.onArrived = () => (heard = true)
    await run(writer.delete('key'), () => heard)
    const later = reader.getOrSet('key', () => 'new', TAGGED)
    expect(await run(Promise.all([answer, joined, later]))).toEqual(['old', 'old', 'new'])
  })

  const TAGGED = { tags: ['tag'] }

  /** A process with memory has asked for what another has filled; the server has answered, and the answer is on its way. */
  async function question() {
    const world = new World(0)
    const server = new SimulatedServer(world)
    const open = (process: string, memory: boolean): Cache =>
      createCache({
        tiers: [...(memory ? [memoryStore()] : []), server.store(process)],
        clock: world.clock(process),
        random: world.random(process),
      })
    const reader = open('reader', true)
    const writer = open('writer', false)
    /** Lets everything else happen before that answer arrives, until the task and what is waited for are done. */
    const run = async <T>(task: Promise<T>, isHeard = () => true): Promise<T> => {
      let done = false
      const over = task.finally(() => (done = true))
      await world.run(
        (steps) =>
          Math.max(
            0,
            steps.findIndex(({ label }) => !label.startsWith('answer to read')),
          ),
        () => done && isHeard(),
      )
      return over
    }
    await run(reader.getOrSet('another', () => 0))
    await run(writer.getOrSet('key', () => 'old', TAGGED))
    const answer = reader.getOrSet('key', never, TAGGED)
    const executed = world.story.length
    await world.run(
      () => 0,
      () => world.story.length > executed,
    )
    expect(world.story.at(-1)).toMatch(/^server: reader: read key/)
    return { reader, writer, server, answer, run }
  }
})

describe('a read from Redis behind process memory', () => {
  let server: RedisServer
  let client: Redis
  let cache: Cache
  let other: Cache

  beforeAll(async () => {
    server = await startRedis()
    client = new Redis(server.url)
    cache = createCache({ tiers: [memoryStore(), redisStore(server.url)] })
    other = createCache({ tiers: [redisStore(server.url)] })
    await cache.getOrSet('first', () => 1)
  })
  afterAll(async () => {
    await cache.close()
    await other.close()
    await client.quit()
    await server[Symbol.asyncDispose]()
  })

  test('is kept, frozen, in one command for all who ask, and the next one sends nothing', async () => {
    for (const [key, tags] of [
      ['plain', []],
      ['tagged', ['a', 'ü']],
      [['structure', 1], ['a']],
    ] as const) {
      await other.getOrSet(key, () => ({ list: [1] }), { tags })
      const before = await reads()
      const { memory, redis } = cache.stats().hitsByTier as { memory: number; redis: number }
      const answers = await Promise.all(
        [1, 2, 3].map(() => cache.getOrSet<object>(key, never, { tags })),
      )
      expect(answers).toEqual([{ list: [1] }, { list: [1] }, { list: [1] }])
      const after = await cache.getOrSet<object>(key, never, { tags })
      expect((await reads()) - before).toBe(1)
      for (const answer of answers) expect(answer).toBe(after)
      expect(Object.isFrozen(after)).toBe(true)
      expect(cache.stats().hitsByTier).toEqual({ memory: memory + 1, redis: redis + 3 })
    }
  })

  test('follows the invalidations of others', async () => {
    for (const change of [
      () => other.invalidateTags('followed'),
      () => other.delete('followed'),
      () => other.clear(),
    ]) {
      const options = { tags: ['followed'] }
      await other.getOrSet('followed', () => 1, options)
      expect(await cache.getOrSet('followed', never, options)).toBe(1)
      const heard = new Promise((resolve) => cache.on('invalidate', resolve))
      await change()
      await heard
      expect(await cache.getOrSet('followed', () => 2, options)).toBe(2)
      await other.clear()
    }
  })

  test('gives its tags, its end and its privacy to what is made of it', async () => {
    await other.getOrSet('part', () => 1, { tags: ['made'], ttl: '1m', private: true })
    for (const reader of [cache, other]) {
      const scope = new Scope(undefined, undefined)
      await runInScope(scope, () => reader.getOrSet('part', never, { tags: ['made'] }))
      expect(scope.tags()).toEqual(['made'])
      expect(scope.private).toBe(true)
      expect(scope.freshUntil).toBeLessThanOrEqual(Date.now() + 60_000)
    }
  })

  test('hands out copies of what cannot be frozen', async () => {
    await other.getOrSet('date', () => ({ at: new Date(0) }))
    const first = await cache.getOrSet<{ at: Date }>('date', never)
    first.at.setTime(1)
    expect(await cache.getOrSet('date', never)).toEqual({ at: new Date(0) })
  })

  test('is the caller’s own where it is too large to be kept', async () => {
    const small = createCache({ tiers: [memoryStore({ maxBytes: 2_000 }), redisStore(server.url)] })
    await small.getOrSet('first', () => 1)
    await other.getOrSet('large', () => ({ text: 'x'.repeat(900), more: 'y'.repeat(1_900) }))
    for (let time = 0; time < 2; time++) {
      const value = await small.getOrSet<{ text: string }>('large', never)
      value.text = 'changed'
    }
    await small.close()
  })

  test('says what is wrong with a call, and leaves those who joined it alone', async () => {
    await other.getOrSet('damaged', () => 1)
    await client.set('kf:default:e:{damaged}', 'damaged')
    const bad = cache.getOrSet('damaged', never, { ttl: 'never' as never })
    const good = cache.getOrSet('damaged', () => 2)
    await expect(bad).rejects.toMatchObject({ code: 'CACHE_OPTION_INVALID' })
    expect(await good).toBe(2)
    await expect(cache.getOrSet('damaged', 5 as never)).resolves.toBe(2)
  })

  test('is a load where the store cannot be asked', async () => {
    const lost = createCache({ tiers: [memoryStore(), redisStore('redis://127.0.0.1:1')] })
    const errors: string[] = []
    lost.on('error', ({ operation }) => errors.push(operation))
    const answers = await Promise.all([1, 2].map((n) => lost.getOrSet('lost', () => n)))
    expect(answers).toEqual([1, 1])
    await lost.close()
  })

  async function reads(): Promise<number> {
    return Number(/cmdstat_mget:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0)
  }
})
