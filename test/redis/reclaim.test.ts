import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { redisStore } from '../../adapters/redis/index.js'
import type { Reach } from '../../adapters/redis/reach.js'
import { reclaim } from '../../adapters/redis/reclaim.js'
import type { Request } from '../../adapters/redis/request.js'
import { systemRandom } from '../../src/base/random.js'
import { createEnvelopes } from '../../src/store/envelope.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { type RedisServer, startRedis } from '../support/servers/index.js'
import { until } from '../support/until.js'
import { get, opened, put, timed } from './opened.js'

const envelopes = createEnvelopes({ random: systemRandom })
const sealed = async (key: string, space: string): Promise<Buffer> =>
  envelopes.seal({
    key,
    name: key,
    digested: false,
    value: 'value',
    loadedAt: 0,
    freshUntil: 1,
    staleUntil: 2,
    private: false,
    space,
    tags: ['tag'],
    versions: ['version'],
    delta: 0,
  })

describe('clear takes space back in the background', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test('of entries made before it, and of no other namespace', async () => {
    // As long as versions are: a short one may stand in what is random about an entry.
    const [before, now] = [systemRandom.token(), systemRandom.token()]
    await using opening = opened(redisStore(server.url), 'shop')
    await using other = opened(redisStore(server.url), 'shop.other')
    const { store } = opening
    await put(other.store, 'k')
    const old = Array.from({ length: 1_000 }, (_, n) => `old-${n}`)
    await store.write(
      await Promise.all(
        old.map(async (key) => ({ key, bytes: await sealed(key, before), keepMs: Infinity })),
      ),
      ['tag'],
      undefined,
    )
    const { ms } = await timed(store.clear(now, undefined))
    expect(ms).toBeLessThan(100)
    const kept = ['new-0', 'new-1']
    await store.write(
      await Promise.all(
        kept.map(async (key) => ({ key, bytes: await sealed(key, now), keepMs: Infinity })),
      ),
      ['tag'],
      undefined,
    )
    const entries = async () => (await server.command('KEYS', 'kf:shop:e:*')) as string[]
    await until('the old entries are gone', async () => (await entries()).length <= kept.length)
    expect((await entries()).toSorted()).toEqual(kept.map((key) => `kf:shop:e:{${key}}`))
    expect(await server.command('EXISTS', 'kf:shop.other:e:{k}')).toBe(1)
  })

  test('also from a server that did not answer for a while', async () => {
    await using opening = opened(redisStore(server.url), 'busy')
    const { store } = opening
    const bytes = Buffer.from('old')
    const keys = Array.from({ length: 5_000 }, (_, n) => `old-${n}`)
    await store.write(
      keys.map((key) => ({ key, bytes, keepMs: Infinity })),
      [],
      undefined,
    )
    const left = async () => ((await server.command('KEYS', 'kf:busy:e:*')) as string[]).length
    await store.clear('now', undefined)
    await until('some are gone', async () => (await left()) < keys.length)
    server.pause()
    // What was asked before them has been given up as well by then.
    await expect(get(store, 'any')).rejects.toMatchObject({ code: 'CACHE_STORE_UNAVAILABLE' })
    await expect(get(store, 'any')).rejects.toMatchObject({ code: 'CACHE_STORE_UNAVAILABLE' })
    server.resume()
    expect(await left()).toBeGreaterThan(0)
    await until('the others are gone', async () => (await left()) === 0)
  })

  test('and gives a server up that fails for most of a minute, not the others', async () => {
    const clock = new FakeClock()
    const asked: string[] = []
    /** A link whose server refuses what it is asked, or has gone through all of its keys at once. */
    const link = (name: string, works: boolean) => ({
      send(request: Request) {
        asked.push(name)
        if (works) request.done([Buffer.from('0'), []])
        else request.failed(new Error('refused'))
      },
    })
    const links = [link('broken', false), link('well', true)]
    reclaim({ context: { clock }, names: {}, router: { links: () => links } } as unknown as Reach)
    await clock.advance(51_000)
    expect(asked).toEqual(Array.from({ length: 9 }, () => 'broken'))
    await clock.advance(200)
    expect(asked.slice(9)).toEqual(['broken', 'well'])
    expect(clock.pending).toBe(0)
  })

  test('and stops when the store is closed', async () => {
    await using opening = opened(redisStore(server.url), 'stopped')
    const { store } = opening
    const keys = Array.from({ length: 3_000 }, (_, n) => `old-${n}`)
    await store.write(
      keys.map((key) => ({ key, bytes: Buffer.from('old'), keepMs: Infinity })),
      [],
      undefined,
    )
    await store.clear('now', undefined)
    await store.close(1_000)
    const left = (await server.command('KEYS', 'kf:stopped:e:*')) as string[]
    expect(left.length).toBeGreaterThan(0)
  })
})
