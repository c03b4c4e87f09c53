import { describe, expect, it } from 'vitest'
import { type Cache, createCache } from '../../index.js'
import type { PurgeRequest } from '../../src/http/index.js'
import {
  createPageCache,
  type PageOptions,
  purgeCdn,
  type Purged,
  purgeAfter,
} from '../../src/page/index.js'
import { deferred } from '../support/deferred.js'
import { until } from '../support/until.js'
import { type Handler, KINDS, type OpenSite, siteOpener } from './site.js'

describe.each(KINDS)('tags for a CDN: %s', (_, kind) => {
  const open = siteOpener(kind, { ttl: '1m', hosts: 'shop.test' })
  async function site(
    handlerOf: (cache: Cache) => Handler,
    options: PageOptions,
  ): Promise<OpenSite> {
    const made = await open((asked) => handlerOf(made.cache)(asked), options)
    const ask: OpenSite['ask'] = (method, path, headers) =>
      made.ask(method, path, { host: 'shop.test', ...headers })
    return { ...made, ask, get: (path, headers) => ask('GET', path, headers) }
  }
  const reading =
    (tags: readonly string[], own: Record<string, string> = {}) =>
    (cache: Cache): Handler =>
    async () => ({
      body: String(await cache.getOrSet('row', () => 1, { tags })),
      headers: own,
    })

  it('go out with the page: those of the route, of the page, and of what it was made from', async () => {
    const { get } = await site(reading(['row:1', 'all rows']), {
      surrogateKeys: 'fastly',
      tags: ['news'],
    })
    for (const state of ['stored', 'hit']) {
      const { headers } = await get('/a')
      expect(headers['cache-status']).toContain(state)
      expect(headers['surrogate-key']).toBe('page:https://shop.test/a news row:1 all%20rows')
      expect(headers['cdn-cache-control']).toBeUndefined()
    }
  })

  it('leave in the field what the handler wrote, and have the form the CDN wants', async () => {
    const { get } = await site(reading(['row:1'], { 'cache-tag': 'mine,row:1' }), {
      surrogateKeys: 'cloudflare',
    })
    for (const _ of [1, 2]) {
      expect((await get('/a')).headers['cache-tag']).toBe('mine,row:1,page:https://shop.test/a')
    }
  })

  it('that do not fit keep the page from being kept by the CDN, and not here', async () => {
    const many = Array.from({ length: 200 }, (_, at) => `row:${at}`)
    const { get } = await site(reading(many), { surrogateKeys: 'akamai' })
    for (const state of ['stored', 'hit']) {
      const { headers } = await get('/a')
      expect(headers['cache-status']).toContain(state)
      expect(headers['cdn-cache-control']).toBe('no-store')
      expect(String(headers['edge-cache-tag']).split(',').length).toBe(128)
    }
  })

  it('leave room for those that the handler wrote', async () => {
    const list = (name: string, count: number) =>
      Array.from({ length: count }, (_, at) => `${name}:${at}`)
    const { get } = await site(
      reading(list('row', 60), { 'edge-cache-tag': list('own', 100).join() }),
      {
        surrogateKeys: 'akamai',
      },
    )
    const { headers } = await get('/a')
    const tags = String(headers['edge-cache-tag']).split(',')
    expect([tags.length, tags.slice(0, 100)]).toEqual([128, list('own', 100)])
    expect(headers['cdn-cache-control']).toBe('no-store')
    const small = await site(
      reading(list('row', 60), { 'surrogate-key': 'own '.repeat(20).trim() }),
      {
        surrogateKeys: {
          field: 'surrogate-key',
          separator: ' ',
          maxBytes: 200,
          maxTagBytes: 100,
          maxTags: Infinity,
        },
      },
    )
    expect(String((await small.get('/a')).headers['surrogate-key']).length).toBeLessThanOrEqual(200)
  })

  it('are not all known while the handler still writes, so only later responses are for the CDN', async () => {
    const { get } = await site(
      (cache) => () => ({
        raw(response) {
          response.write('first ')
          void cache
            .getOrSet('late', () => 'second', { tags: ['late'] })
            .then((text) => response.end(text))
        },
      }),
      { surrogateKeys: 'fastly' },
    )
    const first = await get('/a')
    expect([first.headers['cdn-cache-control'], first.headers['surrogate-control']]).toEqual([
      'no-store',
      'no-store',
    ])
    const second = await get('/a')
    expect(second.headers['surrogate-key']).toContain('late')
    expect(second.headers['cdn-cache-control']).toBeUndefined()
  })

  it('do not go out with what is for one visitor', async () => {
    const { get } = await site(reading(['row:1'], { 'cache-control': 'private' }), {
      surrogateKeys: 'fastly',
    })
    expect((await get('/a')).headers['surrogate-key']).toBeUndefined()
  })

  it('are told to purge when they are invalidated, and so is a page that was changed', async () => {
    const told: Purged[] = []
    const { get, ask, cache } = await site(reading(['row:1']), {
      purge: (purged) => told.push(purged),
    })
    await get('/a')
    await cache.invalidateTags(['row:1', 'row:2'])
    await until('it is told', () => told.length === 1)
    expect(told[0]).toEqual({ tags: ['row:1', 'row:2'], all: false })
    await ask('POST', '/a')
    await until('it is told', () => told.length === 2)
    expect(told[1]!.tags).toEqual(['page:https://shop.test/a'])
  })
})

describe('purging', () => {
  it('tells what comes meanwhile together, and each function once', async () => {
    await using cache = createCache()
    const told: Purged[] = []
    const gate = deferred()
    const purge = async (purged: Purged): Promise<void> => {
      told.push(purged)
      await gate.promise
    }
    for (const _ of [1, 2]) createPageCache(cache, { purge })
    await cache.invalidateTags('a')
    await until('the first is told', () => told.length === 1)
    for (const tag of ['b', 'c', 'b']) await cache.invalidateTags(tag)
    await cache.clear()
    expect(told.length).toBe(1)
    gate.resolve()
    await until('the rest is told', () => told.length === 2)
    expect(told[1]).toEqual({ tags: ['b', 'c'], all: true })
  })

  it('goes on after a failure, which is an event', async () => {
    await using cache = createCache()
    const failures: string[] = []
    cache.on('error', ({ operation, error }) => failures.push(`${operation}: ${String(error)}`))
    let calls = 0
    purgeAfter(cache, () => {
      calls++
      throw new Error('no network')
    })
    await cache.invalidateTags('a')
    await until('it failed', () => failures.length === 1)
    await cache.invalidateTags('b')
    await until('it failed again', () => calls === 2)
    expect(failures[0]).toBe('purge: Error: no network')
  })

  it('sends a CDN what its documentation asks for', async () => {
    const sent: (Partial<PurgeRequest> & { url: string })[] = []
    const send = async (url: string, request: object) => {
      sent.push({ url, ...request })
      return { ok: true, status: 200 }
    }
    const purged = { tags: ['row:1', 'all rows'], all: false }
    await purgeCdn({ cdn: 'fastly', serviceId: 'svc', token: 'key' }, send)(purged)
    await purgeCdn({ cdn: 'cloudflare', zoneId: 'zone', token: 'key' }, send)(purged)
    expect(sent).toMatchObject([
      {
        method: 'POST',
        url: 'https://api.fastly.com/service/svc/purge',
        headers: { 'fastly-key': 'key', 'surrogate-key': 'row:1 all%20rows' },
      },
      {
        method: 'POST',
        url: 'https://api.cloudflare.com/client/v4/zones/zone/purge_cache',
        body: '{"tags":["row:1","all%20rows"]}',
      },
    ])
  })

  it('rejects when the CDN refuses, after all has been sent', async () => {
    let sent = 0
    const purge = purgeCdn({ cdn: 'cloudflare', zoneId: 'zone', token: 'key' }, async () => ({
      ok: ++sent > 1,
      status: 429,
    }))
    const tags = Array.from({ length: 40 }, (_, at) => `t${at}`)
    await expect(Promise.resolve(purge({ tags, all: false }))).rejects.toThrow(AggregateError)
    expect(sent).toBe(2)
  })
})
