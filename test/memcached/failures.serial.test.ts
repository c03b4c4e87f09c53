/** Each failure that a server can give its callers, caused for real. */
import { createServer } from 'node:net'
import { once } from 'node:events'
import { beforeEach, describe, expect, test } from 'vitest'
import type { RemoteStore } from '../../src/store/store.js'
import { awakeMs } from '../support/awake.js'
import { heapBytes } from '../support/heap.js'
import { startProxy, type Proxy } from '../support/proxy.js'
import { startMemcached, type MemcachedServer } from '../support/servers/memcached.js'
import { until } from '../support/until.js'
import {
  available,
  fill,
  found,
  lease,
  opened,
  PROMPT,
  put,
  text,
  write,
  type Opened,
} from './opened.js'
import { pause } from './paused.js'

/** The deadline of 250 ms, a tick of its sweep, and what a busy machine adds. */
const BOUND_MS = 450
/** What is refused without asking anyone. */
const AT_ONCE_MS = 30

const unavailable = { name: 'CacheError', code: 'CACHE_STORE_UNAVAILABLE' }

/** How long a promise takes to settle, and that it rejects as unavailable. */
async function refused(asking: Promise<unknown>): Promise<number> {
  const before = awakeMs()
  await expect(asking).rejects.toMatchObject(unavailable)
  return awakeMs() - before
}

const reading = (store: RemoteStore, key = 'k') => store.read([key], ['t'])

/** Every verb of the contract that asks a server, ready to be called. */
const VERBS = {
  read: async (store) => () => store.read(['k'], ['t']),
  acquire: async (store) => () => store.acquire(['k'], ['t'], 1_000, 1_000),
  renew: async (store) => {
    const held = (await lease(store, 'k'))!
    return () => store.renew('k', held, 1_000)
  },
  release: async (store) => {
    const held = (await lease(store, 'k'))!
    return () => store.release('k', held)
  },
  fill: async (store) => {
    const held = (await lease(store, 'k'))!
    return () => store.fill([{ ...put('k', 'v'), lease: held }], ['t'])
  },
  note: async (store) => () => store.note(['t', 'u'], 1_000),
  write: async (store) => () => store.write([put('k', 'v')], ['t'], undefined),
  swap: async (store) => {
    const entry = await found(store, 'k')
    return () => store.swap(put('k', 'v'), entry, undefined)
  },
  add: async (store) => () => store.swap(put('k', 'v'), undefined, undefined),
  drop: async (store) => () => store.drop(['k'], undefined),
  invalidate: async (store) => () => store.invalidate(['t', 'u'], ['1', '2'], undefined),
  clear: async (store) => () => store.clear('space', undefined),
  holder: async (store) => () => store.holder('k'),
} satisfies Record<string, (store: RemoteStore) => Promise<() => Promise<unknown>>>

const back = (store: RemoteStore) =>
  until('the store is back', async () => available((await reading(store)).keys[0]!) !== undefined)

describe('a server that is there', () => {
  let server: MemcachedServer
  let store: Opened

  beforeEach(async () => {
    server = await startMemcached()
    store = opened(server.url, PROMPT)
    return async () => {
      await store.close(0)
      await server[Symbol.asyncDispose]()
    }
  })

  test('is not there at the start, and is used when it is', async () => {
    await server.stop()
    expect(await refused(reading(store))).toBeLessThan(BOUND_MS)
    expect(await refused(reading(store))).toBeLessThan(AT_ONCE_MS)
    expect(store.health()).toMatchObject([
      { server: server.url, circuit: expect.not.stringMatching('closed') },
    ])
    await server.restart()
    await back(store)
    await write(store, 'k', 'value')
    expect(await text(store, 'k')).toBe('value')
  })

  test('is killed while it is asked, and comes back empty', async () => {
    await write(store, 'k', 'value')
    await pause(server)
    const asking = refused(reading(store))
    await server.kill()
    expect(await asking).toBeLessThan(BOUND_MS)
    await server.restart()
    await back(store)
    expect(await text(store, 'k')).toBeUndefined()
  })

  test('is restarted while nobody asks, and nobody notices but for what is gone', async () => {
    await write(store, 'k', 'value')
    await server.restart()
    expect(await text(store, 'k')).toBeUndefined()
    expect(store.health()).toMatchObject([{ circuit: 'closed' }])
  })

  test.each(Object.entries(VERBS))(
    'is paused: %s settles within the deadline, then at once',
    async (_, verb) => {
      await write(store, 'k', 'value')
      const ask = await verb(store)
      await pause(server)
      expect(await refused(ask())).toBeLessThan(BOUND_MS)
      expect(await refused(reading(store))).toBeLessThan(AT_ONCE_MS)
      server.resume()
      await back(store)
    },
  )

  test('is paused under a crowd: all are told together, and one connection asks for them', async () => {
    await write(store, 'k', 'value')
    await pause(server)
    const before = awakeMs()
    const crowd = await Promise.allSettled(
      Array.from({ length: 1_000 }, (_, n) => reading(store, `k${n}`)),
    )
    expect(awakeMs() - before).toBeLessThan(BOUND_MS + 200)
    expect(crowd.every(({ status }) => status === 'rejected')).toBe(true)
    server.resume()
    await back(store)
  })

  test('answers too late: the answer reaches nobody', async () => {
    await write(store, 'one', 'value of one')
    await write(store, 'two', 'value of two')
    await pause(server)
    await refused(reading(store, 'one'))
    server.resume()
    await back(store)
    for (let times = 0; times < 20; times++) expect(await text(store, 'two')).toBe('value of two')
  })

  test('is gone for 10,000 reads: no memory is kept for them', async () => {
    await write(store, 'k', 'value')
    await server.kill()
    await refused(reading(store))
    const before = heapBytes()
    let failed = 0
    for (let n = 0; n < 10_000; n++) await reading(store, `k${n}`).catch(() => failed++)
    expect(failed).toBe(10_000)
    expect(heapBytes() - before).toBeLessThan(2_000_000)
    await server.restart()
    await back(store)
  })

  test('has no memory: what is refused leaves nothing old, and reading goes on', async () => {
    await using full = await startMemcached({ args: ['-M', '-m', '8'] })
    await using filling = opened(full.url)
    const bytes = Buffer.alloc(500_000)
    const all = Array.from({ length: 20 }, (_, n) => ({ key: `k${n}`, bytes, keepMs: 60_000 }))
    const { written } = await filling.write(all, [], undefined)
    expect(written[0]).toBeUndefined()
    expect(written.at(-1)).toMatchObject({
      ...unavailable,
      message: expect.stringContaining('out of memory'),
    })
    const held = (await lease(filling, 'k1'))!
    const larger = { key: 'k0', bytes: Buffer.alloc(900_000), keepMs: 60_000 }
    expect((await filling.write([larger], [], undefined)).written[0]).toMatchObject(unavailable)
    expect(await found(filling, 'k0')).toBeUndefined()
    expect((await found(filling, 'k2'))?.bytes.length).toBe(500_000)
    expect(filling.health()).toMatchObject([{ circuit: 'closed' }])
    await filling.release('k1', held)
  })

  test('is handed a value beyond its limit: the caller is told, and the old value is gone', async () => {
    await write(store, 'k', 'old')
    const held = (await lease(store, 'stale'))!
    const bytes = Buffer.alloc(2 * 1024 * 1024)
    const { written } = await store.write(
      [put('j', 'small'), { key: 'k', bytes, keepMs: 60_000 }],
      [],
      undefined,
    )
    expect(written[0]).toBeUndefined()
    expect(written[1]).toMatchObject({
      code: 'CACHE_VALUE_INVALID',
      message: expect.stringContaining('2097152 bytes'),
    })
    expect(await text(store, 'k')).toBeUndefined()
    expect(await text(store, 'j')).toBe('small')
    const { filled } = await store.fill([{ key: 'stale', bytes, keepMs: 60_000, lease: held }], [])
    expect(filled[0]).toMatchObject({ unavailable: { code: 'CACHE_VALUE_INVALID' } })
    expect(await lease(store, 'stale')).toBeDefined()
    await expect(
      store.swap({ key: 'new', bytes, keepMs: 60_000 }, undefined, undefined),
    ).rejects.toMatchObject({ code: 'CACHE_VALUE_INVALID' })
  })
})

describe('a server behind a network', () => {
  let server: MemcachedServer
  let proxy: Proxy
  let store: Opened

  beforeEach(async () => {
    server = await startMemcached()
    proxy = await startProxy(server)
    store = opened(`127.0.0.1:${proxy.port}`, PROMPT)
    return async () => {
      await store.close(0)
      await proxy.stop()
      await server[Symbol.asyncDispose]()
    }
  })

  test('that accepts connections and never answers', async () => {
    await proxy.blackhole()
    expect(await refused(reading(store))).toBeLessThan(BOUND_MS)
    expect(await refused(reading(store))).toBeLessThan(AT_ONCE_MS)
    await proxy.pass()
    await back(store)
  })

  test.each([0, 1, 23, 24, 30, 5_000])('that goes silent after %i bytes', async (bytes) => {
    await write(store, 'k', 'x'.repeat(20_000))
    await proxy.drop(bytes)
    expect(await refused(reading(store))).toBeLessThan(BOUND_MS)
    await proxy.pass()
    await back(store)
    expect((await found(store, 'k'))?.bytes.length).toBe(20_000)
  })

  test.each([1, 23, 24, 30, 5_000])(
    'that resets the connection after %i bytes of an answer',
    async (bytes) => {
      await write(store, 'k', 'x'.repeat(20_000))
      await proxy.reset(bytes)
      expect(await refused(reading(store))).toBeLessThan(BOUND_MS)
      await proxy.pass()
      await back(store)
      expect((await found(store, 'k'))?.bytes.length).toBe(20_000)
    },
  )

  test.each(Object.entries(VERBS))(
    'that takes 200 ms for each answer: %s is not later than the deadline',
    async (_, verb) => {
      await write(store, 'k', 'value')
      const ask = await verb(store)
      await proxy.delay(200)
      const before = awakeMs()
      await Promise.allSettled([ask()])
      expect(awakeMs() - before).toBeLessThan(BOUND_MS)
      expect(available((await reading(store)).keys[0]!)).toBeDefined()
      expect(store.health()).toMatchObject([{ circuit: 'closed' }])
    },
  )

  test('that is down for a while: few connections are tried, and a crowd meets it with one', async () => {
    await write(store, 'k', 'value')
    await proxy.blackhole()
    await refused(reading(store))
    const crowd = setInterval(() => {
      for (let n = 0; n < 100; n++) reading(store, `k${n}`).catch(() => {})
    }, 5)
    const before = proxy.counts.accepted
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    const during = proxy.counts.accepted - before
    await proxy.pass()
    await back(store)
    clearInterval(crowd)
    expect(during).toBeLessThan(8)
    expect(proxy.counts.accepted - before - during).toBeLessThanOrEqual(1)
    expect(proxy.counts.open).toBe(1)
  })

  test('that loses the answer to a drop: the caller is told, though it was done', async () => {
    await write(store, 'k', 'value')
    await proxy.holdAnswers()
    await refused(store.drop(['k'], undefined))
    await using other = opened(server.url)
    expect(await text(other, 'k')).toBeUndefined()
    await proxy.pass()
    await back(store)
  })

  test('that cuts off while a fill is on its way: nothing half is kept', async () => {
    const held = (await lease(store, 'k'))!
    await proxy.blackhole()
    await refused(fill(store, 'k', held, 'y'.repeat(500_000)))
    await proxy.refuse()
    await using other = opened(server.url)
    expect([undefined, 500_000]).toContain((await found(other, 'k'))?.bytes.length)
  })
})

test('something else listens at the address', async () => {
  const listener = createServer((socket) =>
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n').on('error', () => {}),
  )
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as { port: number }
  await using store = opened(`127.0.0.1:${port}`, PROMPT)
  expect(await refused(reading(store))).toBeLessThan(BOUND_MS)
  listener.close()
})

test('a host name that nobody knows', async () => {
  await using store = opened('no-such-host.invalid:11211')
  await refused(reading(store))
  expect(await refused(reading(store))).toBeLessThan(AT_ONCE_MS)
})

describe('passwords', () => {
  let server: MemcachedServer
  const right = { username: 'ann', password: 'secret' }

  beforeEach(async () => {
    server = await startMemcached({ sasl: right })
    return () => server[Symbol.asyncDispose]()
  })

  test('lets in who knows the password, by options or in the target', async () => {
    await using store = opened(server.url, right)
    await write(store, 'k', 'value')
    await using other = opened(`ann:secret@${server.url}`)
    expect(await text(other, 'k')).toBe('value')
  })

  test('is unavailable to who has a wrong one, or none', async () => {
    await using wrong = opened(server.url, { ...right, password: 'wrong', ...PROMPT })
    expect(await refused(reading(wrong))).toBeLessThan(BOUND_MS)
    await expect(reading(wrong)).rejects.toThrow('authentication failed')
    await using none = opened(server.url)
    await expect(reading(none)).rejects.toThrow('a name and a password are wanted')
  })
})
