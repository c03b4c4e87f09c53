/** What several servers do together: a cluster that is resharded and fails over, a Memcached of several that is lost. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { memoryStore } from '../../adapters/memory/index.js'
import { memcachedStore } from '../../adapters/memcached/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { createCache, type Cache } from '../../index.js'
import { awakeMs } from '../support/awake.js'
import { startProxy } from '../support/proxy.js'
import {
  startMemcached,
  startRedisCluster,
  startSentinel,
  type RedisCluster,
} from '../support/servers/index.js'
import { until } from '../support/until.js'

let namespaces = 0
const KEYS = Array.from({ length: 300 }, (_, n) => n)

describe('Redis Cluster', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startRedisCluster({ replicas: 1 })
  }, 120_000)
  afterAll(() => cluster[Symbol.asyncDispose]())
  const open = (namespace: string, memory = false): Cache => {
    const cache = createCache({
      namespace,
      tiers: [
        ...(memory ? [memoryStore()] : []),
        redisStore({ cluster: cluster.startupNodes }, { deadline: '1s', retryAtMost: 200 }),
      ],
    })
    onTestFinished(() => cache.close())
    return cache
  }

  test('slots move while they are read: nothing is loaded again, nothing fails', async () => {
    const cache = open(`move-${++namespaces}`)
    const errors: unknown[] = []
    let loads = 0
    const load = () => ++loads
    const first = new Map<number, number>()
    for (const n of KEYS.slice(0, 40)) first.set(n, await cache.getOrSet(['k', n], load))
    cache.on('error', ({ error }) => errors.push(error))
    const [from, to] = cluster.masters
    const slots: number[] = []
    for (let slot = 0; slot < 5_400 && slots.length < 12; slot++) {
      const count = Number(await from!.command('CLUSTER', 'COUNTKEYSINSLOT', slot))
      if (count > 0) slots.push(slot)
    }
    expect(slots.length).toBeGreaterThan(3)
    const state = { moving: true }
    const reading = (async () => {
      while (state.moving) {
        for (const [n, value] of first) expect(await cache.getOrSet(['k', n], load)).toBe(value)
      }
    })()
    for (const slot of slots) await cluster.moveSlot(slot, from!, to!)
    state.moving = false
    await reading
    expect(loads).toBe(40)
    expect(errors).toEqual([])
    for (const slot of slots) await cluster.moveSlot(slot, to!, from!)
  })

  test('clear() reaches every master, and a batch over all slots is one round trip', async () => {
    const proxies = await Promise.all(cluster.nodes.map((node) => startProxy(node)))
    onTestFinished(async () => {
      for (const proxy of proxies) await proxy.stop()
    })
    const natMap = Object.fromEntries(
      cluster.nodes.map(({ port }, n) => [
        `127.0.0.1:${port}`,
        { host: '127.0.0.1', port: proxies[n]!.port },
      ]),
    )
    const seeds = proxies.map(({ port }) => ({ host: '127.0.0.1', port }))
    const cache = createCache({
      namespace: `batch-${++namespaces}`,
      tiers: [redisStore({ cluster: seeds, natMap }, { deadline: '5s' })],
    })
    onTestFinished(() => cache.close())
    await cache.setMany(KEYS.map((n) => [['k', n], n] as const))
    expect(await cache.getMany(KEYS.map((n) => ['k', n]))).toEqual(KEYS)
    for (const proxy of proxies) await proxy.delay(300)
    const [start, startAwake] = [performance.now(), awakeMs()]
    expect(await cache.getMany(KEYS.map((n) => ['k', n]))).toEqual(KEYS)
    expect(performance.now() - start).toBeGreaterThan(250)
    expect(awakeMs() - startAwake).toBeLessThan(550)
    for (const proxy of proxies) await proxy.pass()
    await cache.clear()
    const after = await cache.getMany(KEYS.map((n) => ['k', n]))
    expect(after.filter((value) => value !== undefined)).toEqual([])
  })

  test('a master is killed and its replica promoted: reads are answered meanwhile, and invalidation holds after', async () => {
    const namespace = `promote-${++namespaces}`
    const [cache, other] = [open(namespace, true), open(namespace, true)]
    let row = 1
    const read = (at: Cache, n: number) => at.getOrSet(['k', n], async () => row, { tags: ['t'] })
    for (const n of KEYS.slice(0, 30)) await read(cache, n)
    await cluster.masters[0]!.kill()
    onTestFinished(() => cluster.masters[0]!.restart())
    const costs: number[] = []
    const state = { promoted: false }
    const settled = cluster.settled().then(() => (state.promoted = true))
    while (!state.promoted) {
      for (const n of KEYS.slice(0, 30)) {
        const before = awakeMs()
        expect(await read(other, n)).toBe(1)
        costs.push(awakeMs() - before)
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await settled
    expect(Math.max(...costs)).toBeLessThan(2_000)
    row = 2
    const receipt = await cache.invalidateTags('t')
    await receipt.delivered
    for (const n of KEYS.slice(0, 30)) expect(await read(cache, n)).toBe(2)
    await until('the other hears of it', async () => (await read(other, 0)) === 2)
    await until('every slot keeps again', async () => {
      const values = await Promise.all(KEYS.slice(0, 30).map((n) => read(cache, n)))
      expect(new Set(values)).toEqual(new Set([2]))
      return (await open(namespace).getMany(KEYS.slice(0, 30).map((n) => ['k', n]))).every(
        (value) => value === 2,
      )
    })
  })
})

test('Sentinel makes a replica the master: reads are answered meanwhile, and the new one is used without a restart', async () => {
  await using setup = await startSentinel()
  const open = (): Cache => {
    const cache = createCache({
      namespace: 'sentinel',
      tiers: [
        memoryStore(),
        redisStore(
          { sentinels: [...setup.startupNodes], name: setup.name },
          { retryAtMost: 200, heartbeat: 300 },
        ),
      ],
    })
    onTestFinished(() => cache.close())
    return cache
  }
  const [cache, other] = [open(), open()]
  let row = 1
  const read = (at: Cache, key: string) => at.getOrSet(key, async () => row, { tags: ['t'] })
  expect([await read(cache, 'k'), await read(other, 'k')]).toEqual([1, 1])
  await setup.master.kill()
  const state = { over: false }
  const failover = setup.failedOverFrom(setup.master.port).then(() => (state.over = true))
  let most = 0
  for (let n = 0; !state.over; n++) {
    const before = awakeMs()
    expect(await read(other, `during-${n}`)).toBe(1)
    most = Math.max(most, awakeMs() - before)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await failover
  expect(most).toBeLessThan(1_000)
  row = 2
  const receipt = await cache.invalidateTags('t')
  await receipt.delivered
  expect(await read(cache, 'k')).toBe(2)
  await until('the other hears of it', async () => (await read(other, 'k')) === 2)
  await until('it keeps for others', async () => (await open().get('k')) === 2)
})

test('one of three Memcacheds gone: its keys load and are stored nowhere else; replaced by an empty one, it is used', async () => {
  const servers = await Promise.all([startMemcached(), startMemcached(), startMemcached()])
  onTestFinished(async () => {
    for (const server of servers) await server[Symbol.asyncDispose]()
  })
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`).join()
  const open = (): Cache => {
    const cache = createCache({ namespace: 'three', tiers: [memcachedStore(addresses)] })
    onTestFinished(() => cache.close())
    return cache
  }
  const [cache, other] = [open(), open()]
  let loads = 0
  const load = (n: number) => cache.getOrSet(['k', n], () => (loads++, `first ${n}`))
  await Promise.all(KEYS.map(load))
  expect(loads).toBe(KEYS.length)
  const items = async (n: number) => Number((await servers[n]!.stats())['curr_items'])
  const before = await Promise.all([items(1), items(2)])
  await servers[0].kill()
  loads = 0
  await Promise.all(KEYS.map(load))
  await Promise.all(KEYS.map(load))
  const lost = loads / 2
  // About a third, each time: the others' keys are hits, and nobody takes over for the one that is gone.
  expect(lost).toBeGreaterThan(KEYS.length / 6)
  expect(lost).toBeLessThan(KEYS.length / 2)
  expect(await Promise.all([items(1), items(2)])).toEqual(before)
  // Something changes while it is away: nothing of before comes back with it.
  const receipt = await cache.deleteMany(KEYS.map((n) => ['k', n]))
  expect(receipt.pending).toBe(true)
  await servers[0].restart({ data: 'empty' })
  await receipt.delivered
  expect((await other.getMany(KEYS.map((n) => ['k', n]))).every((one) => one === undefined)).toBe(
    true,
  )
  await until('it keeps again', async () => {
    loads = 0
    await Promise.all(KEYS.map(load))
    return loads === 0
  })
})
