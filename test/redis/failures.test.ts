import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { redisStore } from '../../adapters/redis/index.js'
import type { RemoteStore } from '../../src/store/store.js'
import { awakeMs } from '../support/awake.js'
import { startProxy, type Proxy } from '../support/proxy.js'
import { type RedisServer, startRedis } from '../support/servers/index.js'
import { until } from '../support/until.js'
import { answered, get, opened, put, timed } from './opened.js'

const DEADLINE_MS = 100
/** The deadline's own accuracy, and what a busy machine adds. */
const SLACK_MS = 25 + 250

interface Fault {
  readonly name: string
  readonly cause: (server: RedisServer, proxy: Proxy) => void | Promise<void>
  readonly heal: (server: RedisServer, proxy: Proxy) => void | Promise<void>
  /** What is left of an entry that was written before. */
  readonly after: 'value' | undefined
}

const faults: readonly Fault[] = [
  {
    name: 'is killed and restarted empty',
    cause: (server) => server.kill(),
    heal: (server) => server.restart({ data: 'empty' }),
    after: undefined,
  },
  {
    name: 'is paused',
    cause: (server) => server.pause(),
    heal: (server) => server.resume(),
    after: 'value',
  },
  {
    name: 'accepts and never answers',
    cause: (_, proxy) => proxy.blackhole(),
    heal: (_, proxy) => proxy.pass(),
    after: 'value',
  },
  {
    name: 'does what it is told and never says so',
    cause: (_, proxy) => proxy.holdAnswers(),
    heal: (_, proxy) => proxy.pass(),
    after: 'value',
  },
  {
    name: 'answers too slowly',
    cause: (_, proxy) => proxy.delay(2 * DEADLINE_MS),
    heal: (_, proxy) => proxy.pass(),
    after: 'value',
  },
  {
    name: 'goes silent in the middle of an answer',
    cause: (_, proxy) => proxy.drop(3),
    heal: (_, proxy) => proxy.pass(),
    after: 'value',
  },
  {
    name: 'resets connections in the middle of an answer',
    cause: (_, proxy) => proxy.reset(3),
    heal: (_, proxy) => proxy.pass(),
    after: 'value',
  },
  {
    name: 'refuses connections',
    cause: (_, proxy) => proxy.refuse(),
    heal: (_, proxy) => proxy.pass(),
    after: 'value',
  },
  {
    name: 'wants another password',
    cause: async (server, proxy) => {
      await server.command('CONFIG', 'SET', 'requirepass', 'other')
      proxy.cut()
    },
    heal: async (server) => {
      const { Redis } = await import('ioredis')
      const admin = new Redis({ port: server.port, password: 'other' })
      await admin.config('SET', 'requirepass', '')
      admin.disconnect()
    },
    after: 'value',
  },
]

/** Reads go on while the server is away: they wait for the deadline at most, and then not at all. */
async function suffers(store: RemoteStore): Promise<void> {
  // Until the circuit opens, each read costs the deadline at most.
  let reads = 0
  while (store.health()[0]!.circuit === 'closed') {
    const { ms, error } = await timed(get(store, 'k'))
    expect(ms).toBeLessThan(DEADLINE_MS + SLACK_MS)
    expect(error?.code ?? 'CACHE_STORE_UNAVAILABLE').toBe('CACHE_STORE_UNAVAILABLE')
    expect(++reads).toBeLessThan(20)
  }

  // From then on it costs nothing, in time or in memory.
  const heap = process.memoryUsage().heapUsed
  const start = awakeMs()
  const errors = new Set<unknown>()
  for (let n = 0; n < 10_000; n++) {
    await store.read([`k${n}`], ['t']).catch((error: unknown) => errors.add(error))
  }
  expect(awakeMs() - start).toBeLessThan(2_000)
  expect(process.memoryUsage().heapUsed - heap).toBeLessThan(64e6)
  expect(errors.size).toBeGreaterThan(0)
  expect(errors.size).toBeLessThan(50)
}

describe('redisStore, when the server', () => {
  let server: RedisServer
  let proxy: Proxy
  beforeAll(async () => {
    server = await startRedis()
    proxy = await startProxy(server)
  })
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })
  const source = (deadline = DEADLINE_MS) =>
    redisStore(`redis://127.0.0.1:${proxy.port}`, {
      deadline,
      connectTimeout: 400,
      retryAtMost: 300,
    })

  for (const { name, cause, heal, after } of faults) {
    test(`${name}: bounded waits, then none, then recovery`, async () => {
      await using opening = opened(source())
      const { store } = opening
      await answered(() => put(store, 'k'))
      try {
        await cause(server, proxy)
        await suffers(store)
      } finally {
        await heal(server, proxy)
      }
      expect(await answered(() => get(store, 'k'))).toBe(after)
      await answered(() => put(store, 'k', 'new'))
      expect(await answered(() => get(store, 'k'))).toBe('new')
      await until('it gives leases', async () => {
        const { keys } = await store.acquire(['leased'], ['t'], 1_000, 1_000)
        expect(keys[0]).toMatchObject({ lease: expect.anything() as unknown })
        return true
      })
    })
  }
  test('is not there at first: found when it comes', async () => {
    await proxy.refuse()
    try {
      await using opening = opened(source())
      const { store } = opening
      const first = await timed(get(store, 'k'))
      expect(first.error).toMatchObject({ code: 'CACHE_STORE_UNAVAILABLE' })
      expect(first.ms).toBeLessThan(DEADLINE_MS + SLACK_MS)
      await proxy.pass()
      await until('it is found', async () => (await get(store, 'k'), true))
    } finally {
      await proxy.pass()
    }
  })

  test('accepts at first and never answers: no more than three waits for the connection', async () => {
    await proxy.blackhole()
    try {
      await using opening = opened(redisStore(`redis://127.0.0.1:${proxy.port}`, { deadline: 100 }))
      const { store } = opening
      for (let n = 0; n < 3; n++) {
        const { ms, error } = await timed(get(store, 'k'))
        expect(error).toMatchObject({ code: 'CACHE_STORE_UNAVAILABLE' })
        expect(ms).toBeLessThan(DEADLINE_MS + SLACK_MS)
      }
      const { ms } = await timed(Promise.allSettled([get(store, 'k'), put(store, 'k')]))
      expect(ms).toBeLessThan(20)
      await proxy.pass()
      await until('it is found', async () => (await get(store, 'k'), true))
    } finally {
      await proxy.pass()
    }
  })

  test('is slow within the deadline: nothing fails', async () => {
    await using opening = opened(source(1_000))
    const { store } = opening
    await put(store, 'k')
    await proxy.delay(400)
    try {
      for (let n = 0; n < 5; n++) expect(await get(store, 'k')).toBe('value')
      const many = await Promise.all(Array.from({ length: 100 }, () => get(store, 'k')))
      expect(new Set(many)).toEqual(new Set(['value']))
      expect(store.health()[0]!.circuit).toBe('closed')
    } finally {
      await proxy.pass()
    }
  })

  test('forgets its scripts: they are loaded again, and no call fails', async () => {
    await using opening = opened(source(5_000))
    const { store } = opening
    await put(store, 'k')
    await server.command('SCRIPT', 'FLUSH')
    const { keys } = await store.acquire(['k'], ['t'], 1_000, 1_000)
    expect(keys[0]).toMatchObject({ lease: expect.anything() as unknown })
    await server.command('SCRIPT', 'FLUSH')
    await put(store, 'k', 'new')
    expect(await get(store, 'k')).toBe('new')
  })

  test('was paused: what was sent before and given up is not written after', async () => {
    await using opening = opened(source())
    await using other = opened(source())
    const { store } = opening
    await answered(() => put(store, 'k', 'first'))
    await answered(() => get(other.store, 'k'))
    server.pause()
    const late = await timed(put(store, 'k', 'late'))
    expect(late.error).toMatchObject({ code: 'CACHE_STORE_UNAVAILABLE' })
    // Longer than any error in what we take the server's time to be.
    await new Promise((resolve) => setTimeout(resolve, 2 * DEADLINE_MS))
    server.resume()
    expect(await answered(() => get(store, 'k'))).toBe('first')
  })

  test('was paused: a connection that was given up is ended before another is used', async () => {
    await using opening = opened(source())
    const { store } = opening
    await answered(() => put(store, 'k'))
    const ids = async () =>
      String(await server.command('CLIENT', 'LIST'))
        .split('\n')
        .filter((line) => /cmd=evalsha|cmd=mget/.test(line))
    expect(await ids()).toHaveLength(1)
    // The server stays well; only the way to it is cut, so its end of the old connection stays open.
    await proxy.blackhole()
    await until('the circuit is open', async () => {
      await get(store, 'k').catch(() => {})
      return store.health()[0]!.circuit !== 'closed'
    })
    expect(await ids()).toHaveLength(1)
    await proxy.pass()
    await until('it is asked again', async () => (await get(store, 'k'), true))
    expect(await ids()).toHaveLength(1)
  })
})
