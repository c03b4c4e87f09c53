import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.js'
import { awakeMs } from '../support/awake.js'
import { startProxy } from '../support/proxy.js'
import { startMemcached, type MemcachedServer } from '../support/servers/memcached.js'
import { until } from '../support/until.js'
import { available, fill, found, lease, opened, put, text, write } from './opened.js'

let server: MemcachedServer

beforeAll(async () => {
  server = await startMemcached()
})
afterAll(() => server[Symbol.asyncDispose]())

/** How long the server will keep an entry, by its own account. */
async function secondsLeft(key: string): Promise<number> {
  const socket = connect(server.port, server.host)
  socket.write(`mg kf:test:e:${key} t\r\n`)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return Number(/^HD t(-?\d+)/.exec(answer.toString())?.[1])
}

/** A clock that a test puts forward. */
function movedClock() {
  let aheadMs = 0
  return {
    clock: { ...systemClock, now: () => Date.now() + aheadMs },
    forward: (ms: number) => {
      aheadMs += ms
    },
  }
}

test('plants, reads and notes in one round trip', async () => {
  await using proxy = await startProxy(server)
  await using store = opened(`127.0.0.1:${proxy.port}`)
  await write(store, 'one-trip', 'old')
  await proxy.delay(500)
  const before = awakeMs()
  const { keys } = await store.acquire(['one-trip', 'other'], ['t', 'u'], 5_000, 60_000)
  expect(awakeMs() - before).toBeLessThan(900)
  expect(keys.map((key) => available(key).lease !== undefined)).toEqual([true, true])
  expect(available(keys[0]!).found?.bytes.toString()).toBe('old')
})

test('does not take a placeholder for an entry', async () => {
  await using store = opened(server.url)
  await lease(store, 'placeholder')
  expect(await found(store, 'placeholder')).toBeUndefined()
  expect(
    available((await store.acquire(['placeholder'], [], 1_000, 1_000)).keys[0]!).found,
  ).toBeUndefined()
  expect(await store.swap(put('placeholder', 'swapped'), undefined, undefined)).toBe(true)
  expect(await text(store, 'placeholder')).toBe('swapped')
})

test('keeps an entry of no bytes apart from a placeholder', async () => {
  await using store = opened(server.url)
  await write(store, 'empty', '')
  expect((await found(store, 'empty'))?.bytes.length).toBe(0)
})

test('refuses a fill whose lease is past its time, though nobody else has come', async () => {
  const { clock, forward } = movedClock()
  await using store = opened(server.url, {}, { clock })
  await write(store, 'late', 'old')
  const held = (await lease(store, 'late', 5_000))!
  forward(5_000)
  expect(await fill(store, 'late', held, 'too late')).toBe(false)
  expect(await text(store, 'late')).toBe('old')
})

test('fills after a load that began when the entry was about to leave the server', async () => {
  await using store = opened(server.url)
  await store.write([put('leaving', 'old', 200)], [], undefined)
  const held = (await lease(store, 'leaving', 20_000))!
  // An entry of 200 ms is gone after two seconds at the latest.
  await new Promise((resolve) => setTimeout(resolve, 2_300))
  expect(await fill(store, 'leaving', held, 'new')).toBe(true)
})

test.each([
  ['is about to expire', 1_000, 120, 140],
  ['has time', 3_600_000, 3_590, 3_601],
])(
  'keeps an entry that %s for the time of a lease, and no less than it had',
  async (_, keepMs, least, most) => {
    await using store = opened(server.url)
    const key = `kept-${keepMs}`
    await store.write([put(key, 'old', keepMs)], [], undefined)
    const held = (await lease(store, key, 10_000))!
    await until('the entry is prolonged', async () => (await secondsLeft(key)) >= least)
    expect(await secondsLeft(key)).toBeLessThanOrEqual(most)
    expect(await store.renew(key, held, 100_000)).toBe(true)
    expect(await secondsLeft(key)).toBeGreaterThanOrEqual(
      Math.max(least, keepMs > 200_000 ? 0 : 215),
    )
    expect(await fill(store, key, held, 'new')).toBe(true)
  },
)

test('refuses a fill after a restart, though the server gives the same numbers again', async () => {
  await using restarting = await startMemcached()
  await using store = opened(restarting.url)
  const held = (await lease(store, 'k'))!
  await restarting.restart()
  await using other = opened(restarting.url)
  // The same commands as before, so the placeholder has the number that the first one had.
  const later = (await lease(other, 'k'))!
  expect(await fill(store, 'k', held, 'from before the restart')).toBe(false)
  expect(await found(other, 'k')).toBeUndefined()
  expect(await fill(other, 'k', later, 'after')).toBe(true)
})

test('refuses a swap after a restart, though the server gives the same numbers again', async () => {
  await using restarting = await startMemcached()
  await using store = opened(restarting.url)
  await write(store, 'k', 'before')
  const before = await found(store, 'k')
  await restarting.restart()
  await using other = opened(restarting.url)
  await write(other, 'k', 'after')
  await until('the store is back', async () => (await text(store, 'k')) === 'after')
  expect(await store.swap(put('k', 'swapped'), before, undefined)).toBe(false)
  expect(await text(other, 'k')).toBe('after')
})

test('fills, renews and releases on a new connection, when the server is the same', async () => {
  await using proxy = await startProxy(server)
  await using store = opened(`127.0.0.1:${proxy.port}`)
  const [filled, renewed, released] = [
    (await lease(store, 'filled'))!,
    (await lease(store, 'renewed'))!,
    (await lease(store, 'released'))!,
  ]
  proxy.cut()
  await until('the store is back', async () => (await found(store, 'filled')) === undefined)
  expect(await fill(store, 'filled', filled, 'value')).toBe(true)
  expect(await store.holder('filled')).toBeUndefined()
  expect(await store.renew('renewed', renewed, 10_000)).toBe(true)
  proxy.cut()
  await until('the store is back', async () => (await store.holder('renewed')) !== undefined)
  await store.release('released', released)
  expect(await store.holder('released')).toBeUndefined()
  expect(await fill(store, 'renewed', renewed, 'value')).toBe(true)
})

test('refuses on a new connection what was changed in the meantime', async () => {
  await using proxy = await startProxy(server)
  await using store = opened(`127.0.0.1:${proxy.port}`)
  await using other = opened(server.url)
  const held = (await lease(store, 'changed'))!
  proxy.cut()
  await write(other, 'changed', 'newer')
  const later = (await lease(other, 'changed'))!
  await until('the store is back', async () => (await text(store, 'changed')) === 'newer')
  expect(await fill(store, 'changed', held, 'overtaken')).toBe(false)
  expect(await store.renew('changed', held, 10_000)).toBe(false)
  await store.release('changed', held)
  expect(await fill(other, 'changed', later, 'latest')).toBe(true)
})

test('fills behind a renewal that is still on its way', async () => {
  await using store = opened(server.url)
  const held = (await lease(store, 'renewing'))!
  const renewals = [store.renew('renewing', held, 20_000), store.renew('renewing', held, 30_000)]
  expect(await fill(store, 'renewing', held, 'value')).toBe(true)
  expect(await Promise.all(renewals)).toEqual([true, true])
  expect(await store.holder('renewing')).toBeUndefined()
  expect(await text(store, 'renewing')).toBe('value')
})

test('leaves the lock of whoever holds it when a swap fails, and takes it when it succeeds', async () => {
  await using store = opened(server.url)
  await write(store, 'swapped', 'old')
  const old = await found(store, 'swapped')
  await write(store, 'swapped', 'new')
  const held = (await lease(store, 'swapped'))!
  expect(await store.swap(put('swapped', 'x'), old, undefined)).toBe(false)
  expect(await store.swap(put('swapped', 'x'), undefined, undefined)).toBe(false)
  expect(await store.renew('swapped', held, 10_000)).toBe(true)
  expect(await store.swap(put('swapped', 'x'), await found(store, 'swapped'), undefined)).toBe(true)
  expect(await store.holder('swapped')).toBeUndefined()
})

test('gives a lease again as soon as it is released, and leaves no placeholder', async () => {
  await using store = opened(server.url)
  const held = (await lease(store, 'again'))!
  expect(await lease(store, 'again')).toBeUndefined()
  await store.release('again', held)
  expect(await server.command('get kf:test:e:again')).toBe('END\r\n')
  expect(await lease(store, 'again')).toBeDefined()
})

test('gives the lease to one of many processes that plant at once', async () => {
  const stores = Array.from({ length: 8 }, () => opened(server.url))
  const leases = await Promise.all(stores.map((store) => lease(store, 'race')))
  expect(leases.filter((each) => each !== undefined)).toHaveLength(1)
  const winner = leases.findIndex((each) => each !== undefined)
  expect(await fill(stores[winner]!, 'race', leases[winner]!, 'won')).toBe(true)
  await Promise.all(stores.map((store) => store.close(0)))
})
