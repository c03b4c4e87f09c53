import { describe, expect, it } from 'vitest'
import { type Handler, KINDS, siteOpener } from './site.js'

describe.each(KINDS)('asking the handler about a stale page: %s', (_, kind) => {
  const site = siteOpener(kind)

  it('asks on every use about a page that says no-cache, however long its max-age', async () => {
    const asked: (string | undefined)[] = []
    const { get } = await site(({ headers }) => {
      asked.push(headers['if-none-match'])
      const fields = { etag: '"a"', 'cache-control': 'max-age=3600, no-cache' }
      return headers['if-none-match'] === '"a"'
        ? { status: 304, headers: fields }
        : { body: 'page', headers: fields }
    })
    for (const _ of [1, 2, 3]) expect((await get('/')).body).toBe('page')
    expect(asked).toEqual([undefined, '"a"', '"a"'])
  })

  it('asks about a variant in its place, and goes on telling it apart', async () => {
    let told = true
    const asked: (string | undefined)[] = []
    const { get, clock } = await site(({ headers }) => {
      asked.push(headers['if-none-match'])
      const fields = {
        etag: '"a"',
        'cache-control': 'max-age=10',
        ...(told ? { vary: 'x-tenant' } : {}),
      }
      return headers['if-none-match'] === '"a"'
        ? { status: 304, headers: fields }
        : { body: String(headers['x-tenant']), headers: fields }
    })
    await get('/', { 'x-tenant': 'ann' })
    await clock.advance(11_000)
    told = false
    expect((await get('/', { 'x-tenant': 'ann' })).body).toBe('ann')
    expect((await get('/', { 'x-tenant': 'bob' })).body).toBe('bob')
    expect(asked).toEqual([undefined, '"a"', undefined])
  })

  it('believes a 304 that states the length of what it does not send', async () => {
    const { get, clock } = await site(({ headers }) =>
      headers['if-none-match'] === undefined
        ? { body: 'page', headers: { etag: '"a"', 'cache-control': 'max-age=10' } }
        : {
            raw(response) {
              response.writeHead(304, { etag: '"a"', 'content-length': '7' }).end()
            },
          },
    )
    await get('/')
    await clock.advance(11_000)
    const got = await get('/')
    expect([got.status, got.body, got.headers['content-length']]).toEqual([200, 'page', '4'])
  })

  it('believes a 304 that repeats nothing of the page', async () => {
    let runs = 0
    const { get, clock } = await site(({ headers }) => {
      runs++
      return headers['if-none-match'] === undefined
        ? { body: 'page', headers: { etag: '"a"', 'cache-control': 'max-age=10' } }
        : { status: 304 }
    })
    await get('/')
    await clock.advance(11_000)
    const got = await get('/')
    expect([got.status, got.body, got.headers.etag, runs]).toEqual([200, 'page', '"a"', 2])
    expect((await get('/')).headers['cache-status']).toContain('hit')
  })

  it('knows what a page was made of after a 304 as before', async () => {
    let version = 1
    const { get, clock, cache } = await site(async ({ headers }) => {
      const etag = `"${version}"`
      if (headers['if-none-match'] === etag) return { status: 304, headers: { etag } }
      const body = await cache.getOrSet('row', () => `row ${version}`, { tags: ['row'] })
      return { body, headers: { etag, 'cache-control': 'max-age=10' } }
    })
    await get('/')
    await clock.advance(11_000)
    expect((await get('/')).body).toBe('row 1')
    version = 2
    expect((await get('/')).headers['cache-status']).toContain('hit')
    await cache.invalidateTags('row')
    expect((await get('/')).body).toBe('row 2')
  })

  it('shows a page that a 304 says is private now to who asked, and to nobody else', async () => {
    let runs = 0
    const { get, clock } = await site(({ headers }) => {
      const etag = '"a"'
      runs++
      return headers['if-none-match'] === etag
        ? { status: 304, headers: { etag, 'cache-control': 'private' } }
        : {
            body: `run ${runs}`,
            headers: { etag, 'cache-control': runs > 1 ? 'private' : 'max-age=10' },
          }
    })
    await get('/')
    await clock.advance(11_000)
    const own = await get('/')
    expect([own.status, own.body, own.headers['cache-control']]).toEqual([200, 'run 1', 'private'])
    const other = await get('/')
    expect([other.body, other.headers['cache-status']]).toEqual([
      'run 3',
      expect.not.stringContaining('hit'),
    ])
  })

  it('does not pass on a 304 that is about another page, and has the page made', async () => {
    let runs = 0
    const { get, clock } = await site(({ headers }) => {
      runs++
      return headers['if-none-match'] === undefined
        ? { body: `page ${runs}`, headers: { etag: `"${runs}"`, 'cache-control': 'max-age=10' } }
        : { status: 304, headers: { etag: '"other"' } }
    })
    await get('/')
    await clock.advance(11_000)
    const got = await get('/')
    expect([got.status, got.body]).toEqual([200, 'page 3'])
    expect((await get('/')).headers['cache-status']).toContain('hit')
  })

  it('does not ask about a page that was not found: a 304 would speak of one that was', async () => {
    const asked: (string | undefined)[] = []
    const { get, clock } = await site(({ headers }) => {
      asked.push(headers['if-none-match'])
      return {
        status: asked.length === 1 ? 404 : 200,
        body: 'same',
        headers: { etag: '"same"', 'cache-control': 'max-age=10' },
      }
    })
    expect((await get('/')).status).toBe(404)
    await clock.advance(11_000)
    expect((await get('/')).status).toBe(200)
    expect(asked).toEqual([undefined, undefined])
  })

  it('knows without being asked again that a page has not changed since its Date', async () => {
    const { get } = await site(() => ({ body: 'page' }), { ttl: '1m' })
    await get('/')
    const { date } = (await get('/')).headers
    expect((await get('/', { 'if-modified-since': String(date) })).status).toBe(304)
    const before = new Date(Date.parse(String(date)) - 1000).toUTCString()
    expect((await get('/', { 'if-modified-since': before })).status).toBe(200)
  })
})

describe.each(KINDS)('a handler that passes on all request fields: %s', (_, kind) => {
  const site = siteOpener(kind)

  const origin =
    (fields: Record<string, string>): Handler =>
    ({ headers }) => {
      const sent = { ...headers }
      return { body: `${String(sent['x-v'])} ${String(sent.cookie)}`, headers: fields }
    }

  it('stands for an origin: what the response says counts, and Vary tells pages apart', async () => {
    const { get } = await site(origin({ 'cache-control': 'max-age=60', vary: 'x-v' }))
    expect((await get('/', { 'x-v': '1', 'x-other': '1' })).body).toContain('1')
    const hit = await get('/', { 'x-v': '1', 'x-other': '2' })
    expect(hit.headers['cache-status']).toContain('hit')
    expect((await get('/', { 'x-v': '2' })).body).toContain('2')
  })

  it('keeps nothing on the word of the route alone, unless that says that Vary is complete', async () => {
    const closed = await site(origin({}), { ttl: '1m' })
    await closed.get('/', { 'x-v': '1' })
    const again = await closed.get('/', { 'x-v': '2' })
    expect(again.body).toContain('2')
    const open = await site(origin({}), { ttl: '1m', unkeyed: 'all' })
    await open.get('/')
    expect((await open.get('/')).headers['cache-status']).toContain('hit')
  })

  it('keeps no answer to a cookie that does not say it is for all', async () => {
    const quiet = await site(origin({ 'cache-control': 'max-age=60' }))
    const first = await quiet.get('/', { cookie: 'id=ann' })
    expect(first.headers['cache-status']).toContain('detail=personal')
    expect((await quiet.get('/', { cookie: 'id=bob' })).body).toContain('id=bob')
    const loud = await site(origin({ 'cache-control': 'public, max-age=60' }))
    await loud.get('/', { cookie: 'id=ann' })
    expect((await loud.get('/', {})).headers['cache-status']).toContain('hit')
  })

  it.each<[string, (headers: object) => unknown]>([
    ['everything', (headers) => JSON.stringify(headers)],
    ['how many there are', (headers) => Object.keys(headers).length],
  ])('still shows nobody what it reads by name, when a log has read %s', async (__, log) => {
    const { get } = await site(({ headers }) => {
      log(headers)
      return {
        body: String(headers['x-forwarded-host']),
        headers: { 'cache-control': 'public, max-age=60' },
      }
    })
    expect((await get('/', { 'x-forwarded-host': 'evil.test' })).body).toBe('evil.test')
    expect((await get('/')).body).toBe('undefined')
    expect((await get('/', { 'x-forwarded-host': 'evil.test' })).body).toBe('evil.test')
  })
})
