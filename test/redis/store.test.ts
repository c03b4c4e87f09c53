import { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { redisStore } from '../../adapters/redis/index.js'
import { testRemoteStore } from '../../src/testing/store-suite.js'
import {
  type RedisCluster,
  type RedisServer,
  startRedis,
  startRedisCluster,
} from '../support/servers/index.js'

/** What is tested here is not how long things take on a machine that is busy. */
const PATIENT = { deadline: '5s', heartbeat: '5s' } as const

describe('redisStore', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  testRemoteStore(test, 'on one server', () => redisStore(server.url, PATIENT))
  testRemoteStore(test, 'on one server, like a client of the application with a prefix', () => {
    const client = new Redis(server.url, { keyPrefix: 'app:', lazyConnect: true })
    return redisStore(client, PATIENT)
  })
})

describe('redisStore on a cluster', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startRedisCluster({ masters: 3 })
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  testRemoteStore(test, 'on a cluster', () => redisStore(cluster.startupNodes, PATIENT))
  testRemoteStore(test, 'on a cluster, like a client of the application with a prefix', () => {
    const client = new Cluster([...cluster.startupNodes], { keyPrefix: 'app:', lazyConnect: true })
    return redisStore(client, PATIENT)
  })
  testRemoteStore(test, 'on a cluster, all in one slot', () =>
    redisStore(cluster.startupNodes, { ...PATIENT, prefix: '{shop}:' }),
  )
})
