/** Unsafe requests and what they make unusable (RFC 9111 section 4.4). */
import { describe, expect, it } from 'vitest'
import { deferred } from '../support/deferred.js'
import { until } from '../support/until.js'
import { type Handler, KINDS, siteOpener, type Told } from './site.js'

describe.each(KINDS)('a change: %s', (_, kind) => {
  const open = siteOpener(kind, { ttl: '1m' })
  const host = 'shop.test'

  /** Pages that count their runs, and a POST that is answered with `told`. */
  function pages(told: Told): Handler {
    let runs = 0
    return ({ method }) => (method === 'POST' ? told : { body: `run ${++runs}` })
  }

  it.each<[string, Told]>([
    ['in fields', { status: 303, headers: { location: '/item?x=1' } }],
    ['in Content-Location', { headers: { 'content-location': 'https://shop.test/item' } }],
    ['in writeHead', { raw: (response) => response.writeHead(201, { location: '/item' }).end() }],
  ])('counts for what it names %s on its own origin', async (__, told) => {
    const { get, ask } = await open(pages(told))
    expect((await get('/item', { host })).body).toBe('run 1')
    await ask('POST', '/items', { host })
    expect((await get('/item', { host })).body).toBe('run 2')
  })

  it.each<[string, Told]>([
    ['names a page of another host', { headers: { location: 'https://other.test/item' } }],
    ['names it with another scheme', { headers: { location: 'http://shop.test/item' } }],
    ['failed', { status: 422, headers: { location: '/item' } }],
    ['failed on our side', { status: 500, headers: { location: '/item' } }],
  ])('leaves pages alone when it %s', async (__, told) => {
    const { get, ask } = await open(pages(told))
    for (const of of [host, 'other.test']) await get('/item', { host: of })
    await ask('POST', '/items', { host })
    for (const of of [host, 'other.test']) {
      expect((await get('/item', { host: of })).headers['cache-status']).toContain('hit')
    }
  })

  it('is answered when the old page is gone, and no sooner', async () => {
    const { get, ask, cache } = await open(pages({ body: 'changed' }))
    const gate = deferred()
    const invalidateTags = cache.invalidateTags.bind(cache)
    let begun = false
    cache.invalidateTags = async (...args) => {
      begun = true
      await gate.promise
      return invalidateTags(...args)
    }
    await get('/item')
    let isAnswered = false
    const answer = ask('POST', '/item').then((got) => {
      isAnswered = true
      return got
    })
    await until('the invalidation has begun', () => begun)
    expect((await get('/item')).headers['cache-status']).toContain('hit')
    expect(isAnswered).toBe(false)
    gate.resolve()
    expect((await answer).body).toBe('changed')
    expect((await get('/item')).body).toBe('run 2')
  })

  it('is answered although nothing could be invalidated, which is an event', async () => {
    const { ask, cache } = await open(pages({ body: 'changed' }))
    const errors: string[] = []
    cache.on('error', ({ operation, error }) => errors.push(`${operation}: ${String(error)}`))
    cache.invalidateTags = () => Promise.reject(new Error('no network'))
    expect((await ask('POST', '/item')).body).toBe('changed')
    expect(errors).toEqual(['invalidate: Error: no network'])
  })

  it('is one change, however often its answer is ended', async () => {
    const { ask, cache } = await open(
      pages({
        raw: (response) => {
          response.end('changed')
          response.end('again')
        },
      }),
    )
    let invalidations = 0
    cache.on('invalidate', () => invalidations++)
    expect((await ask('POST', '/item')).body).toBe('changed')
    expect(invalidations).toBe(1)
  })
})
