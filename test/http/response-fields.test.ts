import { inspect } from 'node:util'
import { validateHeaderValue } from 'node:http'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assetPolicy, isFingerprinted } from '../../src/http/asset.js'
import {
  appendCacheStatus,
  type CacheStatus,
  createCacheStatusWriter,
  formatCacheStatus,
  parseCacheStatus,
} from '../../src/http/cache-status.js'
import { clearSiteData, type SiteData } from '../../src/http/clear-site-data.js'
import { findUnsafeLine, isFieldValue, isStoredStatus } from '../../src/http/field-safety.js'
import type { FieldLine } from '../../src/http/fields.js'
import {
  formatNoVarySearch,
  FULL_VARIANCE,
  parseNoVarySearch,
  searchKey,
  type SearchVariance,
} from '../../src/http/no-vary-search.js'
import { purgeRequests } from '../../src/http/purge-requests.js'
import {
  encodeSurrogateKey,
  formatSurrogateKeys,
  SURROGATE_KEY_FORMATS,
} from '../../src/http/surrogate-keys.js'

describe('Cache-Status (RFC 9211)', () => {
  test.each<[CacheStatus, string, string]>([
    [{ cache: 'keepfresh', hit: true, ttl: 376 }, 'keepfresh;hit;ttl=376', '2.1, 2.4'],
    [{ cache: 'keepfresh', hit: true, ttl: -412 }, 'keepfresh;hit;ttl=-412', '2.4, stale'],
    [
      { cache: 'keepfresh', fwd: 'uri-miss', stored: true },
      'keepfresh;fwd=uri-miss;stored',
      '2.2, 2.5',
    ],
    [
      { cache: 'keepfresh', fwd: 'stale', fwdStatus: 304 },
      'keepfresh;fwd=stale;fwd-status=304',
      '2.3',
    ],
    [
      { cache: 'keepfresh', fwd: 'miss', collapsed: false },
      'keepfresh;fwd=miss;collapsed=?0',
      '2.6',
    ],
    [
      { cache: 'CDN Company Here', fwd: 'bypass', detail: 'set-cookie' },
      '"CDN Company Here";fwd=bypass;detail=set-cookie',
      '2.8',
    ],
    [
      { cache: 'c', hit: true, fwd: 'miss', key: '/a "b"' },
      'c;hit;key="/a \\"b\\""',
      '2.1, hit excludes fwd',
    ],
    [{ cache: 'c', hit: false, detail: 'two words' }, 'c;detail="two words"', '2.8'],
  ])('%j is written %s', (status, expected) => {
    expect(formatCacheStatus(status)).toBe(expected)
  })

  test('is appended, and read nearest the origin first', () => {
    const field = appendCacheStatus(
      appendCacheStatus(undefined, 'Origin; hit; ttl=1100; collapsed'),
      '"CDN"; fwd=x;ttl=5',
    )
    expect(parseCacheStatus(field)).toEqual([
      { cache: 'Origin', hit: true, ttl: 1100, collapsed: true },
      { cache: 'CDN', fwd: 'x', ttl: 5 },
    ])
    expect(parseCacheStatus('a, (b), 5')).toEqual([{ cache: 'a' }])
    expect(parseCacheStatus('a,')).toBeUndefined()
  })

  test('of a hit is written the same by the short way', () => {
    const writer = createCacheStatusWriter('my cache')
    expect(writer.hit(27.9)).toBe(formatCacheStatus({ cache: 'my cache', hit: true, ttl: 27.9 }))
    expect(writer.hit(-0.5)).toBe('"my cache";hit;ttl=-1')
    expect(writer.write({ fwd: 'method' })).toBe('"my cache";fwd=method')
  })

  test('refuses what cannot be written', () => {
    expect(() => createCacheStatusWriter('caché')).toThrow(/structured field/)
    expect(() => formatCacheStatus({ cache: 'c', key: 'a\r\nb' })).toThrow(/structured field/)
  })

  test('what is written is read back', () => {
    const text = fc.stringMatching(/^[ -~]{1,8}$/)
    const status = fc.record(
      {
        cache: text,
        fwd: fc.constantFrom('stale', 'miss', 'partial'),
        fwdStatus: fc.integer({ min: 100, max: 599 }),
        stored: fc.boolean(),
        collapsed: fc.boolean(),
        ttl: fc.integer(),
        key: text,
        detail: text,
      },
      { requiredKeys: ['cache'] },
    )
    fc.assert(
      fc.property(status, (one) => {
        expect(parseCacheStatus(formatCacheStatus(one))).toEqual([one])
      }),
    )
  })
})

describe('tags in headers', () => {
  const small = { field: 'x', separator: ' ', maxBytes: 10, maxTagBytes: 6, maxTags: 3 } as const

  test.each([
    ['user:5', 'user:5'],
    ['a b,c', 'a%20b%2Cc'],
    ['é', '%C3%A9'],
    ['100%', '100%25'],
    ['a\r\nSet-Cookie: x', 'a%0D%0ASet-Cookie:%20x'],
    ['', ''],
  ])('%j is written %s', (tag, expected) => {
    expect(encodeSurrogateKey(tag)).toBe(expected)
  })

  test('no two tags are written alike, and none holds a separator', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        expect(encodeSurrogateKey(a) === encodeSurrogateKey(b)).toBe(a === b)
        expect(encodeSurrogateKey(a)).toMatch(/^[!-+\--~]*$/)
      }),
    )
  })

  test('each once, in the format of the CDN', () => {
    expect(formatSurrogateKeys(['a', 'b c', 'a'], SURROGATE_KEY_FORMATS.fastly)).toEqual({
      value: 'a b%20c',
      omitted: [],
    })
    expect(formatSurrogateKeys(['a', 'b'], SURROGATE_KEY_FORMATS.cloudflare).value).toBe('a,b')
    expect(formatSurrogateKeys([], small)).toEqual({ value: '', omitted: [] })
  })

  test('what does not fit is named, and the value keeps its bounds', () => {
    expect(formatSurrogateKeys(['toolong', 'abcd', 'efgh', 'x', 'y'], small)).toEqual({
      value: 'abcd efgh',
      omitted: ['toolong', 'x', 'y'],
    })
    expect(formatSurrogateKeys(['a', 'b', 'c', 'd'], small)).toEqual({
      value: 'a b c',
      omitted: ['d'],
    })
    expect(formatSurrogateKeys([''], small).omitted).toEqual([''])
    expect(formatSurrogateKeys(['abcdef', 'ghi'], small).value).toBe('abcdef ghi')
    expect(formatSurrogateKeys(['abcdef', 'ghij'], small).omitted).toEqual(['ghij'])
    fc.assert(
      fc.property(fc.array(fc.string()), (tags) => {
        const { value, omitted } = formatSurrogateKeys(tags, small)
        expect(value.length).toBeLessThanOrEqual(10)
        const written = value === '' ? 0 : value.split(' ').length
        expect(written + omitted.length).toBe(new Set(tags).size)
      }),
    )
  })

  test('purge requests say the tags as the responses said them', () => {
    const tags = Array.from({ length: 31 }, (_, index) => `t ${index}`)
    const cloudflare = purgeRequests({ cdn: 'cloudflare', zoneId: 'z1', token: 'secret' }, tags)
    expect(cloudflare).toHaveLength(2)
    expect(cloudflare[0]).toMatchObject({
      method: 'POST',
      url: 'https://api.cloudflare.com/client/v4/zones/z1/purge_cache',
      headers: { authorization: 'Bearer secret' },
    })
    expect(JSON.parse(cloudflare[1]!.body!)).toEqual({ tags: ['t%2030'] })
    expect(
      purgeRequests({ cdn: 'fastly', serviceId: 's1', token: 'secret' }, ['a', 'b', 'a']),
    ).toEqual([
      {
        method: 'POST',
        url: 'https://api.fastly.com/service/s1/purge',
        headers: {
          'fastly-key': 'secret',
          'surrogate-key': 'a b',
          accept: 'application/json',
          'fastly-soft-purge': '1',
        },
      },
    ])
    expect(
      purgeRequests({ cdn: 'fastly', serviceId: 's1', token: 'x', soft: false }, ['a'])[0]!.headers,
    ).not.toHaveProperty('fastly-soft-purge')
    expect(purgeRequests({ cdn: 'fastly', serviceId: 's1', token: 'x' }, [])).toEqual([])
    expect(() => purgeRequests({ cdn: 'fastly', serviceId: '../x', token: 'x' }, ['a'])).toThrow(
      /serviceId/,
    )
    const leaked = (() => {
      try {
        return purgeRequests({ cdn: 'cloudflare', zoneId: 'z', token: 'secret token' }, ['a'])
      } catch (error) {
        return error
      }
    })()
    expect(leaked).toBeInstanceOf(Error)
    expect(inspect(leaked)).not.toContain('secret')
    expect(() => purgeRequests({ cdn: 'cloudflare', zoneId: 'z', token: 'a\nb' }, ['a'])).toThrow(
      /token/,
    )
  })
})

describe('No-Vary-Search', () => {
  test.each<[string | undefined, Partial<SearchVariance>]>([
    ['key-order', { ignoreOrder: true }],
    ['params=("utm_source" "utm_medium")', { ignore: ['utm_source', 'utm_medium'] }],
    ['params, except=("productId")', { ignore: '*', except: ['productId'] }],
    ['params', { ignore: '*' }],
    ['params, key-order, except=("x")', { ignoreOrder: true, ignore: '*', except: ['x'] }],
    ['params=("%C3%A9+%E6%B0%97")', { ignore: ['é 気'] }],
    ['params=("a%26b" "c=d" "?e")', { ignore: ['a&b', 'c=d', '?e'] }],
    ['params=?0', {}],
    ['params=()', {}],
    ['key-order=?0', {}],
    [undefined, {}],
    ['unknown-key', {}],
    ['unknown-key, key-order', { ignoreOrder: true }],
    ['key-order="not a boolean"', {}],
    ['params="not a boolean or inner list"', {}],
    ['params=(not-a-string)', {}],
    ['params=("a"), except=("x")', {}],
    ['params=(), except=()', {}],
    ['params=?0, except=("x")', {}],
    ['params, except=(not-a-string)', {}],
    ['params, except="not an inner list"', {}],
    ['params, except=?1', {}],
    ['except=("x")', {}],
    ['except=()', {}],
    ['key-order, except=()', {}],
    ['key-order,', {}],
  ])('%s', (value, expected) => {
    expect(parseNoVarySearch(value)).toEqual({ ...FULL_VARIANCE, ...expected })
  })

  test.each([
    ['key-order', 'a=1&b=2', 'b=2&a=1', true],
    ['key-order', 'a=1&a=2', 'a=2&a=1', false],
    ['key-order', 'a=x', '%61=%78', true],
    ['key-order', 'a=x&&&&', 'a=x', true],
    ['key-order', 'a=', 'a', true],
    ['key-order', 'a=%20', 'a=+', true],
    ['key-order', '', '&', true],
    ['key-order', '?a=1', 'a=1', false],
    ['params=("utm")', 'utm=1&a=1', 'a=1&utm=2', true],
    ['params=("utm")', 'a=1&b=1', 'b=1&a=1', false],
    ['params', 'a=1', '', true],
    ['params, except=("id")', 'id=1&x=1', 'id=1', true],
    ['params, except=("id")', 'id=1', 'id=2', false],
    [undefined, 'a', 'a=', false],
    [undefined, 'a=1', 'a=1', true],
  ])('under %s, %s and %s are equivalent: %s', (field, a, b, same) => {
    const variance = parseNoVarySearch(field)
    expect(searchKey(a, variance) === searchKey(b, variance)).toBe(same)
  })

  test('what is written is read back', () => {
    const keys = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 3 })
    const variance: fc.Arbitrary<SearchVariance> = fc.oneof(
      fc.record({ ignoreOrder: fc.boolean(), ignore: keys, except: fc.constant([]) }),
      fc.record({ ignoreOrder: fc.boolean(), ignore: fc.constant('*' as const), except: keys }),
    )
    fc.assert(
      fc.property(variance, (one) => {
        expect(parseNoVarySearch(formatNoVarySearch(one))).toEqual(one)
      }),
    )
    expect(formatNoVarySearch({})).toBeUndefined()
    expect(formatNoVarySearch({ ignoreOrder: true, ignore: '*' })).toBe('key-order, params')
  })
})

describe('Clear-Site-Data', () => {
  test('is written in quotes, each kind once', () => {
    expect(clearSiteData('cache', 'cookies', 'cache')).toBe('"cache", "cookies"')
    expect(clearSiteData('*')).toBe('"*"')
  })

  test('that a browser would ignore is refused', () => {
    expect(() => clearSiteData()).toThrow(/kinds/)
    expect(() => clearSiteData('cookie' as SiteData)).toThrow(/kinds/)
  })
})

describe('what goes out from storage (RFC 9110 section 5.5)', () => {
  test.each<[FieldLine, string | undefined]>([
    [['x', 'a\tb \u00e9'], undefined],
    [['Content-Length', '36'], undefined],
    [['x', ''], undefined],
    [['x', 'a\r\nSet-Cookie: b=c'], 'value'],
    [['x', 'a\nb'], 'value'],
    [['x', 'a\rb'], 'value'],
    [['x', 'a\u0000b'], 'value'],
    [['x', 'a\u007fb'], 'value'],
    [['x', '\u010a'], 'value'],
    [['x\r\ny', 'a'], 'name'],
    [['x:', 'a'], 'name'],
    [['', 'a'], 'name'],
    [['Transfer-Encoding', 'chunked'], 'forbidden'],
    [['content-length', '36, 37'], 'forbidden'],
    [['content-length', '-1'], 'forbidden'],
  ])('%j: %s', (line, reason) => {
    expect(findUnsafeLine([['ok', 'ok'], line])?.reason).toBe(reason)
  })

  test('what is a field value here is one for Node', () => {
    const character = fc.integer({ min: 0, max: 0x1ff }).map((code) => String.fromCharCode(code))
    const value = fc.string({ unit: character.filter(isFieldValue) })
    fc.assert(
      fc.property(value, (text) => {
        expect(() => validateHeaderValue('x', text)).not.toThrow()
      }),
    )
  })

  test('a status has to be a final one', () => {
    expect([200, 404, 599].every(isStoredStatus)).toBe(true)
    expect([103, 304, 600, 200.5, Number.NaN].some(isStoredStatus)).toBe(false)
  })
})

describe('static assets', () => {
  test.each([
    ['/assets/app.3f9a1c2b.js', true],
    ['/assets/index-BxY12_9a.js', true],
    ['/assets/index-4QXFTIRS.css', true],
    ['/a.3f9a1c2b4d5e6f708192.chunk.js.map', true],
    ['/a.0123456789abcdef0123456789abcdef.woff2', true],
    ['/3f9a1c2b/app.js', false],
    ['/report-20240115.pdf', false],
    ['/photo-holidays.jpg', false],
    ['/x-decade99.jpg', false],
    ['/slide-Chapter1.png', false],
    ['/x-DSC01234.JPG', false],
    ['/IMG_20240115_Holiday.jpg', false],
    ['/jquery-3.7.1.min.js', false],
    ['/app.js', false],
    ['/', false],
  ])('%s is fingerprinted: %s', (path, expected) => {
    expect(isFingerprinted(path)).toBe(expected)
  })

  test('fingerprinted names are immutable, others are asked about', () => {
    const policy = assetPolicy()
    expect(policy('/app.3f9a1c2b.js').cacheControl).toBe('public, max-age=31536000, immutable')
    expect(policy('/app.js').cacheControl).toBe('public, no-cache')
    const own = assetPolicy({
      fingerprinted: (path) => path.startsWith('/v1/'),
      revalidated: { maxAge: '1m' },
    })
    expect(own('/v1/x').directives.immutable).toBe(true)
    expect(own('/app.3f9a1c2b.js').cacheControl).toBe('max-age=60')
  })
})
