import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type MemcachedServer,
  type RedisServer,
  startMemcached,
  startRedis,
} from '../support/servers/index.js'

const root = join(import.meta.dirname, '../..')
let redis: RedisServer
let memcached: readonly MemcachedServer[]

beforeAll(async () => {
  redis = await startRedis()
  memcached = [await startMemcached(), await startMemcached()]
})
afterAll(async () => {
  for (const server of [redis, ...memcached]) await server.stop()
})

test.each([
  ['memory', 'what is kept is frozen\nsoup and pie\n1 hit, 1 miss, 1 entry\n'],
  ['redis', '1204 and 1204, loaded 1 time\nafter the invalidation: undefined\n'],
  [
    'memcached',
    'after one product changed: 2 of 3 are kept\nafter all of them changed: 0 of 3 are kept\n',
  ],
  ['tiers', 'there, answered by { memory: 1, redis: 1 }\nthere, after a change here: 12\n'],
])('%s.ts prints what it says, and ends by itself', async (name, printed) => {
  const args = ['--import', join(root, 'scripts/typescript.ts'), `examples/stores/${name}.ts`]
  const env = {
    ...process.env,
    REDIS_URL: redis.url,
    MEMCACHED_SERVERS: memcached.map(({ host, port }) => `${host}:${port}`).join(','),
  }
  const said = await promisify(execFile)(process.execPath, args, {
    cwd: root,
    env,
    timeout: 30_000,
  })
  expect(said).toEqual({ stdout: printed, stderr: '' })
})
