import { randomBytes } from 'node:crypto'
import { brotliDecompressSync, gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createCache } from '../../index.js'
import { coreOf } from '../../src/cache/cache.js'
import { Codings } from '../../src/page/codings.js'
import type { CompressOptions } from '../../src/page/index.js'
import { resolvePageOptions } from '../../src/page/options.js'
import { until } from '../support/until.js'
import { storedPage } from './kept.js'
import {
  expressListener,
  type Got,
  type Handler,
  KINDS,
  type Site,
  siteOpener,
  type Told,
} from './site.js'

const text = 'A line of a page that says the same as the last one.\n'.repeat(100)
const html = { 'content-type': 'text/html; charset=utf-8', etag: '"v1"' }
const decoded: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  br: brotliDecompressSync,
  gzip: gunzipSync,
  zstd: zstdDecompressSync,
}

describe.each(KINDS)('pages in content codings: %s', (_, kind) => {
  const open = siteOpener(kind, { ttl: '1m' })
  const site = (told: Told | Handler, compress: boolean | CompressOptions = true) =>
    open(typeof told === 'function' ? told : () => told, { compress })
  const accepting = (accept: string) => ({ 'accept-encoding': accept })

  /** Asks until the page has been made in `coding`. */
  async function asked({ get }: Site, accept: string, coding: string): Promise<Got> {
    let got: Got | undefined
    await until(`there is ${coding}`, async () => {
      got = await get('/', accepting(accept))
      return got.headers['content-encoding'] === coding
    })
    return got!
  }

  it.each(['br', 'gzip', 'zstd'])('keeps a page in %s, with a tag of its own', async (coding) => {
    const page = await site({ body: text, headers: html })
    const first = await page.get('/', accepting(coding))
    expect([first.body, first.headers.vary]).toEqual([text, 'accept-encoding'])
    expect(first.headers['content-encoding']).toBeUndefined()
    const got = await asked(page, coding, coding)
    expect(String(decoded[coding]!(got.bytes))).toBe(text)
    expect(got.bytes.length).toBeLessThan(text.length / 10)
    expect(got.headers).toMatchObject({
      'content-length': String(got.bytes.length),
      etag: `"v1-${coding}"`,
      vary: 'accept-encoding',
    })
    expect(got.headers['cache-status']).toContain('hit')
    const plain = await page.get('/', accepting('identity'))
    expect([plain.body, plain.headers.etag, plain.headers.vary]).toEqual([
      text,
      '"v1"',
      'accept-encoding',
    ])
  })

  it('gives each visitor what they like best of what there is', async () => {
    const page = await site({ body: text, headers: html })
    for (const coding of ['br', 'gzip', 'zstd']) await asked(page, coding, coding)
    const likes = async (accept: string) =>
      (await page.get('/', accepting(accept))).headers['content-encoding'] ?? 'identity'
    expect(await likes('gzip, deflate, br, zstd')).toBe('br')
    expect(await likes('gzip, br;q=0.5')).toBe('gzip')
    expect(await likes('br;q=0, *;q=0.1, gzip;q=0.2')).toBe('gzip')
    expect(await likes('identity, gzip;q=0.5')).toBe('identity')
    expect(await likes('deflate')).toBe('identity')
    expect(await likes('')).toBe('identity')
    expect((await page.get('/')).headers['content-encoding']).toBeUndefined()
  })

  it('answers conditions, ranges and HEAD about the bytes it would send', async () => {
    const page = await site({ body: text, headers: html })
    const { bytes } = await asked(page, 'br', 'br')
    const ask = (headers: Record<string, string>, method = 'GET') =>
      page.ask(method, '/', { ...accepting('br'), ...headers })
    const known = await ask({ 'if-none-match': '"v1-br"' })
    expect([known.status, known.headers.etag, known.headers.vary]).toEqual([
      304,
      '"v1-br"',
      'accept-encoding',
    ])
    expect((await ask({ 'if-none-match': '"v1"' })).status).toBe(200)
    const part = await ask({ range: 'bytes=2-5', 'if-range': '"v1-br"' })
    expect([part.status, part.headers['content-encoding']]).toEqual([206, 'br'])
    expect(part.headers['content-range']).toBe(`bytes 2-5/${bytes.length}`)
    expect(part.bytes.equals(bytes.subarray(2, 6))).toBe(true)
    expect((await ask({ range: 'bytes=2-5', 'if-range': '"v1"' })).status).toBe(200)
    const head = await ask({}, 'HEAD')
    expect([head.headers['content-length'], head.headers['content-encoding'], head.body]).toEqual([
      String(bytes.length),
      'br',
      '',
    ])
  })

  it('makes each coding once, whoever asks', async () => {
    const page = await site({ body: text, headers: html })
    await page.get('/')
    const fills = page.cache.stats().fills
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 10 }, () => page.get('/', accepting('gzip'))))
    }
    await asked(page, 'gzip', 'gzip')
    expect(page.cache.stats().fills - fills).toBe(1)
  })

  it.each<[string, Told]>([
    ['is small', { body: text.slice(0, 500), headers: html }],
    ['does not shrink', { body: Buffer.from(text), headers: { 'content-type': 'image/png' } }],
    ['must not be changed', { body: text, headers: { ...html, 'cache-control': 'no-transform' } }],
    [
      'is compressed',
      { body: gzipSync(text, { level: 0 }), headers: { ...html, 'content-encoding': 'gzip' } },
    ],
    ['is negotiated by the handler', { body: text, headers: { ...html, vary: 'Accept-Encoding' } }],
  ])('leaves alone what %s', async (why, told) => {
    const { get, cache } = await site(told)
    await get('/', accepting('br'))
    const entries = cache.stats().entries
    for (const _ of [1, 2]) {
      const got = await get('/', accepting('br'))
      expect(got.headers['cache-status']).toContain('hit')
      expect(got.headers['content-encoding']).toBe(told.headers?.['content-encoding'])
      expect(got.headers.vary).toBe(told.headers?.['vary'] && 'Accept-Encoding')
    }
    expect(cache.stats().entries, why).toBe(entries)
  })

  it('says nothing of a coded page that is true of the bytes as they were', async () => {
    const page = await site({
      body: text,
      headers: { ...html, 'content-digest': 'sha-256=:eA==:' },
    })
    expect((await asked(page, 'gzip', 'gzip')).headers).not.toHaveProperty('content-digest')
    expect((await page.get('/')).headers).toHaveProperty('content-digest')
  })

  it('sends what would be no smaller as it is', async () => {
    const body = randomBytes(4_096)
    const page = await site({ body, headers: html }, { codings: ['gzip'] })
    await page.get('/')
    const { fills } = page.cache.stats()
    await page.get('/', accepting('gzip'))
    await until('it was tried', () => page.cache.stats().fills === fills + 1)
    for (const _ of [1, 2]) {
      const got = await page.get('/', accepting('gzip'))
      expect([got.bytes.equals(body), got.headers['content-encoding']]).toEqual([true, undefined])
    }
    expect(page.cache.stats().fills).toBe(fills + 1)
  })

  it('does as it is told: which codings, how small, what kinds of content', async () => {
    const page = await site(
      { body: text.slice(0, 200), headers: { 'content-type': 'application/x-log' } },
      { codings: ['gzip'], minBytes: 100, compressible: (type) => type === 'application/x-log' },
    )
    await asked(page, 'br, gzip', 'gzip')
  })

  it('says that it varies beside what else the page varies on', async () => {
    const page = await site(({ headers }) => ({
      body: text + String(headers['x-tenant']),
      headers: { 'content-type': 'text/plain', vary: 'X-Tenant' },
    }))
    const got = await asked(page, 'gzip', 'gzip')
    expect(got.headers.vary).toBe('accept-encoding, x-tenant')
    const other = await page.get('/', { ...accepting('gzip'), 'x-tenant': 'b' })
    expect(other.body).toBe(`${text}b`)
  })
})

describe('the option', () => {
  it.each([
    ['compress', 'yes'],
    ['compress.codings', { codings: ['deflate'] }],
    ['compress.minBytes', { minBytes: -1 }],
    ['compress.maxBytes', { maxBytes: 0 }],
    ['compress.compressible', { compressible: /text/ }],
  ])('%s is refused when it is not what it should be', async (option, compress) => {
    await using cache = createCache()
    await expect(
      expressListener({ cache, options: { compress: compress as never }, handler: () => ({}) }),
    ).rejects.toMatchObject({ code: 'CACHE_OPTION_INVALID', option })
  })
})

it('compresses two bodies at a time, and the others when they are asked for again', async () => {
  await using cache = createCache()
  const settings = resolvePageOptions({ compress: { codings: ['gzip'] } })
  const codings = new Codings(cache, coreOf(cache), settings.compress!, settings)
  const pages = Array.from({ length: 5 }, (_, at) =>
    storedPage(`${at}${text}`, [['content-type', 'text/html']]),
  )
  let running = 0
  let most = 0
  cache.on('miss', () => {
    running++
    most = Math.max(most, running)
  })
  cache.on('load', () => running--)
  await until('all are compressed', () => {
    const got = pages.map((page) => codings.of(page, { 'accept-encoding': 'gzip' }))
    return got.every(({ lines }) => lines.some(([name]) => name === 'content-encoding'))
  })
  expect(most).toBe(2)
})
