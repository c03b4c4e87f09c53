import memjs from 'memjs'
import { createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy } from '../support/proxy.js'
import { startMemcached, type MemcachedServer } from '../support/servers/memcached.js'
import { available, found, lease, opened, PROMPT, put, text, write } from './opened.js'

let server: MemcachedServer

beforeAll(async () => {
  server = await startMemcached()
})
afterAll(() => server[Symbol.asyncDispose]())

/** Listens, answers nothing, and says what it received: chunk by chunk, each connection. */
async function listen() {
  const chunks: Buffer[] = []
  const sockets: Socket[] = []
  const listener = createServer((socket) => {
    sockets.push(socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => {}))
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as { port: number }
  return {
    url: `127.0.0.1:${port}`,
    chunks,
    sockets,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await once(listener.close(), 'close')
    },
  }
}

const counted = async () => {
  const { cmd_get, cmd_set } = await server.stats()
  return { gets: Number(cmd_get), sets: Number(cmd_set) }
}

test('opens a connection at first use and not before', async () => {
  await using listening = await listen()
  const store = opened(listening.url, PROMPT)
  store.health()
  store.lastSpace('k')
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(listening.sockets).toHaveLength(0)
  const reading = store.read(['k'], [])
  await expect(reading).rejects.toMatchObject({ code: 'CACHE_STORE_UNAVAILABLE' })
  expect(listening.sockets).toHaveLength(1)
  await store.close(0)
})

test('sends what is asked in one tick as one write, whatever asks and however deep it waits', async () => {
  await using listening = await listen()
  await using store = opened(listening.url, PROMPT)
  const asking = [
    store.read(['a'], ['t']),
    store.acquire(['b'], ['t'], 1_000, 1_000),
    Promise.resolve().then(() => store.read(['c'], [])),
    (async () => {
      for (let n = 0; n < 20; n++) await Promise.resolve()
      return store.drop(['d'], undefined)
    })(),
  ]
  await Promise.allSettled(asking)
  expect(listening.chunks).toHaveLength(1)
  const sent = listening.chunks[0]!.toString('latin1')
  for (const key of ['a', 'b', 'c', 'd']) expect(sent).toContain(`kf:test:e:${key}`)
})

test('waits for what runs behind the first that asks', async () => {
  const writes: string[] = []
  class WatchedServer extends memjs.Server {
    override sock(sasl: boolean, go: (socket: Socket) => void): void {
      super.sock(sasl, (socket) => {
        const write = socket.write.bind(socket)
        socket.write = (bytes: Uint8Array | string) => {
          writes.push(bytes.toString())
          return write(bytes)
        }
        go(socket)
      })
    }
  }
  await using store = opened(new memjs.Client([new WatchedServer(server.host, server.port)]))
  await text(store, 'open')
  writes.length = 0
  const asking: Promise<unknown>[] = []
  await new Promise<void>((resolve) => {
    // Not in a microtask: what is put off to the next tick would run before the promises do.
    setImmediate(() => {
      asking.push(store.read(['first'], []))
      void Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => asking.push(store.read(['second'], [])))
        .then(() => resolve())
    })
  })
  await Promise.all(asking)
  expect(writes).toEqual([expect.stringMatching(/e:first.*e:second/s)])
})

test('keeps its connection for longer than opening one may take', async () => {
  await using proxy = await startProxy(server)
  await using store = opened(`127.0.0.1:${proxy.port}`, { connectTimeout: 40 })
  await write(store, 'kept', 'value')
  await new Promise((resolve) => setTimeout(resolve, 80))
  expect(await text(store, 'kept')).toBe('value')
  expect(proxy.counts.accepted).toBe(1)
})

test('asks once for what many read in one tick', async () => {
  await using store = opened(server.url)
  await write(store, 'same', 'value')
  const before = await counted()
  const answers = await Promise.all(Array.from({ length: 100 }, () => text(store, 'same')))
  expect(new Set(answers)).toEqual(new Set(['value']))
  // The entry, and the namespace.
  expect((await counted()).gets - before.gets).toBe(2)
})

test('does not answer a read from before a change with one from behind it, or the other way round', async () => {
  await using store = opened(server.url)
  await write(store, 'k', 'old')
  const [before, , behind, , last] = await Promise.all([
    text(store, 'k'),
    store.write([put('k', 'new')], [], undefined),
    text(store, 'k'),
    store.drop(['k'], undefined),
    text(store, 'k'),
  ])
  expect([before, behind, last]).toEqual(['old', 'new', undefined])
})

test('plants behind what was read in the same tick', async () => {
  await using store = opened(server.url)
  const [absent, planted, still] = await Promise.all([
    found(store, 'plant'),
    lease(store, 'plant'),
    found(store, 'plant'),
  ])
  expect([absent, still]).toEqual([undefined, undefined])
  expect(planted).toBeDefined()
})

test('says what version the namespace had when it was last seen', async () => {
  await using store = opened(server.url, {}, { namespace: 'seen' })
  expect(store.lastSpace('k')).toBeUndefined()
  const { keys } = await store.acquire(['k'], [], 1_000, 1_000)
  expect(store.lastSpace('k')).toBe(available(keys[0]!).space)
  await store.clear('cleared', undefined)
  expect(store.lastSpace('k')).toBe('cleared')
})
