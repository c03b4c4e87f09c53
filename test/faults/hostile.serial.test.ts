/** Whatever stands in a server under the names of a cache, a read answers what the loader says or what was kept, and never throws. */
import * as fc from 'fast-check'
import { once } from 'node:events'
import { connect } from 'node:net'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { memcachedStore } from '../../adapters/memcached/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { createCache, type Cache } from '../../index.js'
import type { Store } from '../../src/store/store.js'
import { startWorker } from '../support/processes.js'
import { startMemcached, startRedis } from '../support/servers/index.js'
import type { WriterService } from './workers/writer.js'

/** Direct access to what a server holds. */
interface Raw {
  readonly port: number
  readonly store: () => Store
  readonly names: () => Promise<string[]>
  readonly get: (name: string) => Promise<Buffer>
  readonly set: (name: string, bytes: Buffer) => Promise<void>
}

const KINDS: Record<'redis' | 'memcached', () => Promise<Raw>> = {
  redis: async () => {
    const server = await startRedis()
    const client = new Redis(server.port)
    onTestFinished(async () => {
      client.disconnect()
      await server[Symbol.asyncDispose]()
    })
    return {
      port: server.port,
      store: () => redisStore(server.url, { deadline: '2s' }),
      names: () => client.keys('*'),
      get: async (name) => (await client.getBuffer(name)) ?? Buffer.alloc(0),
      set: async (name, bytes) => void (await client.set(name, bytes)),
    }
  },
  memcached: async () => {
    const server = await startMemcached()
    onTestFinished(() => server[Symbol.asyncDispose]())
    const socket = connect(server.port, '127.0.0.1')
    await once(socket, 'connect')
    onTestFinished(() => void socket.destroy())
    const ask = async (request: Buffer, isWhole: (answer: Buffer) => boolean): Promise<Buffer> => {
      socket.write(request)
      let answer = Buffer.alloc(0)
      while (!isWhole(answer)) {
        const [chunk] = (await once(socket, 'data')) as [Buffer]
        answer = Buffer.concat([answer, chunk])
      }
      return answer
    }
    const ends = (text: string) => (answer: Buffer) => answer.toString('latin1').endsWith(text)
    return {
      port: server.port,
      store: () => memcachedStore(`127.0.0.1:${server.port}`, { deadline: '2s' }),
      // What can be listed leaves out what was written a moment ago.
      names: async () => ['e:k', 's', 't:%epoch', 't:t'].map((name) => `kf:hostile:${name}`),
      get: async (name) => {
        const answer = await ask(Buffer.from(`get ${name}\r\n`), ends('END\r\n'))
        const start = answer.indexOf('\r\n') + 2
        return answer.subarray(start, answer.length - 7)
      },
      set: async (name, bytes) => {
        const head = Buffer.from(`set ${name} 0 0 ${bytes.length}\r\n`)
        await ask(Buffer.concat([head, bytes, Buffer.from('\r\n')]), ends('\r\n'))
      },
    }
  },
}

const VALUE = { name: 'kept', list: [1, 2, 3], at: new Date(0), text: 'x'.repeat(300) }

/** How bytes are damaged. */
const damage: fc.Arbitrary<(bytes: Buffer) => Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 400 }).map((other) => () => Buffer.from(other)),
  fc
    .double({ min: 0, max: 1, noNaN: true })
    .map((part) => (bytes: Buffer) => bytes.subarray(0, Math.floor(bytes.length * part))),
  fc
    .array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 5 })
    .map((flips) => (bytes: Buffer) => {
      const copy = Buffer.from(bytes)
      for (const [at, mask] of flips) if (copy.length > 0) copy[at % copy.length]! ^= mask
      return copy
    }),
  fc
    .uint8Array({ minLength: 1, maxLength: 50 })
    .map((more) => (bytes: Buffer) => Buffer.concat([bytes, more])),
  fc.constant((bytes: Buffer) => {
    // Lengths and counts that claim four gigabytes.
    const copy = Buffer.from(bytes)
    copy.fill(0xff, 4, Math.min(copy.length, 40))
    return copy
  }),
)

for (const kind of ['redis', 'memcached'] as const) {
  test(`${kind}: damaged bytes are a miss, in an entry, a record or a lease`, async () => {
    const raw = await KINDS[kind]()
    const open = (): Cache => {
      const cache = createCache({ namespace: 'hostile', tiers: [raw.store()], lockWait: 50 })
      onTestFinished(() => cache.close())
      return cache
    }
    const cache = open()
    const errors = new Set<string>()
    cache.on('error', ({ error }) => errors.add((error as Error).name))
    await cache.getOrSet('k', () => VALUE, { tags: ['t'] })
    const names = (await raw.names()).toSorted()
    expect(names.length).toBeGreaterThan(2)
    const whole = new Map<string, Buffer>()
    for (const name of names) whole.set(name, Buffer.from(await raw.get(name)))
    const before = process.memoryUsage().arrayBuffers
    await fc.assert(
      fc.asyncProperty(fc.nat(), damage, async (which, hurt) => {
        for (const [name, bytes] of whole) await raw.set(name, bytes)
        const name = names[which % names.length]!
        await raw.set(name, hurt(whole.get(name)!))
        const given = await cache.getOrSet('k', () => ({ loaded: true }), { tags: ['t'] })
        if (!('loaded' in given)) expect(Object.keys(given)).toEqual(Object.keys(VALUE))
        await cache.getMany(['k', 'other'])
        await cache.inspect('k')
        expect(({} as Record<string, unknown>)['loaded']).toBeUndefined()
      }),
      { numRuns: 300 },
    )
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(256e6)
    for (const name of errors) expect(name).toMatch(/^(?:CacheError|ReplyError)$/)
    await raw.set(names[0]!, whole.get(names[0]!)!)
    // And it is still a cache.
    await cache.clear()
    expect(await cache.getOrSet('k', () => 'again')).toBe('again')
    expect(await open().get('k')).toBe('again')
  })

  test(`${kind}: what a process was writing when it was killed is there whole, or not at all`, async () => {
    const raw = await KINDS[kind]()
    const cache = createCache({ namespace: 'killed', tiers: [raw.store()] })
    onTestFinished(() => cache.close())
    let found = 0
    // On a slow machine a worker may be killed before it has written anything.
    for (let turn = 0; turn < 4 || found === 0; turn++) {
      await using worker = await startWorker<WriterService>(
        new URL('./workers/writer.ts', import.meta.url),
      )
      await worker.call.begin(kind, raw.port, 'killed')
      await new Promise((resolve) => setTimeout(resolve, 100 + 40 * turn))
      await worker.kill()
      for (let n = 0; n < 8; n++) {
        const value = await cache.get<{ fill: string; parts: string[] }>(['big', n])
        if (value === undefined) continue
        found++
        expect(value.parts).toHaveLength(200)
        for (const part of value.parts) expect(part).toBe(value.fill.repeat(2_000))
      }
    }
  })
}
