import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { redisStore } from '../../adapters/redis/index.js'
import { namesIn } from '../../adapters/redis/names.js'
import { slotOf } from '../../adapters/redis/slot.js'
import type { RemoteStore } from '../../src/store/store.js'
import {
  type RedisCluster,
  type RedisClusterOptions,
  type RedisServer,
  startRedis,
  startRedisCluster,
} from '../support/servers/index.js'
import { until } from '../support/until.js'
import { get, opened, put, timed } from './opened.js'

const DEADLINE_MS = 300
const SLACK_MS = 25 + 250

const names = namesIn('kf:', 'test', true)
/** Keys of the namespace `test` in the slots of one of `of` masters. */
function keysOf(master: number, of: number, count: number): string[] {
  const keys: string[] = []
  for (let n = 0; keys.length < count; n++) {
    if (Math.floor((slotOf(names.entry(`k${n}`)) * of) / 16_384) === master) keys.push(`k${n}`)
  }
  return keys
}

async function masterOf(cluster: RedisCluster, key: string): Promise<RedisServer> {
  const slot = slotOf(names.entry(key))
  return cluster.masters[Math.floor((slot * cluster.masters.length) / 16_384)]!
}

describe('redisStore, when a cluster', () => {
  let cluster: RedisCluster
  let store: RemoteStore
  let end: () => Promise<void>
  const open = async (options: RedisClusterOptions, deadline = DEADLINE_MS) => {
    cluster = await startRedisCluster({ nodeTimeoutMs: 1_000, ...options })
    const opening = opened(
      redisStore(cluster.startupNodes, { deadline, retryAtMost: 300, heartbeat: 200 }),
      'test',
    )
    store = opening.store
    end = async () => {
      await opening[Symbol.asyncDispose]()
      await cluster[Symbol.asyncDispose]()
    }
  }
  afterEach(() => end())

  describe('has replicas', () => {
    // Ten rounds of reads are over before a replica takes over.
    beforeEach(() => open({ masters: 3, replicas: 1, nodeTimeoutMs: 2_000 }))

    test('loses a master: the others serve as before, its keys are back with its replica', async () => {
      const [lost, ...kept] = [0, 1, 2].map((master) => keysOf(master, 3, 5))
      const all = [...lost!, ...kept.flat()]
      for (const key of all) await put(store, key)
      const events: string[] = []
      store.bus!.subscribe({
        message: (text) => events.push(text),
        up: () => events.push('(up)'),
        down: () => events.push('(down)'),
      })
      await until('the bus is up', () => events.includes('(up)'))
      await cluster.masters[0]!.kill()

      for (let round = 0; round < 10; round++) {
        const whole = await timed(store.read(all, []))
        expect(whole.ms).toBeLessThan(DEADLINE_MS + SLACK_MS)
        whole.value!.keys.forEach((state, n) => {
          expect('unavailable' in state).toBe(n < lost!.length)
        })
        for (const key of kept.flat()) expect(await get(store, key)).toBe('value')
      }
      expect(await store.drop([lost![0]!, kept[0]![0]!], undefined)).toMatchObject([
        { code: 'CACHE_STORE_UNAVAILABLE' },
        undefined,
      ])

      await cluster.settled()
      await until('its keys are back', async () => (await get(store, lost![1]!)) === 'value')
      expect(await store.drop([lost![0]!], undefined)).toEqual([undefined])
      await put(store, lost![0]!, 'new')
      await until('the bus is up', () => events.at(-1) === '(up)')
      await store.drop(all, 'dropped')
      await until('the bus has carried it', () => events.includes('dropped'))
    })

    test('is found through its replicas', async () => {
      const replicas = cluster.replicas.map(({ host, port }) => ({ host, port }))
      await using other = opened(redisStore(replicas), 'test')
      await put(store, 'k')
      expect(await get(other.store, 'k')).toBe('value')
    })

    test('has a master that stands still: the others serve as before', async () => {
      const [stuck, ...kept] = [0, 1, 2].map((master) => keysOf(master, 3, 3))
      for (const key of [...stuck!, ...kept.flat()]) await put(store, key)
      cluster.masters[0]!.pause()
      try {
        for (let round = 0; round < 10; round++) {
          const reads = [...stuck!, ...kept.flat()].map((key) => timed(get(store, key)))
          const results = await Promise.all(reads)
          results.forEach(({ ms, error }, n) => {
            expect(error !== undefined).toBe(n < stuck!.length)
            expect(ms).toBeLessThan(DEADLINE_MS + SLACK_MS)
          })
        }
        const { ms } = await timed(Promise.all(kept.flat().map((key) => get(store, key))))
        expect(ms).toBeLessThan(DEADLINE_MS)
        // Its replica takes over, and the old master, which comes back as a replica, is not asked.
        await until('its keys are back', async () => (await get(store, stuck![0]!)) === 'value')
      } finally {
        cluster.masters[0]!.resume()
      }
      for (let round = 0; round < 20; round++) {
        const { keys } = await store.read(stuck!, [])
        for (const state of keys) expect('unavailable' in state).toBe(false)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })
  })

  describe('is resharded', () => {
    beforeEach(() => open({ masters: 3, replicas: 0 }, 2_000))

    test('reads and changes go on while slots move', async () => {
      const keys = keysOf(0, 3, 20)
      for (const key of keys) await put(store, key, key)
      const [from, to] = cluster.masters
      const progress = { moving: true }
      const moved = (async () => {
        for (const key of keys) {
          await cluster.moveSlot(slotOf(names.entry(key)), from!, to!)
        }
        progress.moving = false
      })()
      let rounds = 0
      while (progress.moving) {
        rounds++
        for (const key of keys) expect(await get(store, key)).toBe(key)
        const { keys: states } = await store.read(keys, [])
        for (const state of states)
          expect(state).toMatchObject({ found: expect.anything() as unknown })
      }
      await moved
      expect(rounds).toBeGreaterThan(1)
      for (const key of keys) await put(store, key, 'new')
      expect(await store.drop(keys, undefined)).toEqual(keys.map(() => undefined))
      for (const key of keys) expect(await get(store, key)).toBeUndefined()
    })

    test('drops what is half moved: an entry that has left and a lease that has not', async () => {
      const [key] = keysOf(0, 3, 1)
      const slot = slotOf(names.entry(key!))
      const [from, to] = cluster.masters
      await put(store, key!)
      const { keys } = await store.acquire([key!], [], 60_000, 60_000)
      const [state] = keys
      const lease = state !== undefined && 'lease' in state ? state.lease : undefined
      const [fromId, toId] = await Promise.all(
        [from!, to!].map(async (each) => String(await each.command('CLUSTER', 'MYID'))),
      )
      await to!.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId!)
      await from!.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId!)
      await from!.command('MIGRATE', to!.host, to!.port, '', 0, 5_000, 'KEYS', names.entry(key!))

      expect(await get(store, key!)).toBe('value')
      expect(await store.drop([key!], undefined)).toEqual([undefined])
      expect(await get(store, key!)).toBeUndefined()
      const filled = await timed(
        store.fill([{ key: key!, lease: lease!, bytes: Buffer.from('stale'), keepMs: 1_000 }], []),
      )
      expect(filled.value?.filled[0] ?? false).not.toBe(true)
      expect(await get(store, key!)).toBeUndefined()

      await to!.command('CLUSTER', 'SETSLOT', slot, 'NODE', toId!)
      await from!.command('CLUSTER', 'SETSLOT', slot, 'NODE', toId!)
      await put(store, key!, 'new')
      expect(await get(store, key!)).toBe('new')
    })

    test('is not taken for another that knows less, though only that one answers', async () => {
      await using old = await startRedis({ args: ['--cluster-enabled', 'yes'] })
      await old.command('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383)
      await until('it serves', async () => (await old.command('SET', 'k', 'v')) === 'OK')
      await old.command('SET', names.entry('k'), 'old')
      await using other = opened(
        redisStore([...cluster.startupNodes, old], { deadline: 150, retryAtMost: 200 }),
        'test',
      )
      await put(other.store, 'k', 'new')
      for (const node of cluster.nodes) node.pause()
      try {
        const end = performance.now() + 1_500
        while (performance.now() < end) {
          const { value } = await timed(get(other.store, 'k'))
          expect(value).toBeUndefined()
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      } finally {
        for (const node of cluster.nodes) node.resume()
      }
      await until('it is asked again', async () => (await get(other.store, 'k')) === 'new')
    })

    test('is found though most of the nodes we were given are gone', async () => {
      const gone = [1, 2, 3].map((port) => ({ host: '127.0.0.1', port }))
      await using other = opened(
        redisStore({ cluster: [...gone, ...cluster.startupNodes.slice(2)] }),
        'test',
      )
      await put(other.store, 'k')
      expect(await get(store, 'k')).toBe('value')
      // What was refused is forgotten once the cluster itself is known.
      expect(other.store.health().map(({ circuit }) => circuit)).toEqual([
        'closed',
        'closed',
        'closed',
      ])
    })

    test('reads a batch over all slots, and a lone key from its own server alone', async () => {
      const keys = Array.from({ length: 300 }, (_, n) => `k${n}`)
      await store.write(
        keys.map((key) => ({ key, bytes: Buffer.from(key), keepMs: 60_000 })),
        [],
        undefined,
      )
      const { keys: states } = await store.read(keys, ['a', 'b'])
      states.forEach((state, n) => {
        expect(state).toMatchObject({ found: { bytes: Buffer.from(keys[n]!) } })
      })
      // The namespace's version lies beside the keys it is read with.
      for (const master of cluster.masters) await master.command('CONFIG', 'RESETSTAT')
      const [key] = keysOf(1, 3, 1)
      for (let n = 0; n < 10; n++) await get(store, key!)
      const owner = await masterOf(cluster, key!)
      for (const master of cluster.masters) {
        const stats = String(await master.command('INFO', 'commandstats'))
        expect(/cmdstat_mget/.test(stats)).toBe(master === owner)
      }
    })

    test('is cleared as a whole, and its space taken back', async () => {
      const keys = Array.from({ length: 600 }, (_, n) => `k${n}`)
      const { keys: before } = await store.acquire(keys, [], 1_000, 60_000)
      await store.write(
        keys.map((key) => ({ key, bytes: Buffer.from('old'), keepMs: 60_000 })),
        [],
        undefined,
      )
      await store.clear('next-space', undefined)
      const kept = Buffer.from('made in next-space')
      await store.write([{ key: 'new', bytes: kept, keepMs: 60_000 }], [], undefined)
      const { keys: after } = await store.read(keys, [])
      after.forEach((state, n) => {
        expect(state).not.toMatchObject({ space: (before[n] as { space: string }).space })
      })
      await until('the old entries are gone', async () => {
        const counts = await Promise.all(
          cluster.masters.map(async (each) => {
            const found = (await each.command('KEYS', names.entries)) as string[]
            return found.length
          }),
        )
        return counts.reduce((sum, count) => sum + count) === 1
      })
      expect(await get(store, 'new')).toBe(kept.toString())
    })
  })
})
