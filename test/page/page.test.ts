import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { deferred } from '../support/deferred.js'
import { until } from '../support/until.js'
import { twoFindOut } from './finding-out.js'
import { type Handler, KINDS, siteOpener } from './site.js'

describe.each(KINDS)('pages: %s', (_, kind) => {
  const site = siteOpener(kind, { ttl: '1m' })

  /** A handler that counts its runs. */
  function counting(
    told: (run: number) => ReturnType<Handler> = (run) => ({ body: `run ${run}` }),
  ) {
    let runs = 0
    const handler: Handler = () => told(++runs)
    return { handler, runs: () => runs }
  }

  it('keeps a page and answers from it, with its age', async () => {
    const { handler, runs } = counting()
    const { get, clock } = await site(handler)
    const first = await get('/news')
    expect(first.headers['cache-status']).toBe('keepfresh;fwd=miss;stored')
    await clock.advance(7_000)
    const second = await get('/news')
    expect([first.body, second.body, runs()]).toEqual(['run 1', 'run 1', 1])
    expect(second.headers['cache-status']).toBe('keepfresh;hit;ttl=53')
    expect(second.headers.age).toBe('7')
    expect(second.headers['content-type']).toBe(first.headers['content-type'])
    await clock.advance(53_000)
    expect((await get('/news')).body).toBe('run 2')
  })

  it('runs the handler once for everybody who asks meanwhile', async () => {
    const gate = deferred()
    const { handler, runs } = counting(async (run) => {
      await gate.promise
      return { body: `run ${run}` }
    })
    const { get } = await site(handler)
    const asked = Array.from({ length: 20 }, () => get('/'))
    await until('the handler runs', () => runs() === 1)
    gate.resolve()
    const bodies = (await Promise.all(asked)).map(({ body }) => body)
    expect([new Set(bodies), runs()]).toEqual([new Set(['run 1']), 1])
  })

  it('gives nobody what was made for another, though they waited for it', async () => {
    const gate = deferred()
    const handler: Handler = async ({ headers }) => {
      await gate.promise
      const who = String(headers['x-user'] ?? 'nobody')
      return {
        body: `for ${who}`,
        headers: { 'cache-control': 'private', 'set-cookie': `u=${who}` },
      }
    }
    const { get } = await site(handler)
    const asked = ['a', 'b', 'c'].map((user) => get('/', { 'x-user': user }))
    gate.resolve()
    const got = await Promise.all(asked)
    expect(got.map(({ body }) => body)).toEqual(['for a', 'for b', 'for c'])
    expect(got.map(({ headers }) => headers['set-cookie'])).toEqual([['u=a'], ['u=b'], ['u=c']])
    expect((await get('/', { 'x-user': 'd' })).body).toBe('for d')
  })

  it.each<[string, ReturnType<Handler>]>([
    ['no-store', { headers: { 'cache-control': 'no-store' } }],
    ['private', { headers: { 'cache-control': 'private, max-age=60' } }],
    ['set-cookie', { headers: { 'set-cookie': 'a=b', 'cache-control': 'public, max-age=60' } }],
    ['vary', { headers: { vary: '*' } }],
    ['no-lifetime', { status: 500 }],
    ['too-large', { body: 'x'.repeat(2_000) }],
  ])('does not keep: %s', async (why, told) => {
    const { handler, runs } = counting(() => told)
    const { get } = await site(handler, { ttl: '1m', maxBytes: 1_000 })
    const first = await get('/')
    if (why !== 'too-large') expect(first.headers['cache-status']).toContain(`detail=${why}`)
    await get('/')
    expect(runs()).toBe(2)
  })

  it('does not keep an answer to Authorization unless it is public', async () => {
    const { handler, runs } = counting()
    const { get } = await site(handler)
    await get('/', { authorization: 'Basic x' })
    await get('/')
    expect(runs()).toBe(2)
  })

  it('answers HEAD from a page made by GET, and makes one for HEAD', async () => {
    const { handler, runs } = counting()
    const { ask } = await site(handler)
    const head = await ask('HEAD', '/')
    expect([head.status, head.body, head.headers['content-length']]).toEqual([200, '', '5'])
    expect((await ask('GET', '/')).body).toBe('run 1')
    expect((await ask('HEAD', '/')).headers['cache-status']).toContain('hit')
    expect(runs()).toBe(1)
  })

  it('answers conditions and ranges from a kept page', async () => {
    const { handler, runs } = counting(() => ({ body: '0123456789', headers: { etag: '"v1"' } }))
    const { get } = await site(handler)
    await get('/')
    const known = await get('/', { 'if-none-match': '"v0", W/"v1"' })
    expect([known.status, known.body, known.headers.etag]).toEqual([304, '', '"v1"'])
    expect((await get('/', { 'if-match': '"v0"' })).status).toBe(412)
    const part = await get('/', { range: 'bytes=2-4' })
    expect([part.status, part.body]).toEqual([206, '234'])
    expect(part.headers['content-range']).toBe('bytes 2-4/10')
    expect((await get('/', { range: 'bytes=2-4', 'if-range': '"v0"' })).body).toBe('0123456789')
    expect((await get('/', { range: 'bytes=20-' })).status).toBe(416)
    const parts = await get('/', { range: 'bytes=0-0,9-9' })
    expect(parts.headers['content-type'] ?? parts.status).toBeDefined()
    expect(runs()).toBe(1)
  })

  it('answers no part of a page that is not a plain success', async () => {
    const { get } = await site(({ url }) => ({ status: Number(url.slice(1)), body: '0123456789' }))
    for (const status of [203, 404]) {
      for (const _ of [1, 2]) {
        const got = await get(`/${status}`, { range: 'bytes=2-4' })
        expect([got.status, got.body]).toEqual([status, '0123456789'])
      }
    }
  })

  it('answers a condition on the first visit too, and keeps the whole page', async () => {
    const { handler, runs } = counting(() => ({ body: 'whole', headers: { etag: '"v1"' } }))
    const { get } = await site(handler)
    expect((await get('/', { 'if-none-match': '"v1"' })).status).toBe(304)
    expect((await get('/')).body).toBe('whole')
    expect(runs()).toBe(1)
  })

  it('serves stale while one new page is made', async () => {
    const gate = deferred()
    const { handler, runs } = counting(async (run) => {
      if (run > 1) await gate.promise
      return { body: `run ${run}` }
    })
    const { get, clock } = await site(handler, { ttl: '10s', grace: '1m' })
    await get('/')
    await clock.advance(11_000)
    const stale = await Promise.all([get('/'), get('/'), get('/')])
    expect(stale.map(({ body }) => body)).toEqual(['run 1', 'run 1', 'run 1'])
    gate.resolve()
    await until('the page is made anew', async () => (await get('/')).body === 'run 2')
    expect(runs()).toBe(2)
  })

  it('serves no stale page any more once it has turned out to be for one visitor', async () => {
    const { handler } = counting((run) => ({
      body: `run ${run}`,
      headers: run > 1 ? { 'cache-control': 'private' } : {},
    }))
    const { get, clock } = await site(handler, { ttl: '10s', grace: '1m' })
    await get('/')
    await clock.advance(11_000)
    expect((await get('/')).body).toBe('run 1')
    await until('the stale page is gone', async () => (await get('/')).body !== 'run 1')
  })

  it('serves stale when the handler fails', async () => {
    const { handler } = counting((run) =>
      run === 1
        ? { body: 'fine' }
        : {
            status: 503,
            body: 'down'.repeat(500),
            headers: { 'x-failure': 'yes', etag: '"down"' },
          },
    )
    const { get, clock } = await site(handler, { ttl: '10s', staleIfError: '1m', maxBytes: 1_000 })
    await get('/')
    await clock.advance(11_000)
    const got = await get('/')
    expect([got.status, got.body]).toEqual([200, 'fine'])
    expect(got.headers['cache-status']).toContain('stale-if-error')
    expect(got.headers).not.toHaveProperty('x-failure')
    expect(got.headers.etag).not.toBe('"down"')
    await clock.advance(60_000)
    expect((await get('/')).status).toBe(503)
  })

  it('asks the handler about a stale page, which need not make it again', async () => {
    let asked: string | undefined
    const { handler, runs } = counting((run) => ({ body: `run ${run}`, headers: { etag: '"v1"' } }))
    const { get, clock } = await site(
      (seen) => {
        asked = seen.headers['if-none-match']
        return asked === '"v1"' ? { status: 304, headers: { etag: '"v1"' } } : handler(seen)
      },
      { ttl: '10s' },
    )
    await get('/')
    expect(asked).toBeUndefined()
    await clock.advance(11_000)
    const got = await get('/')
    expect([got.status, got.body, asked, runs()]).toEqual([200, 'run 1', '"v1"', 1])
    expect((await get('/')).headers['cache-status']).toBe('keepfresh;hit;ttl=10')
  })

  it('is invalid as soon as anything it was made from is', async () => {
    let name = 'one'
    const { get, cache } = await site(
      async () => ({ body: await cache.getOrSet('row', () => name, { tags: ['row:1'] }) }),
      { ttl: '1h' },
    )
    await get('/')
    name = 'two'
    expect((await get('/')).body).toBe('one')
    await cache.invalidateTags('row:1')
    expect((await get('/')).body).toBe('two')
  })

  it('promises no more than what it was made from allows', async () => {
    const { get, cache } = await site(async () => {
      await cache.getOrSet('part', () => 1, { ttl: '10s' })
      return { body: 'page', headers: { 'cache-control': 'max-age=3600' } }
    })
    for (const { headers } of [await get('/'), await get('/')]) {
      expect(headers['cache-control']).toBe('max-age=10')
    }
  })

  it('keeps no page with a part that belongs to one user, and lets no other cache keep it', async () => {
    const { get, cache } = await site(async () => {
      await cache.getOrSet('mine', () => 1, { private: true })
      return { body: 'page', headers: { 'cache-control': 'public, max-age=60' } }
    })
    const got = await get('/')
    expect(got.headers['cache-control']).toBe('private, max-age=60')
    expect((await get('/')).headers['cache-status']).not.toContain('hit')
  })

  it('sees the change that an unsafe request has made', async () => {
    let value = 1
    const { get, ask } = await site(({ method }) => {
      if (method === 'POST') value++
      return { body: `${value}` }
    })
    await get('/item')
    await ask('POST', '/item')
    expect((await get('/item')).body).toBe('2')
  })

  it('is kept and follows a change at a URL of any length that has a key', async () => {
    let value = 1
    const { get, ask, cache } = await site(({ method, headers }) => {
      if (method === 'POST') value++
      return {
        body: `${value} ${String(headers['x-tenant'])}`,
        headers: { 'cache-groups': `"${'g'.repeat(2_000)}"` },
      }
    })
    const errors: unknown[] = []
    cache.on('error', ({ error }) => errors.push(error))
    for (const length of [900, 990, 1_000, 1_010, 1_024, 8_000]) {
      const path = `/${'x'.repeat(length)}`
      const [before, after] = [`${value} a`, `${value + 1} a`]
      expect((await get(path, { 'x-tenant': 'a' })).body).toBe(before)
      expect((await get(path, { 'x-tenant': 'a' })).headers['cache-status']).toContain('hit')
      await ask('POST', `${path}y`)
      expect((await get(path, { 'x-tenant': 'a' })).body).toBe(before)
      value--
      await ask('POST', path)
      expect((await get(path, { 'x-tenant': 'a' })).body).toBe(after)
    }
    expect(errors).toEqual([])
  })

  it('keeps variants apart by what the response says it varies on, in any order of arrival', async () => {
    const { get } = await site(({ headers }) => ({
      body: `in ${headers['accept-language'] ?? 'none'}`,
      headers: { vary: 'Accept-Language' },
    }))
    for (const _ of [1, 2]) {
      for (const language of ['en', 'de', 'fr']) {
        expect((await get('/', { 'accept-language': language })).body).toBe(`in ${language}`)
      }
      expect((await get('/')).body).toBe('in none')
    }
    expect((await get('/', { 'accept-language': 'de' })).headers['cache-status']).toContain('hit')
  })

  it('gives those who wait together each their own variant, although nobody knew that there are any', async () => {
    const gate = deferred()
    const { get, arrived } = await site(
      async ({ headers }) => {
        const language = String(headers['accept-language'])
        await gate.promise
        return { body: `in ${language}`, headers: { vary: 'Accept-Language' } }
      },
      { unkeyed: 'all' },
    )
    const languages = ['en', 'de', 'fr', 'de', 'en']
    const asked = languages.map((language) => get('/', { 'accept-language': language }))
    await until('all have arrived', () => arrived() === languages.length)
    gate.resolve()
    const bodies = (await Promise.all(asked)).map(({ body }) => body)
    expect(bodies).toEqual(languages.map((language) => `in ${language}`))
  })

  // `unkeyed: 'all'`: what the handler reads does not tell pages apart by itself.
  it('goes on telling apart by a field that a response once varied on', async () => {
    let said = true
    const { get, clock } = await site(
      ({ headers }) => ({
        body: `in ${String(headers['x-tenant'])}`,
        headers: said ? { vary: 'X-Tenant' } : {},
      }),
      { unkeyed: 'all' },
    )
    await get('/', { 'x-tenant': 'a' })
    await clock.advance(61_000)
    said = false
    await get('/', { 'x-tenant': 'a' })
    expect((await get('/', { 'x-tenant': 'b' })).body).toBe('in b')
    expect((await get('/', { 'x-tenant': 'a' })).body).toBe('in a')
  })

  it('keeps a page that varies, though something else is invalidated while it is made', async () => {
    const gates = [deferred(), deferred()]
    let runs = 0
    const { cache, get } = await site(
      async () => {
        await gates[runs++]?.promise
        return { body: 'page', headers: { vary: 'X-Tenant' } }
      },
      { unkeyed: 'all' },
    )
    for (const [at, tenant] of ['a', 'b'].entries()) {
      const first = get('/', { 'x-tenant': tenant })
      await until('the handler runs', () => runs === at + 1)
      await cache.invalidateTags('another page')
      gates[at]!.resolve()
      await first
      expect((await get('/', { 'x-tenant': tenant })).headers['cache-status']).toContain('hit')
    }
    expect(runs).toBe(2)
  })

  it('makes variants anew that were told apart by less than the URL turns out to vary on', async () => {
    let more = false
    const { get } = await site(
      ({ headers }) => ({
        body: `${String(headers['x-tenant'])} ${String(headers['x-region'])}`,
        headers: { vary: more ? 'X-Tenant, X-Region' : 'X-Tenant' },
      }),
      { unkeyed: 'all' },
    )
    const ask = async (tenant: string, region: string) =>
      (await get('/', { 'x-tenant': tenant, 'x-region': region })).body
    expect([await ask('a', 'east'), await ask('b', 'east')]).toEqual(['a east', 'b east'])
    expect(await ask('a', 'west')).toBe('a east')
    more = true
    expect(await ask('c', 'east')).toBe('c east')
    const regions = ['east', 'west', 'east', 'west']
    for (const region of regions) expect(await ask('a', region)).toBe(`a ${region}`)
    for (const region of regions) expect(await ask('b', region)).toBe(`b ${region}`)
    expect(await ask('c', 'east')).toBe('c east')
    expect(
      (await get('/', { 'x-tenant': 'c', 'x-region': 'east' })).headers['cache-status'],
    ).toContain('hit')
  })

  it.each<[string, boolean]>([
    ['meanwhile', false],
    ['in the same instant', true],
  ])(
    'remembers what a visitor turns out to differ by beside what another one did %s',
    async (__, atOnce) => {
      const { handler, behind } = twoFindOut()
      const one = await site(handler, { unkeyed: 'all' })
      const states = await behind([one, one], atOnce)
      for (const state of states) expect(state).toContain('fwd=miss')
    },
  )

  it('shows the handler a field as variants are told apart by it, and not as one visitor wrote it', async () => {
    const { get } = await site(({ headers }) => ({ body: String(headers['accept-language']) }), {
      vary: ['accept-language'],
      variants: { languages: ['en', 'de'] },
    })
    expect((await get('/', { 'accept-language': 'de-AT, fr;q=0.9, en;q=0.1' })).body).toBe('de')
    const other = await get('/', { 'accept-language': 'de;q=0.3' })
    expect([other.body, other.headers['cache-status']]).toEqual([
      'de',
      expect.stringContaining('hit'),
    ])
  })

  it('gives a request back as it was, once its page is made', async () => {
    const seen: unknown[] = []
    const { get } = await site(
      (asked) => ({
        raw(response) {
          asked.headers['x-added'] = 'by the handler'
          seen.push(asked.headers['range'], asked.headers.host)
          response.on('close', () =>
            seen.push(asked.headers['range'], asked.headers.host, asked.headers['x-added']),
          )
          response.end('page')
        },
      }),
      { hosts: 'shop.test' },
    )
    await get('/', { range: 'bytes=0-1', host: 'SHOP.test' })
    await until('it is over', () => seen.length > 2)
    expect(seen).toEqual([undefined, 'shop.test', 'bytes=0-1', 'SHOP.test', 'by the handler'])
  })

  it('makes a page behind a stale one, or for HEAD, without the cookie of who happened to ask', async () => {
    const seen: unknown[] = []
    const { get, ask, clock } = await site(
      ({ headers }) => {
        seen.push([headers.cookie, headers.authorization, headers['x-shown']])
        return { body: 'page' }
      },
      { ttl: '10s', grace: '1m', unkeyed: ['cookie', 'authorization', 'x-shown'] },
    )
    const own = { cookie: 'id=ann', authorization: 'Basic x', 'x-shown': 'yes' }
    await get('/')
    await clock.advance(11_000)
    await get('/', own)
    await until('it is made anew', () => seen.length === 2)
    await ask('HEAD', '/other', own)
    expect(seen).toEqual([
      [undefined, undefined, undefined],
      [undefined, undefined, 'yes'],
      [undefined, undefined, 'yes'],
    ])
  })

  it('sends a stream on while it keeps it', async () => {
    let runs = 0
    const gate = deferred()
    const { get } = await site(() => {
      runs++
      return {
        headers: { 'content-type': 'text/plain' },
        body: Readable.from(
          (async function* () {
            yield 'first '
            await gate.promise
            yield Buffer.from('second')
          })(),
        ),
      }
    })
    const asked = get('/')
    gate.resolve()
    expect((await asked).body).toBe('first second')
    expect((await get('/')).body).toBe('first second')
    expect(runs).toBe(1)
  })

  it('keeps any bytes as they are', async () => {
    const body = Buffer.from(Array.from({ length: 1024 }, (_, at) => at & 255))
    const { get } = await site(() => ({ body, headers: { 'content-type': 'image/x' } }))
    for (const _ of [1, 2]) expect((await get('/')).bytes.equals(body)).toBe(true)
  })
})
