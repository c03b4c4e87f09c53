/** Several servers: what is on one of them does not concern the others. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RemoteStore } from '../../src/store/store.js'
import { awakeMs } from '../support/awake.js'
import { startProxy, type Proxy } from '../support/proxy.js'
import { startMemcached, type MemcachedServer } from '../support/servers/memcached.js'
import { until } from '../support/until.js'
import { opened, PROMPT, put, text, write, type Opened } from './opened.js'

let servers: MemcachedServer[]
let proxies: Proxy[]
let store: Opened
/** For each server, names that live there. */
let names: string[][]

beforeEach(async () => {
  servers = await Promise.all([startMemcached(), startMemcached(), startMemcached()])
  proxies = await Promise.all(servers.map(startProxy))
  store = opened(addresses(), PROMPT)
  names = await namesOn(servers, store)
})

afterEach(async () => {
  await store.close(0)
  await Promise.all(proxies.map((proxy) => proxy.stop()))
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
})

const addresses = () => proxies.map(({ port }) => `127.0.0.1:${port}`)

/** Writes entries and looks which server has them. */
async function namesOn(all: readonly MemcachedServer[], by: RemoteStore): Promise<string[][]> {
  const candidates = Array.from({ length: 60 }, (_, n) => `n${n}`)
  for (const name of candidates) await write(by, name, 'value')
  return Promise.all(
    all.map(async (server) => {
      const answers = await Promise.all(
        candidates.map((name) => server.command(`get kf:test:e:${name}`)),
      )
      return candidates.filter((_, n) => answers[n]!.startsWith('VALUE'))
    }),
  )
}

const failed = { unavailable: { code: 'CACHE_STORE_UNAVAILABLE' } }
const back = () =>
  until('all are used', () => store.health().every(({ circuit }) => circuit === 'closed'))

test('keeps each key on one server', () => {
  expect(names.flat().toSorted()).toEqual(Array.from({ length: 60 }, (_, n) => `n${n}`).toSorted())
  expect(names.every((each) => each.length > 5)).toBe(true)
})

test('goes on with the others when one is gone, and stores its keys nowhere else', async () => {
  const [a, b, c] = names as [string[], string[], string[]]
  const all = [a[0]!, b[0]!, c[0]!]
  const value = { found: { bytes: Buffer.from('value') } }
  await servers[1]!.kill()
  await until('its circuit is open', async () => {
    await store.read(all, [])
    return store.health()[1]!.circuit !== 'closed'
  })
  expect((await store.read(all, all)).keys).toMatchObject([value, failed, value])
  const before = awakeMs()
  const results = await Promise.all([
    store
      .write(
        all.map((key) => put(key, 'new')),
        all,
        undefined,
      )
      .then(({ written }) => written),
    store.drop([a[1]!, b[1]!, c[1]!], undefined),
    store.invalidate([a[2]!, b[2]!, c[2]!], ['1', '2', '3'], undefined),
    store.note([c[3]!, b[3]!, a[3]!], 1_000),
    store.acquire([a[4]!, b[4]!, c[4]!], [], 1_000, 1_000).then(({ keys }) => keys),
  ])
  expect(awakeMs() - before).toBeLessThan(150)
  const unavailable = { code: 'CACHE_STORE_UNAVAILABLE' }
  expect(results).toMatchObject([
    [undefined, unavailable, undefined],
    [undefined, unavailable, undefined],
    [undefined, unavailable, unavailable],
    [expect.any(String), failed, expect.any(String)],
    [{ lease: {} }, failed, { lease: {} }],
  ])
  await expect(store.clear('space', undefined)).rejects.toMatchObject(unavailable)
  for (const [index, present] of [servers[0]!, servers[2]!].entries()) {
    expect(await present.command(`get kf:test:e:${b[0]}`), `${index}`).toBe('END\r\n')
    // Cleared all the same: it is safe to repeat.
    expect(await present.command('get kf:test:s')).toContain('\r\nspace\r\n')
  }
  await servers[1]!.restart()
  await back()
  await store.clear('next', undefined)
  expect(await servers[1]!.command('get kf:test:s')).toContain('\r\nnext\r\n')
})

test('makes a tag on a healthy server match nothing, though the one in front of it took all the time', async () => {
  const [a, b] = names as [string[], string[], string[]]
  await store.note([b[0]!], 1_000)
  await proxies[0]!.blackhole()
  // Nothing was reached in time.
  await expect(store.invalidate([a[0]!, b[0]!], ['va', 'vb'], undefined)).rejects.toMatchObject({
    code: 'CACHE_STORE_UNAVAILABLE',
  })
  await until('the old version is gone', async () =>
    (await servers[1]!.command(`get kf:test:t:${b[0]}`)).startsWith('END'),
  )
  await proxies[0]!.pass()
  await back()
})

test('shows no new version of a tag behind one that could not be replaced', async () => {
  const [a, b] = names as [string[], string[], string[]]
  await using reader = opened(addresses())
  const noted = async () => (await reader.note([b[0]!], 1_000))[0]
  const order = [a[0]!, b[0]!]
  await proxies[0]!.refuse()
  expect(await store.invalidate(order, ['va', 'vb'], undefined)).toMatchObject([
    { code: 'CACHE_STORE_UNAVAILABLE' },
    { code: 'CACHE_STORE_UNAVAILABLE' },
  ])
  // Whoever notes it meanwhile, behind a first one that looks untouched, gets a version that will be replaced too.
  expect(await noted()).not.toBe('vb')
  await proxies[0]!.pass()
  await back()
  expect(await store.invalidate(order, ['va', 'vb'], undefined)).toEqual([undefined, undefined])
  expect(await noted()).toBe('vb')
})

test('replaces tags in order: a server is not asked before the one in front of it has answered', async () => {
  const [a, b] = names as [string[], string[], string[]]
  const order = [a[0]!, b[0]!, a[1]!]
  await using patient = opened(addresses())
  await proxies[1]!.holdAnswers()
  const replacing = patient.invalidate(order, ['1', '2', '3'], undefined)
  await until('the second is replaced', async () =>
    (await servers[1]!.command(`get kf:test:t:${b[0]}`)).includes('\r\n2\r\n'),
  )
  expect(await servers[0]!.command(`get kf:test:t:${a[0]}`)).toContain('\r\n1\r\n')
  expect(await servers[0]!.command(`get kf:test:t:${a[1]}`)).toBe('END\r\n')
  await proxies[1]!.pass()
  expect(await replacing).toEqual([undefined, undefined, undefined])
  expect(await servers[0]!.command(`get kf:test:t:${a[1]}`)).toContain('\r\n3\r\n')
})

test('notes tags in order: what is behind is not read before what is in front has been', async () => {
  const [a, b] = names as [string[], string[], string[]]
  await using patient = opened(addresses())
  await proxies[0]!.blackhole()
  const noting = patient.note([a[0]!, b[0]!], 1_000)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(await servers[1]!.command(`get kf:test:t:${b[0]}`)).toBe('END\r\n')
  await proxies[0]!.pass()
  expect(await noting).toEqual([expect.any(String), expect.any(String)])
})

test('notes in the order of each call, also when calls of one moment go out together', async () => {
  const [[first, second]] = names as [[string, string]]
  const gets = async () => Number((await servers[0]!.stats()).cmd_get)
  const before = await gets()
  const [one, two] = await Promise.all([
    store.note([second], 1_000),
    store.note([first, second], 1_000),
  ])
  expect(one[0]).toBe(two[1])
  // The second call reads `second` by itself, behind `first`.
  expect((await gets()) - before).toBe(3)
})

test('takes no longer than the deadline, however many servers have to be asked in turn', async () => {
  const [a, b, c] = names as [string[], string[], string[]]
  await proxies[0]!.delay(180)
  for (const proxy of proxies.slice(1)) await proxy.delay(5_000)
  const before = awakeMs()
  const noted = await store.note([a[0]!, b[0]!, c[0]!], 1_000)
  expect(awakeMs() - before).toBeLessThan(400)
  expect(noted).toMatchObject([expect.any(String), failed, failed])
  expect(store.health().every(({ circuit }) => circuit === 'closed')).toBe(true)
})

test('reads tags only when the change on another server is made', async () => {
  const [a, b] = names as [string[], string[], string[]]
  await store.note([b[0]!], 1_000)
  await using patient = opened(addresses())
  await proxies[0]!.holdAnswers()
  const writing = patient.write([put(a[0]!, 'new')], [b[0]!], undefined)
  await new Promise((resolve) => setTimeout(resolve, 50))
  await servers[1]!.command(`set kf:test:t:${b[0]} 0 0 5\r\nlater`)
  await proxies[0]!.pass()
  expect((await writing).state.versions).toEqual(['later'])
})

test('a server that is replaced by an empty one loses its own keys and no others', async () => {
  const [a, b, c] = names as [string[], string[], string[]]
  await servers[2]!.restart({ data: 'empty' })
  await until('it is used again', async () => (await text(store, c[0]!)) === undefined)
  expect(await text(store, a[0]!)).toBe('value')
  expect(await text(store, b[0]!)).toBe('value')
  await write(store, c[0]!, 'again')
  expect(await text(store, c[0]!)).toBe('again')
})
