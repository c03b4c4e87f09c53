import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCache } from '../../index.js'
import { memcachedStore } from '../../adapters/memcached/index.js'
import { memoryStore } from '../../adapters/memory/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { coreOf } from '../../src/cache/cache.js'
import { createQueries, type QueriesOptions } from '../../src/query/index.js'
import { localPositions, remotePositions } from '../../src/query/positions.js'
import {
  startMemcached,
  startRedis,
  type MemcachedServer,
  type RedisServer,
} from '../support/servers/index.js'
import { until } from '../support/until.js'

let redis: RedisServer
let memcached: MemcachedServer
const open: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  ;[redis, memcached] = await Promise.all([startRedis(), startMemcached()])
})
afterAll(async () => {
  await Promise.all(open.map((close) => close()))
  for (const server of [redis, memcached]) await server?.[Symbol.asyncDispose]()
})

const stores = {
  memory: () => memoryStore(),
  Redis: () => redisStore(redis.url),
  Memcached: () => memcachedStore(memcached.url),
} as const

describe.each(['memory', 'Redis', 'Memcached'] as const)('with %s', (name) => {
  let spaces = 0
  function cacheOf(namespace: string) {
    const cache = createCache({ tiers: [stores[name]()], namespace })
    open.push(() => cache.close())
    return cache
  }

  /** Where a load of a table would be answered. */
  function reader(replica: QueriesOptions['replica'], namespace = `space-${++spaces}`) {
    const cache = cacheOf(namespace)
    const queries = createQueries({ cache, dialect: 'mysql', scope: 'shop', replica })
    const from = async (table: string) => {
      let asked: unknown
      const cacheOptions = { fresh: true }
      await queries.run(
        { sql: `SELECT 1 FROM ${table}`, tables: [table], cache: cacheOptions },
        (context) => {
          asked = context.from === 'primary' ? 'primary' : (context.position ?? 'any')
          return { rows: [1] }
        },
      )
      return asked
    }
    return { queries, from }
  }

  test('where positions cannot be had, a table that was written is read from the primary for a while', async () => {
    const { queries, from } = reader({ holdOff: '1500ms' })
    expect(await from('orders')).toBe('any')
    await queries.changed(['orders'])
    expect(await from('orders')).toBe('primary')
    expect(await from('users')).toBe('any')
    await until('the while is over', async () => (await from('orders')) === 'any')
    await queries.changedAll('a migration')
    expect(await from('users')).toBe('primary')
  })

  test('a position that the primary tells is what the replica has to have, and one it does not tell holds off', async () => {
    let position: bigint | undefined = 5n
    const { queries, from } = reader({ position: async () => position, holdOff: '1m' })
    // The primary is asked when a process begins.
    expect(await from('orders')).toBe(5n)
    position = 9n
    await queries.changed(['orders'])
    expect(await from('orders')).toBe(9n)
    expect(await from('users')).toBe(5n)
    position = undefined
    await queries.changed(['orders'])
    expect(await from('orders')).toBe('primary')
  })

  test('when the primary never told where it is, the replica is not asked', async () => {
    const failing = reader({
      position: async () => {
        throw new Error('no answer')
      },
    })
    expect(await failing.from('orders')).toBe('primary')
  })

  test('positions are never lowered, whoever comes last', async () => {
    const core = coreOf(cacheOf(`raise-${name}`))
    const [remote] = core.remotes
    const positions =
      remote === undefined
        ? localPositions(1_000, core.clock)
        : remotePositions(remote.store, 1_000)
    const all = Array.from({ length: 20 }, (_, at) => BigInt((at * 7) % 20) << 40n)
    await Promise.all(all.map((position) => positions.raise(['t', 'u'], position)))
    expect(await positions.needed(['t', 'u', 'v'])).toEqual({ position: 19n << 40n, held: false })
    await positions.raise(['t'], 3n)
    expect((await positions.needed(['t'])).position).toBe(19n << 40n)
    expect((await positions.needed(['v'])).position).toBeUndefined()
  })
})

test('a wrong option is refused', () => {
  const of = (replica: object) => () =>
    createQueries({ cache: createCache(), dialect: 'mysql', scope: 'shop', replica })
  expect(of({ holdOff: 0 })).toThrow('replica.holdOff')
  expect(of({ position: 7 })).toThrow('replica.position')
})
