import { describe, expect, it } from 'vitest'
import type { PageOptions } from '../../src/page/index.js'
import { deferred } from '../support/deferred.js'
import { until } from '../support/until.js'
import { type Got, type Handler, KINDS, siteOpener } from './site.js'

describe.each(KINDS)('options of pages: %s', (_, kind) => {
  const site = siteOpener(kind, { ttl: '1m' })
  const state = async (asked: Promise<Got>) => (await asked).headers['cache-status']

  it('softTimeout: a stale page after a while, and the new one is made behind it', async () => {
    let runs = 0
    const gate = deferred()
    const { get, clock, arrived } = await site(
      async () => {
        const run = ++runs
        if (run === 2) await gate.promise
        return { body: `run ${run}` }
      },
      { ttl: '10s', grace: '1m', softTimeout: '500ms' },
    )
    await get('/')
    await clock.advance(11_000)
    const waiting = [get('/'), get('/')]
    await until('both wait', () => arrived() === 3 && runs === 2)
    let early = 0
    for (const one of waiting) void one.then(() => early++)
    await clock.advance(499)
    expect(early).toBe(0)
    await clock.advance(1)
    for (const one of waiting) {
      const { body, headers } = await one
      expect([body, headers['cache-status']]).toEqual(['run 1', 'keepfresh;hit;ttl=-2'])
    }
    gate.resolve()
    await until('the new one is kept', async () => (await get('/')).body === 'run 2')
    expect(runs).toBe(2)
  })

  it('softTimeout: a handler that is quick enough is waited for', async () => {
    let runs = 0
    const { get, clock } = await site(() => ({ body: `run ${++runs}` }), {
      ttl: '10s',
      staleIfError: '1m',
      softTimeout: '500ms',
    })
    await get('/')
    await clock.advance(11_000)
    const got = await get('/')
    expect([got.body, got.headers['cache-status']]).toEqual(['run 2', 'keepfresh;fwd=stale;stored'])
  })

  it('softTimeout: no longer than hardTimeout', async () => {
    let runs = 0
    const gate = deferred()
    const { get, clock } = await site(
      async () => {
        if (++runs === 2) await gate.promise
        return { body: `run ${runs}` }
      },
      { ttl: '10s', staleIfError: '1m', softTimeout: '5s', hardTimeout: '1s' },
    )
    await get('/')
    await clock.advance(11_000)
    const waiting = get('/')
    await until('the handler runs', () => runs === 2)
    await clock.advance(1_000)
    expect((await waiting).body).toBe('run 1')
    gate.resolve()
  })

  it('softTimeout: not for a page that must be revalidated', async () => {
    let runs = 0
    const gate = deferred()
    const { get, clock } = await site(
      async () => {
        if (++runs === 2) await gate.promise
        return {
          body: `run ${runs}`,
          headers: { 'cache-control': 'max-age=10, must-revalidate' },
        }
      },
      { grace: '1m', softTimeout: '500ms' },
    )
    await get('/')
    await clock.advance(11_000)
    const waiting = get('/')
    await until('the handler runs', () => runs === 2)
    await clock.advance(500)
    gate.resolve()
    expect((await waiting).body).toBe('run 2')
  })

  it('hardTimeout: nobody waits longer for the run of another, and runs for themselves then', async () => {
    let runs = 0
    const gate = deferred()
    const { get, clock, arrived } = await site(
      async () => {
        const run = ++runs
        if (run === 1) await gate.promise
        return { body: `run ${run}` }
      },
      { hardTimeout: '2s' },
    )
    const first = get('/')
    await until('the handler runs', () => runs === 1)
    const second = get('/')
    await until('the second waits', () => arrived() === 2)
    await clock.advance(2_000)
    const got = await second
    expect([got.body, got.headers['cache-status']]).toEqual([
      'run 2',
      'keepfresh;fwd=bypass;detail=timeout',
    ])
    gate.resolve()
    expect((await first).body).toBe('run 1')
  })

  it('hardTimeout: a stale page is better than another run', async () => {
    let runs = 0
    const gate = deferred()
    const { get, clock, arrived } = await site(
      async () => {
        const run = ++runs
        if (run === 2) await gate.promise
        return { body: `run ${run}` }
      },
      { ttl: '10s', staleIfError: '1m', hardTimeout: '2s' },
    )
    await get('/')
    await clock.advance(11_000)
    const maker = get('/')
    await until('the handler runs', () => runs === 2)
    const waiting = get('/')
    await until('the other waits', () => arrived() === 3)
    await clock.advance(2_000)
    expect([(await waiting).body, runs]).toEqual(['run 1', 2])
    gate.resolve()
    expect((await maker).body).toBe('run 2')
  })

  it('identified: what a known user gets is kept only when it says that it is for all', async () => {
    const identified: PageOptions = {
      identified: ({ headers }) => headers['x-user'] !== undefined,
      unkeyed: ['x-user'],
    }
    const quiet = await site(({ headers }) => ({ body: String(headers['x-user']) }), identified)
    const first = await quiet.get('/', { 'x-user': 'ann' })
    expect(first.headers['cache-status']).toContain('detail=authorization')
    expect((await quiet.get('/')).body).toBe('undefined')
    const loud = await site(
      () => ({ body: 'all', headers: { 'cache-control': 'public, max-age=60' } }),
      identified,
    )
    await loud.get('/', { 'x-user': 'ann' })
    expect(await state(loud.get('/'))).toContain('hit')
  })

  it('unkeyed: a field that is read without being part of the page tells no pages apart', async () => {
    const handler: Handler = ({ headers }) => {
      void headers['x-request-id']
      return { body: 'page' }
    }
    const apart = await site(handler)
    await apart.get('/', { 'x-request-id': '1' })
    expect(await state(apart.get('/', { 'x-request-id': '2' }))).toContain('miss')
    const together = await site(handler, { unkeyed: ['X-Request-Id'] })
    await together.get('/', { 'x-request-id': '1' })
    expect(await state(together.get('/', { 'x-request-id': '2' }))).toContain('hit')
  })

  it('targets: fields for this cache go before Cache-Control, and that goes out as it is', async () => {
    const fields = { 'cache-control': 'no-store', 'cdn-cache-control': 'max-age=60' }
    const { get } = await site(() => ({ body: 'page', headers: fields }), {
      targets: ['Shop-Cache-Control', 'CDN-Cache-Control'],
    })
    await get('/')
    const hit = await get('/')
    expect(hit.headers['cache-status']).toContain('hit')
    expect(hit.headers['cache-control']).toBe('no-store')
    const closed = await site(() => ({
      body: 'page',
      headers: { 'cache-control': 'max-age=60', 'cdn-cache-control': 'no-store' },
    }))
    await closed.get('/')
    expect(await state(closed.get('/'))).toContain('hit')
  })

  it('targets: one that cannot be read counts for nothing', async () => {
    const { get } = await site(
      () => ({
        headers: { 'cache-control': 'no-store', 'cdn-cache-control': 'max-age=60, &' },
      }),
      { targets: ['cdn-cache-control'] },
    )
    expect(await state(get('/'))).toContain('detail=no-store')
  })

  it('noVarySearch: browsers are told which parameters make a difference', async () => {
    const told = async (options: PageOptions, headers: Record<string, string> = {}) => {
      const { get } = await site(() => ({ body: 'page', headers }), options)
      const both = [await get('/?page=1&utm=2'), await get('/?page=1&utm=3')]
      expect(both[1]!.headers['cache-status']).toContain(options.query === 'all' ? 'miss' : 'hit')
      return both.map(({ headers: sent }) => sent['no-vary-search'])
    }
    const value = 'key-order, params, except=("page")'
    expect(await told({ noVarySearch: true, query: ['page'] })).toEqual([value, value])
    expect(await told({ noVarySearch: true })).toEqual(['key-order, params', 'key-order, params'])
    expect(await told({ noVarySearch: true, query: 'all' })).toEqual(['key-order', 'key-order'])
    expect(await told({ query: ['page'] })).toEqual([undefined, undefined])
    const own = { 'no-vary-search': 'params' }
    expect(await told({ noVarySearch: true }, own)).toEqual(['params', 'params'])
  })

  it('bypass: the handler answers for this visitor alone, and sees all of the request', async () => {
    const { get } = await site(({ url, headers }) => ({ body: `${url} ${headers.range}` }), {
      bypass: ({ headers }) => headers['x-preview'] === 'yes',
    })
    await get('/x')
    const got = await get('/x?draft=1', { 'x-preview': 'yes', range: 'bytes=0-1' })
    expect(got.body).toBe('/x?draft=1 bytes=0-1')
    expect(got.headers['cache-status']).toBe('keepfresh;fwd=bypass;detail=configured')
    expect((await get('/x')).body).toBe('/x undefined')
  })

  it('tags: pages are invalidated by what the route says they are about', async () => {
    let runs = 0
    const { get, cache } = await site(() => ({ body: `run ${++runs}` }), {
      tags: ({ url = '' }) => [`news:${url.split('/').at(-1)}`],
    })
    for (const path of ['/news/5', '/news/6']) await get(path)
    await cache.invalidateTags(['news:5'])
    expect([(await get('/news/5')).body, (await get('/news/6')).body]).toEqual(['run 3', 'run 2'])
  })

  it('groups: an unsafe request invalidates the groups it names, on its own host', async () => {
    const runs = new Map<string, number>()
    const { get, ask } = await site(({ method, url, headers }) => {
      if (method === 'POST') return { headers: { 'cache-group-invalidation': '"prices"' } }
      const page = `${headers.host}${url}`
      runs.set(page, (runs.get(page) ?? 0) + 1)
      const group = url === '/about' ? '"other"' : '"prices", "all"'
      return { body: `${page} ${runs.get(page)}`, headers: { 'cache-groups': group } }
    })
    const asked = ['/a', '/b', '/about'].map((path) => ({ path, host: 'shop.test' }))
    asked.push({ path: '/a', host: 'other.test' })
    for (const { path, host } of asked) await get(path, { host })
    await ask('POST', '/prices', { host: 'shop.test' })
    const bodies: string[] = []
    for (const { path, host } of asked) bodies.push((await get(path, { host })).body)
    expect(bodies).toEqual([
      'shop.test/a 2',
      'shop.test/b 2',
      'shop.test/about 1',
      'other.test/a 1',
    ])
  })

  it('groups: a request that failed invalidates nothing', async () => {
    const { get, ask } = await site(({ method }) =>
      method === 'POST'
        ? { status: 422, headers: { 'cache-group-invalidation': '"prices"' } }
        : { body: 'page', headers: { 'cache-groups': '"prices"' } },
    )
    await get('/a')
    await ask('POST', '/prices')
    expect(await state(get('/a'))).toContain('hit')
  })

  it('staleIfError: a handler that throws has failed', async () => {
    let fails = false
    const { get, clock } = await site(
      () => {
        if (fails) throw new Error('no database')
        return { body: 'fine' }
      },
      { ttl: '10s', staleIfError: '1m' },
    )
    await get('/')
    fails = true
    await clock.advance(11_000)
    const stale = await get('/')
    expect([stale.status, stale.body]).toEqual([200, 'fine'])
    expect(stale.headers['cache-status']).toContain('stale-if-error')
    expect((await get('/other')).status).toBe(500)
    await clock.advance(60_000)
    expect((await get('/')).status).toBe(500)
  })

  it('staleIfError: not for a page that must be revalidated', async () => {
    let fails = false
    const { get, clock } = await site(
      () =>
        fails
          ? { status: 503, body: 'down' }
          : { body: 'fine', headers: { 'cache-control': 'max-age=10, must-revalidate' } },
      { staleIfError: '1m' },
    )
    await get('/')
    fails = true
    await clock.advance(11_000)
    expect((await get('/')).status).toBe(503)
  })
})
