import { afterAll, beforeAll, describe, test } from 'vitest'
import { memcachedStore } from '../../adapters/memcached/index.js'
import { testRemoteStore } from '../../src/testing/store-suite.js'
import { startMemcached, type MemcachedServer } from '../support/servers/memcached.js'

let servers: MemcachedServer[]

beforeAll(async () => {
  servers = await Promise.all([startMemcached(), startMemcached(), startMemcached()])
})

afterAll(async () => {
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
})

const patient = { deadline: '5s' } as const

// A lifetime is counted in whole seconds, and one is added so that it is not too short.
const options = { expiryErrorMs: 2_000 }

describe('one Memcached', () => {
  testRemoteStore(test, 'one Memcached', () => memcachedStore(servers[0]!.url, patient), options)
})

describe('three Memcacheds', () => {
  const create = () =>
    memcachedStore(
      servers.map((server) => server.url),
      patient,
    )
  testRemoteStore(test, 'three Memcacheds', create, options)
})
