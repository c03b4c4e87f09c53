import type { Cluster, ClusterOptions, Redis, RedisOptions } from 'ioredis'
import type * as Ioredis from 'ioredis'
import { expectTypeOf, test } from 'vitest'
import type {
  ClusterInstance,
  RedisConnection,
  RedisInstance,
  RedisModule,
} from '../../adapters/redis/client.js'
import {
  redisBus,
  redisStore,
  type RedisConnectionOptions,
  type RedisTarget,
} from '../../adapters/redis/index.js'

// Checked by the compiler; running it only says that the calls below do not throw.
test('the clients of ioredis fit the slices of them that are called', () => {
  expectTypeOf<typeof Ioredis>().toExtend<RedisModule>()
  expectTypeOf<Redis>().toExtend<RedisConnection>()
  expectTypeOf<Redis>().toExtend<RedisInstance>()
  expectTypeOf<Cluster>().toExtend<ClusterInstance>()
  expectTypeOf<Redis>().toExtend<RedisTarget>()
  expectTypeOf<Cluster>().toExtend<RedisTarget>()
  expectTypeOf<RedisOptions>().toExtend<RedisTarget>()
  expectTypeOf<keyof RedisOptions>().toExtend<keyof RedisConnectionOptions>()
  expectTypeOf<{
    cluster: { host: string; port: number }[]
    redisOptions: RedisOptions
    natMap: ClusterOptions['natMap']
  }>().toExtend<RedisTarget>()
})

test('a target is what it says, and options are what they say', () => {
  redisStore()
  redisStore(process.env.NO_SUCH_VARIABLE)
  redisStore('redis://localhost')
  redisStore({ host: 'localhost', port: 6379, password: 'secret' })
  redisStore({ host: 'localhost', maxRetriesPerRequest: null, lazyConnect: true })
  redisStore([{ host: 'a', port: 1 }, 'b:2', 3])
  redisBus('redis://localhost', { prefix: 'p:' })
  // @ts-expect-error a number is no target
  expectTypeOf(redisStore).toBeCallableWith(6379)
  // @ts-expect-error a duration has a unit
  expectTypeOf(redisStore).toBeCallableWith('redis://localhost', { deadline: '250' })
})
