/* oxlint-disable typescript/restrict-template-expressions -- a hole in a template literal is what this is about */
/** Pages with holes, in both frameworks: the page is kept, what stands in its holes is each visitor's own. */
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collect, createCache, type Cache } from '../../index.js'
import { fragment, fragments, hole, uncacheable } from '../../src/fragment/index.js'
import type { PageOptions } from '../../src/page/index.js'
import { deferred } from '../support/deferred.js'
import { type Handler, KINDS, type Site } from './site.js'

type Asking = { readonly headers: Record<string, string | string[] | undefined> }
const nameOf = (request: Asking): string => [request.headers['x-name'] ?? 'stranger'].flat().join()

describe.each(KINDS)('holes: %s', (_, kind) => {
  let cache: Cache
  let errors: unknown[]
  const sites: Site[] = []
  beforeEach(() => {
    cache = createCache()
    errors = []
    cache.on('error', ({ error }) => errors.push(error))
  })
  afterEach(async () => {
    for (const site of sites.splice(0)) await site.close()
    await cache.close()
  })
  const open = async (options: PageOptions, handler: Handler): Promise<Site> => {
    const site = await kind({ cache, options: { ttl: '1m', ...options }, handler })
    sites.push(site)
    return site
  }
  const greeting = hole('greeting', (request: Asking) => `<b>${nameOf(request)}</b>`)
  const html = { 'content-type': 'text/html' }

  it('are filled for each visitor, and the page is made once', async () => {
    let runs = 0
    const site = await open({ holes: [greeting] }, () => ({
      headers: html,
      body: `<p>run ${++runs}, ${greeting}! ${greeting}</p>`,
    }))
    for (const name of ['Ada', 'Bob <i>', 'Eve']) {
      const { body } = await site.get('/', { 'x-name': name })
      expect(body).toBe(`<p>run 1, <b>${name}</b>! <b>${name}</b></p>`)
    }
    expect((await site.get('/')).body).toBe('<p>run 1, <b>stranger</b>! <b>stranger</b></p>')
  })

  it('make the page one for this visitor alone, for browsers and caches', async () => {
    const site = await open({ holes: [greeting] }, () => ({
      headers: {
        ...html,
        'cache-control': 'public, max-age=60',
        'last-modified': new Date(0).toUTCString(),
        'cdn-cache-control': 'max-age=600',
        'acme-cache-control': 'max-age=600',
        'surrogate-control': 'max-age=600',
        'x-accel-expires': '600',
        expires: new Date(Date.now() + 60_000).toUTCString(),
        'x-kept': 'yes',
      },
      body: `hello ${greeting}`,
    }))
    for (const status of ['fwd=miss;stored', 'hit']) {
      const { headers, body } = await site.get('/', { 'x-name': 'Ada', range: 'bytes=0-1' })
      expect(body).toBe('hello <b>Ada</b>')
      expect(headers['cache-status']).toContain(status)
      expect(headers['cache-control']).toBe('private, no-cache')
      expect(headers['x-kept']).toBe('yes')
      for (const name of [
        'etag',
        'last-modified',
        'content-length',
        'expires',
        'cdn-cache-control',
        'acme-cache-control',
        'surrogate-control',
        'x-accel-expires',
        'age',
      ]) {
        expect(headers, `${status}: ${name}`).not.toHaveProperty(name)
      }
    }
    for (const path of ['/', '/first']) {
      const known = { 'if-none-match': '*', 'if-modified-since': new Date().toUTCString() }
      const { status, body } = await site.get(path, known)
      expect([status, body]).toEqual([200, 'hello <b>stranger</b>'])
    }
    const { body, status, headers } = await site.ask('HEAD', '/')
    expect([body, status, headers['cache-control']]).toEqual(['', 200, 'private, no-cache'])
  })

  it('leave no mark anywhere: not in what is sent, not in what is kept', async () => {
    const site = await open({ holes: [greeting] }, ({ headers }) =>
      headers['x-refuse'] === undefined
        ? { headers: html, body: `a ${greeting} b` }
        : { headers: { ...html, 'cache-control': 'no-store' }, body: `c ${greeting} d` },
    )
    expect((await site.get('/', { 'x-refuse': '1' })).body).toBe('c <b>stranger</b> d')
    expect((await site.get('/', { 'x-refuse': '1' })).body).toBe('c <b>stranger</b> d')
    expect((await site.ask('POST', '/')).body).toBe('a <b>stranger</b> b')
    expect((await site.get('/other')).body).toBe('a <b>stranger</b> b')
    expect((await site.get('/other')).body).toBe('a <b>stranger</b> b')
    for (const path of ['/', '/other']) {
      expect((await site.get(path)).bytes.includes('kfhole')).toBe(false)
    }
  })

  it('cannot be put there by what a user writes', async () => {
    const seen: string[] = []
    const site = await open({ holes: [greeting] }, () => {
      const mark = String(greeting)
      const comment = seen.join()
      seen.push(mark)
      return { headers: html, body: `${mark}|${comment}` }
    })
    await site.get('/one')
    expect((await site.get('/two')).body).toBe(`<b>stranger</b>|${seen[0]}`)
    expect((await site.get('/two')).body).toBe(`<b>stranger</b>|${seen[0]}`)
  })

  it('are filled in order while the page streams, however it is cut', async () => {
    const slow = deferred<string>()
    let fills = 0
    const first = hole('first', () => (++fills === 1 ? slow.promise : 'ONE'))
    const second = hole('second', async () => new TextEncoder().encode('zwei €'))
    const site = await open({ holes: [first, second] }, () => {
      const markup = `a${first}b${second}c`
      return {
        headers: html,
        body: Readable.from([...Buffer.from(markup)].map((byte) => Buffer.of(byte))),
      }
    })
    const answer = site.get('/')
    slow.resolve('ONE')
    expect((await answer).body).toBe('aONEbzwei €c')
    expect((await site.get('/')).body).toBe('aONEbzwei €c')
  })

  it('send what is before a slow one at once', async () => {
    let gate = deferred<string>()
    const slow = hole('slow', () => gate.promise)
    const site = await open({ holes: [slow] }, () => ({ headers: html, body: `head${slow}tail` }))
    for (let visit = 0; visit < 2; visit++) {
      gate = deferred()
      const response = await fetch(`http://127.0.0.1:${site.port}/`)
      const reader = response.body!.getReader()
      expect(String(Buffer.from((await reader.read()).value ?? []))).toBe('head')
      gate.resolve('now')
      let rest = ''
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        rest += String(Buffer.from(part.value))
      }
      expect(rest).toBe('nowtail')
    }
  })

  it('may be in a page that takes long to send', async () => {
    const line = `${'x'.repeat(999)}\n`
    const site = await open({ holes: [greeting] }, () => ({
      headers: html,
      body: Readable.from(
        Array.from({ length: 900 }, (_, n) => (n % 100 ? line : `${greeting}\n`)),
      ),
    }))
    const whole = Array.from({ length: 900 }, (_, n) => (n % 100 ? line : '<b>Ada</b>\n')).join('')
    for (let visit = 0; visit < 2; visit++) {
      expect((await site.get('/', { 'x-name': 'Ada' })).body === whole).toBe(true)
    }
  })

  it('may read what makes a page personal, and the page is kept all the same', async () => {
    let filled = deferred()
    const own = hole('own', async (request: Asking) => {
      await Promise.resolve()
      const cart = await cache.getOrSet(['cart', nameOf(request)], () => 3, { private: true })
      const cookie = String(request.headers['cookie'])
      filled.resolve()
      return `${cookie}: ${cart}`
    })
    const site = await open({ holes: [own] }, () => {
      filled = deferred()
      // The handler still runs while the hole is filled.
      async function* parts(): AsyncGenerator<string> {
        yield `cart ${own}`
        await filled.promise
        yield '!'
      }
      return { headers: html, body: Readable.from(parts()) }
    })
    for (const [cookie, status] of [
      ['a=1', 'stored'],
      ['b=2', 'hit'],
    ] as const) {
      const { body, headers } = await site.get('/', { cookie })
      expect([body, headers['cache-status']]).toEqual([
        `cart ${cookie}: 3!`,
        expect.stringContaining(status),
      ])
    }
  })

  it('are empty when they fail, and the rest of the page is there', async () => {
    const broken = hole('broken', () => Promise.reject(new Error('no cart today')))
    const odd = hole('odd', (() => 5) as never)
    const site = await open({ holes: [broken, odd] }, () => ({
      headers: html,
      body: `[${broken}|${odd}]`,
    }))
    expect((await site.get('/')).body).toBe('[|]')
    expect((await site.get('/')).body).toBe('[|]')
    expect(errors.map(String)).toContain('Error: no cart today')
    expect(errors).toHaveLength(4)
  })

  it('leave a page that must not be stored one that must not be stored', async () => {
    const site = await open({ holes: [greeting] }, () => ({
      headers: { ...html, 'cache-control': 'public, no-store' },
      body: `${greeting}`,
    }))
    expect((await site.get('/')).headers['cache-control']).toBe('private, no-store')
  })

  it('keep a page from being kept when their marks are not in it any more', async () => {
    let runs = 0
    const site = await open({ holes: [greeting] }, () => ({
      headers: html,
      body: `run ${++runs}: ${`${greeting}`.toUpperCase()}`,
    }))
    for (const run of [1, 2]) expect((await site.get('/')).body).toContain(`run ${run}`)
    expect((await site.get('/')).headers['cache-status']).not.toContain('hit')
  })

  it('hold no other holes', async () => {
    const outer = hole('outer', () => `[${greeting}]`)
    const site = await open({ holes: [greeting, outer] }, () => ({
      headers: html,
      body: `${outer}`,
    }))
    for (const _ of [1, 2]) expect((await site.get('/')).body).toBe('')
    expect(errors).toHaveLength(2)
  })

  it('are not filled for HEAD, which would not show it', async () => {
    let fills = 0
    const counted = hole('counted', () => `${++fills}`)
    const site = await open({ holes: [counted] }, () => ({ headers: html, body: `${counted}` }))
    await site.get('/')
    for (const _ of [1, 2]) expect((await site.ask('HEAD', '/')).status).toBe(200)
    expect(fills).toBe(1)
  })

  it('must be declared, and stand in a page', async () => {
    expect(() => String(greeting)).toThrow(
      expect.objectContaining({ code: 'CACHE_SCOPE_VIOLATION' }),
    )
    const thrown: unknown[] = []
    const site = await open({ holes: [greeting] }, () => {
      try {
        return { body: String(hole('other', () => '')) }
      } catch (error) {
        thrown.push(error)
        return { status: 500 }
      }
    })
    expect((await site.get('/')).status).toBe(500)
    expect(thrown).toEqual([expect.objectContaining({ code: 'CACHE_SCOPE_VIOLATION' })])
  })

  it.each<[string, (site: Cache) => Promise<string>]>([
    ['a value', (own) => own.getOrSet('block', () => `<p>${greeting}</p>`)],
    [
      'a value behind a stale one',
      async (own) => {
        await own.set('block', 'old', { ttl: 1, grace: '1m' })
        return own.getOrSet('block', () => `<p>${greeting}</p>`, { ttl: '1m', fresh: true })
      },
    ],
    ['one of many', async (own) => (await own.getOrSetMany([1], () => [`${greeting}`])).join()],
    [
      'a value with a fragment in it',
      (own) => own.getOrSet('bar', () => fragment(own, 'inner', {}, () => `<i>${greeting}</i>`)),
    ],
    [
      'a fragment with a value in it',
      (own) => fragment(own, 'outer', {}, () => own.getOrSet('deep', () => `${greeting}`)),
    ],
  ])('cannot stand in %s that is kept by itself, where nothing would fill it', async (_, block) => {
    const thrown: unknown[] = []
    const site = await open({ holes: [greeting] }, async () => ({
      headers: html,
      body: `${greeting}${await block(cache).catch((error: unknown) => void thrown.push(error))}`,
    }))
    for (const path of ['/a', '/b']) {
      expect((await site.get(path)).body).toBe('<b>stranger</b>undefined')
    }
    const violation = expect.objectContaining({
      code: 'CACHE_SCOPE_VIOLATION',
      message: expect.stringContaining('fragment()'),
    })
    expect(thrown).toEqual([violation, violation])
  })

  it('stand beside what is only collected, and in what is made for nobody else', async () => {
    const site = await open({ holes: [greeting] }, async () => {
      const { value } = await collect(
        async () => `${await cache.getOrSet('x', () => 1)}${greeting}`,
      )
      return { headers: html, body: value }
    })
    for (const name of ['Ada', 'Bob']) {
      expect((await site.get('/', { 'x-name': name })).body).toBe(`1<b>${name}</b>`)
      expect((await site.ask('POST', '/', { 'x-name': name })).body).toBe(`1<b>${name}</b>`)
    }
  })

  it('are made anew when a deploy has taken one away', async () => {
    const pages = { holes: [greeting] }
    const before = await open(pages, () => ({ headers: html, body: `old ${greeting}` }))
    await before.get('/', { host: 'shop.test' })
    const after = await open({}, () => ({ headers: html, body: 'new' }))
    expect((await after.get('/', { host: 'shop.test' })).body).toBe('new')
    expect((await after.get('/', { host: 'shop.test' })).headers['cache-status']).toContain('hit')
  })

  it('stay holes in fragments, which are kept for many pages', async () => {
    let rows = 0
    const row = (id: number) =>
      fragment(cache, ['row', id], {}, () => `<li>${id}.${++rows} ${greeting}</li>`)
    const bar = () => fragment(cache, 'bar', {}, async () => `<ul>${await row(1)}</ul>`)
    const site = await open({ holes: [greeting] }, async ({ url }) => {
      const each = await fragments.each(
        cache,
        [7, 8],
        (id) => ['each', id],
        (id) => Buffer.from(`${id}${greeting};`),
      )
      return { headers: html, body: `${url} ${await bar()} ${Buffer.concat(each).toString()}` }
    })
    for (const [path, name] of [
      ['/a', 'Ada'],
      ['/b', 'Bob'],
      ['/a', 'Cid'],
    ] as const) {
      expect((await site.get(path, { 'x-name': name })).body).toBe(
        `${path} <ul><li>1.1 <b>${name}</b></li></ul> 7<b>${name}</b>;8<b>${name}</b>;`,
      )
    }
    await expect(bar()).rejects.toMatchObject({ code: 'CACHE_SCOPE_VIOLATION' })
  })

  it('are not needed on every answer of the route', async () => {
    const site = await open({ holes: [greeting] }, () => ({
      headers: html,
      body: 'the same for all',
    }))
    await site.get('/')
    const { headers, body } = await site.get('/')
    expect(body).toBe('the same for all')
    expect(headers).toHaveProperty('etag')
    expect(headers['cache-control']).toBe(undefined)
  })

  it('a private part outside of a hole is in no kept page, and neither is what is uncacheable', async () => {
    let runs = 0
    const site = await open({}, async ({ url }) => {
      runs++
      if (url === '/token') uncacheable('the form token')
      else await fragment(cache, 'cart', { private: true }, () => 'three')
      return { headers: html, body: `run ${runs}` }
    })
    for (const path of ['/token', '/cart']) {
      const first = await site.get(path)
      expect((await site.get(path)).body).not.toBe(first.body)
    }
    expect((await site.get('/cart')).headers['cache-control'] ?? 'private').toContain('private')
  })
})

it('a hole without a name, or a list that is none, is refused', () => {
  const invalid = expect.objectContaining({ code: 'CACHE_OPTION_INVALID' })
  expect(() => hole('', () => '')).toThrow(invalid)
  expect(() => hole('x', 5 as never)).toThrow(invalid)
})
