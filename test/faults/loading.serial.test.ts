/** Loads across processes when something goes wrong: leases that are outlived or orphaned, loaders that fail, crowds. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { memcachedStore } from '../../adapters/memcached/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { createCache, type Cache, type CacheOptions } from '../../index.js'
import type { Store } from '../../src/store/store.js'
import { awakeMs } from '../support/awake.js'
import { deferred } from '../support/deferred.js'
import { startWorker } from '../support/processes.js'
import { startProxy, type Proxy } from '../support/proxy.js'
import { startMemcached, startRedis, type Server } from '../support/servers/index.js'
import { until } from '../support/until.js'
import type { HolderService } from './workers/holder.js'

const LEASE_MS = 600

let namespaces = 0

for (const kind of ['redis', 'memcached'] as const) {
  describe(kind, () => {
    let server: Server
    let way: Proxy
    beforeAll(async () => {
      server = await (kind === 'redis' ? startRedis() : startMemcached())
      way = await startProxy(server)
    })
    afterAll(async () => {
      await way.stop()
      await server[Symbol.asyncDispose]()
    })
    const store = (port: number, deadline: number): Store =>
      kind === 'redis'
        ? redisStore(`redis://127.0.0.1:${port}`, { deadline, connectTimeout: '5s' })
        : memcachedStore(`127.0.0.1:${port}`, { deadline })
    const open = (options: CacheOptions & { port?: number; deadlineMs?: number } = {}): Cache => {
      const { port = server.port, deadlineMs = 5_000, ...rest } = options
      const cache = createCache({
        namespace: `loading-${process.pid}-${namespaces}`,
        tiers: [store(port, deadlineMs)],
        lease: LEASE_MS,
        closeTimeout: 100,
        ...rest,
      })
      onTestFinished(() => cache.close())
      return cache
    }

    test('a loader that outlives its lease keeps nothing: who took over has filled the key', async () => {
      namespaces++
      await way.pass()
      const slow = open({ port: way.port, deadlineMs: 250 })
      const other = open()
      const unkept: string[] = []
      slow.on('unkept', ({ reason }) => unkept.push(reason))
      const started = deferred()
      const truth = deferred<string>()
      const first = slow.getOrSet('k', () => {
        started.resolve()
        return truth.promise
      })
      await started.promise
      // Renewals do not get through, and the lease ends.
      await way.blackhole()
      expect(await other.getOrSet('k', () => 'new')).toBe('new')
      await way.pass()
      await until('the server is asked again', () =>
        slow.stats().servers.every(({ circuit }) => circuit === 'closed'),
      )
      truth.resolve('old')
      expect(await first).toBe('old')
      await until('its end is told', () => unkept.length > 0)
      expect(['overtaken', 'unavailable']).toContain(unkept[0])
      expect(await other.get('k')).toBe('new')
      expect(await slow.get('k')).toBe('new')
    })

    test('a process that is killed while it loads is succeeded within the lease', async () => {
      namespaces++
      await using worker = await startWorker<HolderService>(
        new URL('./workers/holder.ts', import.meta.url),
      )
      const cache = open()
      const namespace = `loading-${process.pid}-${namespaces}`
      // Short enough to be renewed while the process lives, and long enough for that not to be late.
      await worker.call.hold(kind, server.port, namespace, 3_000)
      const patient = open({ lockWait: '30s' })
      let loaded = false
      const waiting = patient.getOrSet('k', () => {
        loaded = true
        return 'taken over'
      })
      await new Promise((resolve) => setTimeout(resolve, 4_500))
      expect(loaded).toBe(false)
      const killedAt = awakeMs()
      await worker.kill()
      expect(await waiting).toBe('taken over')
      // Memcached counts whole seconds, one of which may be over already and one is added.
      const mostMs = kind === 'redis' ? 3_000 : 5_000
      expect(awakeMs() - killedAt).toBeLessThan(mostMs + 700)
      expect(await cache.get('k')).toBe('taken over')
    })

    test('200 callers of a key whose loader fails: one call, all told at once', async () => {
      namespaces++
      const cache = open()
      const failure = new Error('the database is down')
      const answer = deferred<never>()
      let calls = 0
      const callers = Array.from({ length: 200 }, () =>
        cache
          .getOrSet('k', () => {
            calls++
            return answer.promise
          })
          .then(
            () => 'answered',
            (error: unknown) => error,
          ),
      )
      await until('it loads', () => calls > 0)
      answer.reject(failure)
      expect(new Set(await Promise.all(callers))).toEqual(new Set([failure]))
      expect(calls).toBe(1)
    })

    test('1,000 processes, so to speak, that miss one key together: one load', async () => {
      namespaces++
      const count = kind === 'redis' ? 1_000 : 900
      const caches = Array.from({ length: count }, () =>
        open({ lockWait: '60s', lease: '10s', deadlineMs: 20_000 }),
      )
      // All in this process: their connections are opened a few at a time.
      for (let n = 0; n < count; n += 50) {
        await Promise.all(caches.slice(n, n + 50).map((cache) => cache.get('anything')))
      }
      let calls = 0
      const load = async () => {
        calls++
        await new Promise((resolve) => setTimeout(resolve, 500))
        return 'once'
      }
      const answers = await Promise.all(caches.map((cache) => cache.getOrSet('k', load)))
      expect(new Set(answers)).toEqual(new Set(['once']))
      expect(calls).toBe(1)
    })
  })
}
