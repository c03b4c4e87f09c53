import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../adapters/memory/index.js'
import { variantKey } from '../../src/http/index.js'
import { plant, storedPage } from './kept.js'
import { BEHIND, type Handler, KINDS, siteOpener } from './site.js'

const echo =
  (field: string): Handler =>
  ({ headers }) => ({ body: `${field}: ${String(headers[field] ?? 'none')}` })

describe.each(KINDS)('attacks on pages: %s', (_, kind) => {
  const open = siteOpener(kind, { ttl: '1m' })

  it.each(['x-forwarded-host', 'x-forwarded-proto', 'forwarded', 'x-original-url', 'x-evil'])(
    'does not show anybody the %s of another, although no Vary says so',
    async (field) => {
      const { get } = await open(echo(field))
      expect((await get('/', { [field]: 'evil.test' })).body).toBe(`${field}: evil.test`)
      expect((await get('/')).body).toBe(`${field}: none`)
      expect((await get('/')).headers['cache-status']).toContain('hit')
    },
  )

  it('keeps nothing of a handler that repeats every field', async () => {
    const { get } = await open(({ headers }) => ({ body: JSON.stringify(headers) }))
    await get('/', { 'x-evil': 'mine' })
    expect((await get('/')).body).not.toContain('mine')
  })

  it('has pages of their own for each host, and none for a host that is not configured', async () => {
    const any = await open(echo('host'))
    await any.get('/', { host: 'evil.test' })
    expect((await any.get('/', { host: 'shop.test' })).body).toBe('host: shop.test')
    const one = await open(echo('host'), { hosts: 'shop.test' })
    const refused = await one.get('/', { host: 'evil.test' })
    expect(refused.headers['cache-status']).toBe('keepfresh;fwd=bypass;detail=host')
    expect((await one.get('/', { host: 'SHOP.test:443' })).body).toBe('host: shop.test')
    expect((await one.get('/', { host: 'shop.test' })).headers['cache-status']).toContain('hit')
  })

  it('shows the handler no parameter that is not in the key', async () => {
    const { get } = await open(({ query, url }) => ({ body: JSON.stringify([query, url]) }), {
      query: ['page'],
    })
    const first = await get('/news?page=1&callback=evil&utm_content=x;page=2')
    expect(first.body).toBe('[{"page":"1"},"/news?page=1"]')
    expect((await get('/news?page=1')).headers['cache-status']).toContain('hit')
    expect((await get('/news?page=2')).body).toContain('"2"')
  })

  it('does not keep what a GET with a body was answered', async () => {
    const { ask, get } = await open(() => ({ body: 'page' }))
    const fat = await ask(
      'GET',
      '/',
      { 'content-type': 'text/plain', 'content-length': '3' },
      'abc',
    )
    expect(fat.headers['cache-status']).toBe('keepfresh;fwd=bypass;detail=request-body')
    const chunked = { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' }
    expect((await ask('GET', '/', chunked, 'abc')).headers['cache-status']).toBe(
      'keepfresh;fwd=bypass;detail=request-body',
    )
    expect((await get('/')).headers['cache-status']).toContain('fwd=miss')
    expect((await ask('GET', '/', chunked, 'abc')).headers['cache-status']).toContain('fwd=bypass')
  })

  it.each(['x-http-method-override', 'x-http-method', 'x-method-override'])(
    'keeps nothing for requests that override their method by %s, and answers none from what is kept',
    async (field) => {
      const { get } = await open(() => ({ body: 'page' }))
      for (const _ of [1, 2]) {
        const got = await get('/', { [field]: 'DELETE' })
        expect(got.headers['cache-status']).toBe('keepfresh;fwd=bypass;detail=method-override')
        await get('/')
      }
    },
  )

  it('leaves a request for another protocol to the application', async () => {
    const { get } = await open(() => ({ body: 'page' }))
    const upgrade = { connection: 'upgrade', upgrade: 'websocket' }
    for (const _ of [1, 2]) {
      const got = await get('/', upgrade)
      expect(got.headers['cache-status']).toBe('keepfresh;fwd=bypass;detail=upgrade')
      await get('/')
    }
  })

  it.each([
    '/me/..%2fx.css',
    '/me/%2e%2e/x.css',
    '/a/../b',
    '/a/./b',
    '/a/..;/b',
    '/a/%2e%2e%5cb',
    '/x%00.css',
    '/x%zz',
    '//evil.test/x',
  ])('does not keep %s, which servers read in different ways', async (path) => {
    const { get } = await open(() => ({ body: 'page' }))
    await get(path)
    expect((await get(path)).headers['cache-status'] ?? '').not.toContain('hit')
  })

  it('does not take a private page for an asset because of its name', async () => {
    const { get } = await open(({ headers }) => ({ body: `for ${headers.cookie}` }))
    await get('/me/x.css', { cookie: 'id=a' })
    expect((await get('/me/x.css', { cookie: 'id=b' })).body).toBe('for id=b')
    expect((await get('/me/x.css')).body).toBe('for undefined')
  })

  it('does not keep the 400 that an oversized or broken request got, whatever was wrong with it', async () => {
    // What found it too large (a proxy behind, a parser in front) does not ask for fields by name.
    let isBroken = true
    const { get } = await open(() => (isBroken ? { status: 400 } : { body: 'fine' }))
    expect((await get('/', { 'x-long': 'x'.repeat(2_000) })).status).toBe(400)
    isBroken = false
    expect((await get('/')).body).toBe('fine')
  })

  it('does not show anybody the 400 of another, although it says that it may be kept', async () => {
    const { get } = await open(({ headers }) => ({
      ...((headers['x-long'] ?? '').length > 100 ? { status: 400, body: 'bad' } : { body: 'fine' }),
      headers: { 'cache-control': 'public, max-age=60' },
    }))
    expect((await get('/', { 'x-long': 'x'.repeat(2_000) })).status).toBe(400)
    expect((await get('/')).body).toBe('fine')
  })

  it('keeps encoded separators and case apart, as routers do', async () => {
    const { get } = await open(({ url }) => ({ body: url }))
    for (const path of ['/a/b', '/a%2Fb', '/a%5Cb', '/A/b', '/a/b/', '/a/b;x', '/a/b%3Bx']) {
      expect((await get(path)).body).toBe(path)
    }
    expect((await get('/a%2fb')).headers['cache-status']).toContain('hit')
  })

  it('runs the handler once for a flood of parameters and fields that it does not use', async () => {
    let runs = 0
    const { get } = await open(() => ({ body: `${++runs}` }))
    const floods = Array.from({ length: 200 }, (_, at) =>
      get(`/?bust=${at}&b${at}=1`, { [`x-bust-${at}`]: 'x', 'user-agent': `${at}`, via: `${at}` }),
    )
    for (const { body } of await Promise.all(floods)) expect(body).toBe('1')
    expect(runs).toBe(1)
  })

  it('keeps no more than it is bounded to, whatever hosts and paths are asked for', async () => {
    const tiers = [memoryStore({ maxEntries: 50 })]
    const { get, cache } = await open(() => ({ body: 'page' }), {}, { tiers })
    for (let at = 0; at < 200; at++) await get(`/${at}`, { host: `h${at}.test` })
    expect(cache.stats().entries).toBeLessThanOrEqual(50)
  })

  it('lets nobody write fields or a second response, whatever the handler repeats', async () => {
    const { get } = await open(
      ({ query }) => ({
        body: 'page',
        headers: { 'x-name': String((query as { name?: string }).name) },
      }),
      { query: ['name'] },
    )
    for (const _ of [1, 2]) {
      const got = await get('/?name=a%0d%0aset-cookie:%20id=evil%0d%0a%0d%0asecond')
      expect([got.status, got.headers['set-cookie']]).toEqual([500, undefined])
    }
    expect((await get('/?name=ann')).headers['x-name']).toBe('ann')
  })

  it('makes anew what somebody has spoiled in the store', async () => {
    const { get, cache } = await open(() => ({ body: 'page' }), { hosts: 'shop.test' })
    const host = 'shop.test'
    const page = storedPage('evil', [['x-name', 'a\r\nset-cookie: id=evil']])
    const spoiled = [
      page,
      { ...page, lines: 'x' },
      { ...page, status: 99, lines: [] },
      { ...page, lines: [], body: 'evil' },
      { ...page, lines: [], freshness: { bornAt: Date.now() } },
      { ...page, lines: [['content-length', '1e3']] },
      { ...page, lines: [['transfer-encoding', 'chunked']] },
      'x',
      {},
    ]
    for (const one of spoiled) {
      await plant(cache, 'https://shop.test/', { vary: [], variant: '', page: one })
      const got = await get('/', { host })
      expect([got.status, got.body, got.headers['set-cookie']]).toEqual([200, 'page', undefined])
    }
  })

  it('follows what is kept only so far, wherever it points', async () => {
    const { get, cache } = await open(() => ({ body: 'page' }), { hosts: 'shop.test' })
    const host = 'shop.test'
    const end = storedPage('the end')
    /** Keeps the end, so many steps behind the URL. */
    const lay = async (path: string, steps: number): Promise<void> => {
      const names = Array.from({ length: steps }, (__, at) => `x-${at}`).toSorted()
      for (let at = 0; at <= steps; at++) {
        const place = variantKey(names.slice(0, at), {})
        const kept =
          at === steps
            ? { vary: names, variant: place, page: end }
            : { vary: names.slice(0, at + 1), variant: '', page: null }
        await plant(cache, `https://shop.test${path}`, kept, place)
      }
    }
    await lay('/near', 7)
    await lay('/far', 8)
    const near = await get('/near', { host })
    expect([near.body, near.headers['cache-status']]).toEqual(['the end', 'keepfresh;hit;ttl=60'])
    expect(near.headers).toHaveProperty('date')
    const far = await get('/far', { host })
    expect([far.body, far.headers['cache-status']]).toEqual([
      'page',
      'keepfresh;fwd=bypass;detail=vary',
    ])
  })

  it('tells apart what was sent in several fields, wherever one ends and the next begins', async () => {
    const { get } = await open(
      ({ headers }) => ({ body: JSON.stringify([headers['x-a'], headers['x-b']]) }),
      { vary: ['x-a', 'x-b'] },
    )
    const sent: Record<string, string>[] = [
      { 'x-a': '1', 'x-b': '23' },
      { 'x-a': '12', 'x-b': '3' },
      { 'x-a': '123', 'x-b': '' },
      { 'x-a': '123' },
      { 'x-a': '-' },
      {},
      { 'x-b': '-' },
      { 'x-a': '', 'x-b': '' },
      { 'x-a': '1:1', 'x-b': '' },
      { 'x-a': '1', 'x-b': '1:' },
    ]
    for (const state of ['miss', 'hit', 'hit']) {
      for (const fields of sent) {
        const { body, headers } = await get('/', fields)
        expect(body).toBe(JSON.stringify([fields['x-a'] ?? null, fields['x-b'] ?? null]))
        expect(headers['cache-status']).toContain(state)
      }
    }
  })

  it('bounds the variants of one URL', async () => {
    let runs = 0
    const { get } = await open(
      ({ headers }) => ({ body: `${String(headers['x-v'])} ${++runs}`, headers: { vary: 'x-v' } }),
      { maxVariants: 3, vary: ['x-v'] },
    )
    for (let at = 0; at < 10; at++) await get('/', { 'x-v': `${at}` })
    expect((await get('/', { 'x-v': '9' })).headers['cache-status']).toContain('hit')
    expect((await get('/', { 'x-v': '0' })).headers['cache-status']).not.toContain('hit')
  })

  it('lets no visitor make the handler work, unless that is wanted', async () => {
    let runs = 0
    const handler: Handler = () => ({ body: `${++runs}` })
    const closed = await open(handler)
    await closed.get('/')
    const asked = await closed.get('/', { 'cache-control': 'no-cache', pragma: 'no-cache' })
    expect(asked.body).toBe('1')
    const listening = await open(handler, { requestDirectives: 'honour' })
    await listening.get('/')
    expect((await listening.get('/', { 'cache-control': 'no-cache' })).body).toBe('3')
    expect((await listening.get('/x', { 'cache-control': 'only-if-cached' })).status).toBe(504)
  })

  it('does not show one visitor the conditions or ranges of another', async () => {
    const { get } = await open(({ headers }) => ({
      body: `${headers.range} ${headers['if-none-match']} ${headers['cache-control']}`,
    }))
    const first = await get('/', {
      range: 'bytes=0-3',
      'if-none-match': '"x"',
      'cache-control': 'a',
    })
    expect(first.body).toBe('undefined undefined undefined')
    expect((await get('/')).body).toBe('undefined undefined undefined')
  })
})

describe.each(BEHIND)('what comes before the page cache: %s', (_, kind) => {
  const open = siteOpener(kind, { ttl: '1m' })

  it('lets a handler that looks at the visitor say itself what others may do with that', async () => {
    const { get } = await open(
      ({ own, url }) => {
        void own.user
        return url === '/said' ? { headers: { 'cache-control': 'public, max-age=60' } } : {}
      },
      {},
      {
        before: (own) => {
          own.user = { is: 'ann' }
        },
      },
    )
    for (const _visit of [1, 2]) {
      expect((await get('/said')).headers['cache-control']).toBe('public, max-age=60')
      expect((await get('/unsaid')).headers['cache-control']).toBe('private')
    }
  })

  it.each(['user', 'session', 'cookies', 'signedCookies'] as const)(
    'keeps nothing of a handler that looks at %s',
    async (name) => {
      const { get } = await open(
        ({ own }) => ({ body: JSON.stringify(own[name] ?? 'nobody') }),
        {},
        {
          before: (own, headers) => {
            if (headers['x-as'] !== undefined) own[name] = { is: headers['x-as'] }
          },
        },
      )
      const first = await get('/', { 'x-as': 'ann' })
      expect(first.body).toBe('{"is":"ann"}')
      expect(first.headers['cache-status'] ?? '').toContain('detail=personal')
      const second = await get('/', { 'x-as': 'bob' })
      expect(second.body).toBe('{"is":"bob"}')
      // No CDN behind us is to keep it by a rule of its own, whether it was this one that was looked at or the one before.
      for (const { headers } of [first, second]) expect(headers['cache-control']).toBe('private')
      expect((await get('/')).body).toBe('"nobody"')
    },
  )
})
