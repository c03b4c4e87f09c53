/** Whoever comes first gets the fields that all others get, where the body is there before the head goes out. */
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { KINDS, siteOpener } from './site.js'

describe.each(KINDS)('the first visitor: %s', (_, kind) => {
  const open = siteOpener(kind, { ttl: '1m' })

  it.each([
    ['text', 'päge'],
    ['bytes', Buffer.from([0, 255, 128])],
  ])('gets the tag of the page: %s', async (_kind, body) => {
    const site = await open(() => ({ body }))
    const first = await site.get('/')
    const second = await site.get('/')
    expect(first.headers.etag).toMatch(/^(W\/)?"/)
    expect(second.headers.etag).toBe(first.headers.etag)
    const again = await site.get('/', { 'if-none-match': String(first.headers.etag) })
    expect([again.status, again.body]).toEqual([304, ''])
  })

  it('who has the page already is told so, although the handler had to run', async () => {
    const site = await open(() => ({ body: 'page' }))
    const { etag } = (await site.get('/')).headers
    await site.cache.clear()
    const { status, body, headers } = await site.get('/', { 'if-none-match': String(etag) })
    expect([status, body, headers.etag]).toEqual([304, '', etag])
    expect(headers['cache-status']).toContain('fwd=miss')
    expect(headers).not.toHaveProperty('content-type')
    expect(headers).not.toHaveProperty('content-length')
    expect((await site.get('/')).body).toBe('page')
  })

  it('gets one for a page that has to be asked about each time, so that it can be', async () => {
    let runs = 0
    const site = await open(() => {
      runs++
      return { body: 'page', headers: { 'cache-control': 'public, no-cache' } }
    })
    const { etag } = (await site.get('/')).headers
    const { status, body } = await site.get('/', { 'if-none-match': String(etag) })
    expect([status, body, runs]).toEqual([304, '', 2])
  })

  it('gets no tag for what is not kept, and for a stream, which nobody knows before its end', async () => {
    const site = await open(({ url }) =>
      url === '/stream'
        ? { body: Readable.from(['pa', 'ge']) }
        : { body: 'own', headers: { 'cache-control': 'no-store' } },
    )
    expect((await site.get('/stream')).headers).not.toHaveProperty('etag')
    expect((await site.get('/stream')).headers).toHaveProperty('etag')
    const { etag } = (await site.get('/own')).headers
    // What Express gives by itself stays.
    expect(etag ?? 'W/').toMatch(/^W\//)
  })
})
