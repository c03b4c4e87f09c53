import memjs from 'memjs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { awakeMs } from '../support/awake.js'
import { startMemcached, type MemcachedServer } from '../support/servers/memcached.js'
import { startWorker } from '../support/processes.js'
import { until } from '../support/until.js'
import { opened, PROMPT, text, write } from './opened.js'
import { pause } from './paused.js'
import type { AloneService } from './fixtures/alone.js'

let server: MemcachedServer

beforeAll(async () => {
  server = await startMemcached()
})
afterAll(() => server[Symbol.asyncDispose]())

const worker = (...nodeArgs: string[]) =>
  startWorker<AloneService>(new URL('./fixtures/alone.ts', import.meta.url), { nodeArgs })

test("uses the servers of the application's client, and leaves the client to the application", async () => {
  const client = memjs.Client.create(server.url)
  await client.set('theirs', 'value', {})
  const store = opened(client)
  await write(store, 'k', 'ours')
  expect(await text(store, 'k')).toBe('ours')
  await store.close(1_000)
  expect((await client.get('theirs')).value?.toString()).toBe('value')
  expect((await client.get('kf:test:e:k')).value?.toString()).toBe('ours')
  client.close()
})

test("a server that hangs fails the store's operations, and not the application's own timeouts", async () => {
  const client = memjs.Client.create(server.url, { timeout: 5, retries: 0 })
  await client.set('theirs', 'value', {})
  await using store = opened(client, PROMPT)
  await write(store, 'k', 'ours')
  await pause(server)
  const theirs = client.get('theirs')
  await expect(store.read(['k'], [])).rejects.toMatchObject({ code: 'CACHE_STORE_UNAVAILABLE' })
  server.resume()
  expect((await theirs).value?.toString()).toBe('value')
  client.close()
})

test("uses the class, the name and the password of the application's servers", async () => {
  const right = { username: 'ann', password: 'secret' }
  await using guarded = await startMemcached({ sasl: right })
  const made: string[] = []
  class OwnServer extends memjs.Server {
    override sock(...args: Parameters<memjs.Server['sock']>): void {
      made.push(this.host)
      super.sock(...args)
    }
  }
  const { host, port } = guarded
  const client = new memjs.Client([new OwnServer(host, port, right.username, right.password)])
  await using store = opened(client)
  await write(store, 'k', 'ours')
  expect(await text(store, 'k')).toBe('ours')
  expect(new Set(made)).toEqual(new Set([host]))
})

test('goes on opening a connection when its first callers have given up', async () => {
  const opening: ((open: boolean) => void)[] = []
  class SlowServer extends memjs.Server {
    override sock(...args: Parameters<memjs.Server['sock']>): void {
      opening.push((open) => open && super.sock(...args))
    }
  }
  const client = new memjs.Client([new SlowServer(server.host, server.port)])
  await using store = opened(client, { ...PROMPT, connectTimeout: '3s' })
  const [before, beforeAwake] = [performance.now(), awakeMs()]
  await expect(store.read(['k'], [])).rejects.toThrow('no connection within 250 ms')
  expect(awakeMs() - beforeAwake).toBeLessThan(450)
  expect(opening).toHaveLength(1)
  await until('another is tried', () => opening.length > 1)
  expect(performance.now() - before).toBeGreaterThan(2_900)
  opening[1]!(true)
  await until('the store is back', async () => (await store.read(['k'], [])).keys.length === 1)
  expect(opening).toHaveLength(2)
})

test('says what to install when memjs is missing, at first use and not before', async () => {
  await using alone = await worker(
    '--import',
    new URL('./fixtures/no-memjs.ts', import.meta.url).pathname,
  )
  expect(await alone.call.use(server.url)).toEqual({
    code: 'CACHE_PEER_MISSING',
    message: expect.stringContaining('npm install memjs'),
  })
  await alone.leave()
  expect(alone.log()).toContain('npm install memjs')
})

test('lets the process end by itself once it is closed', async () => {
  await using alone = await worker()
  expect(await alone.call.use(server.url)).toBe('value')
  expect(await alone.call.resources()).toEqual([])
  await alone.leave()
  expect(alone.log()).toBe('')
})

test('lets the process end by itself once it is closed while its server hangs, and says nothing', async () => {
  await using alone = await worker()
  await using hanging = await startMemcached()
  expect(await alone.call.use(hanging.url)).toBe('value')
  await alone.call.open(hanging.url)
  await pause(hanging)
  expect(await alone.call.closeWhileReading()).toBe('CACHE_CLOSED')
  expect(await alone.call.resources()).toEqual([])
  await alone.leave()
  expect(alone.log()).toBe('')
})
