import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NO_DIRECTIVES, parseCacheControl } from '../../src/http/cache-control.js'
import {
  cacheControlDirectives,
  type CacheControlOptions,
  capLifetimes,
  formatCacheControl,
  formatRequestCacheControl,
} from '../../src/http/cache-control-format.js'
import { capFields } from '../../src/http/cap.js'
import { toSeconds } from '../../src/http/lifetime.js'
import { cachePolicy, policyFields } from '../../src/http/policy.js'
import { parseRequestCacheControl } from '../../src/http/request-cache-control.js'

const invalid = (option: string) =>
  expect.objectContaining({ code: 'CACHE_OPTION_INVALID', option }) as Error

describe('writing Cache-Control', () => {
  test.each<[CacheControlOptions, string]>([
    [{}, ''],
    [
      { public: true, maxAge: '5m', staleWhileRevalidate: '1m' },
      'public, max-age=300, stale-while-revalidate=60',
    ],
    [{ public: true, maxAge: '1y', immutable: true }, 'public, max-age=31536000, immutable'],
    [{ maxAge: Infinity }, 'max-age=31536000'],
    [{ maxAge: '2w' }, 'max-age=1209600'],
    [{ maxAge: 1999 }, 'max-age=1'],
    [{ maxAge: 0, mustRevalidate: true }, 'max-age=0, must-revalidate'],
    [{ noStore: true }, 'no-store'],
    [
      { mustUnderstand: true, noStore: true, maxAge: '1h' },
      'no-store, must-understand, max-age=3600',
    ],
    [{ private: true, noCache: true }, 'private, no-cache'],
    [{ private: ['Set-Cookie'], maxAge: '1m' }, 'private="set-cookie", max-age=60'],
    [{ noCache: ['a', 'B'], maxAge: '1m' }, 'no-cache="a, b", max-age=60'],
    [
      { maxAge: '1m', sMaxAge: '1h', proxyRevalidate: true },
      'max-age=60, s-maxage=3600, proxy-revalidate',
    ],
    [
      { maxAge: '1m', staleIfError: '1d', noTransform: true },
      'max-age=60, no-transform, stale-if-error=86400',
    ],
    [
      { extensions: { foo: true, Community: 'U "C" I', n: 5 } },
      'foo, community="U \\"C\\" I", n=5',
    ],
  ])('%o', (options, value) => {
    expect(formatCacheControl(cacheControlDirectives(options))).toBe(value)
  })

  test.each<[CacheControlOptions, string]>([
    [{ public: true, private: true }, 'public'],
    [{ private: true, sMaxAge: '1m' }, 'sMaxAge'],
    [{ private: true, proxyRevalidate: true }, 'proxyRevalidate'],
    [{ noStore: true, maxAge: '1m' }, 'noStore'],
    [{ noStore: true, public: true }, 'noStore'],
    [{ noStore: true, staleIfError: '1m' }, 'noStore'],
    [{ noCache: true, immutable: true, maxAge: '1m' }, 'immutable'],
    [{ noCache: true, staleWhileRevalidate: '1m' }, 'staleWhileRevalidate or staleIfError'],
    [
      { mustRevalidate: true, staleIfError: '1m', maxAge: '1m' },
      'staleWhileRevalidate or staleIfError',
    ],
    [{ immutable: true }, 'immutable'],
    [{ maxAge: '0.5s' }, 'maxAge'],
    [{ maxAge: -1 }, 'maxAge'],
    [{ maxAge: Number.NaN }, 'maxAge'],
    [{ sMaxAge: '5 minutes' as '5m' }, 'sMaxAge'],
    [{ private: [] }, 'private'],
    [{ noCache: ['a b'] }, 'noCache'],
    [{ extensions: { 'a b': true } }, 'extensions'],
    [{ extensions: { a: 'x\r\nSet-Cookie: y' } }, 'extensions.a'],
  ])('refuses %o', (options, option) => {
    expect(() => cacheControlDirectives(options)).toThrow(invalid(option))
  })

  test('what is written is read back as the same', () => {
    const flags = fc.record({
      public: fc.boolean(),
      noTransform: fc.boolean(),
      mustUnderstand: fc.boolean(),
      proxyRevalidate: fc.boolean(),
      noCacheFields: fc.constantFrom([], ['a'], ['a', 'b']),
      maxAge: fc.option(fc.nat(), { nil: undefined }),
      sMaxAge: fc.option(fc.nat(), { nil: undefined }),
      staleIfError: fc.option(fc.nat(), { nil: undefined }),
      extensions: fc.array(
        fc.record({
          name: fc.stringMatching(/^x[a-z]{1,4}$/),
          argument: fc.option(fc.stringMatching(/^[ -~]{0,6}$/), { nil: undefined }),
        }),
        { maxLength: 2 },
      ),
    })
    fc.assert(
      fc.property(flags, (given) => {
        const directives = { ...NO_DIRECTIVES, ...given }
        expect(parseCacheControl(formatCacheControl(directives))).toEqual(directives)
      }),
    )
  })

  test.each([
    'no-cache',
    'max-age=5, max-stale',
    'max-stale=3, min-fresh=2, only-if-cached, x="a b"',
  ])('a request that says %s is written as it was read', (value) => {
    expect(formatRequestCacheControl(parseRequestCacheControl(value))).toBe(value)
  })
})

describe('lifetimes', () => {
  test.each([
    ['1y', 31_536_000],
    ['1.5w', 907_200],
    [0, 0],
    ['0s', 0],
    [1000, 1],
    [1e15, 2_147_483_648],
  ] as const)('%s is %d seconds', (lifetime, seconds) => {
    expect(toSeconds(lifetime, 'maxAge')).toBe(seconds)
  })

  test('are lowered to what is left and never raised', () => {
    const directives = parseCacheControl('max-age=300, s-maxage=20')
    expect(formatCacheControl(capLifetimes(directives, 60.9))).toBe('max-age=60, s-maxage=20')
    expect(formatCacheControl(capLifetimes(directives, -5))).toBe('max-age=0, s-maxage=0')
    expect(capLifetimes(directives, 300)).toBe(directives)
    expect(capLifetimes(NO_DIRECTIVES, 0)).toBe(NO_DIRECTIVES)
  })
})

describe('a response is held to what is left', () => {
  const now = Date.UTC(1994, 10, 6, 8, 49, 37)

  test('in every field that promises more, and in no other', () => {
    const fields = {
      'cache-control': ['max-age=300', 'private="a"'],
      'cdn-cache-control': 'max-age=3600',
      'x-cache-control': 'max-age=9',
      expires: 'Sun, 06 Nov 1994 09:49:37 GMT',
    }
    expect(capFields(fields, 60, now, ['cdn-cache-control', 'x-cache-control'])).toEqual([
      ['cache-control', 'private="a", max-age=60'],
      ['cdn-cache-control', 'max-age=60'],
      ['expires', 'Sun, 06 Nov 1994 08:50:37 GMT'],
    ])
    expect(capFields(fields, 1e6, now)).toEqual([])
    expect(capFields(fields, -5, now)).toContainEqual(['expires', 'Sun, 06 Nov 1994 08:49:37 GMT'])
    expect(capFields({ expires: '0', 'cdn-cache-control': '&&' }, 0, now)).toEqual([])
  })
})

describe('a policy', () => {
  const now = Date.UTC(1994, 10, 6, 8, 49, 37)

  test('says the same in Expires, and other things to other caches (RFC 9213)', () => {
    const policy = cachePolicy({
      maxAge: '1m',
      expires: true,
      targeted: { 'CDN-Cache-Control': { maxAge: '1h' }, 'x-cache-control': { noStore: true } },
    })
    expect(policyFields(policy, now)).toEqual([
      ['cache-control', 'max-age=60'],
      ['cdn-cache-control', 'max-age=3600'],
      ['x-cache-control', 'no-store'],
      ['expires', 'Sun, 06 Nov 1994 08:50:37 GMT'],
    ])
    expect(policyFields(policy, now, 30)).toEqual([
      ['cache-control', 'max-age=30'],
      ['cdn-cache-control', 'max-age=30'],
      ['x-cache-control', 'no-store'],
      ['expires', 'Sun, 06 Nov 1994 08:50:07 GMT'],
    ])
  })

  test('that forbids reuse expired long ago', () => {
    expect(policyFields(cachePolicy({ noStore: true, expires: true }), now)).toEqual([
      ['cache-control', 'no-store'],
      ['expires', 'Thu, 01 Jan 1970 00:00:00 GMT'],
    ])
  })

  test('that states no lifetime has no Expires', () => {
    expect(policyFields(cachePolicy({ public: true, expires: true }), now)).toEqual([
      ['cache-control', 'public'],
    ])
    expect(policyFields(cachePolicy({}), now)).toEqual([])
  })

  test('for a targeted field has to say something that field can hold', () => {
    expect(() => cachePolicy({ targeted: { 'cdn-cache-control': {} } })).toThrow(/targeted/)
    expect(() => cachePolicy({ targeted: { 'a b': { noStore: true } } })).toThrow(/field name/)
    expect(() =>
      cachePolicy({ targeted: { cdn: { extensions: { Ab: '1x', '!': true } } } }),
    ).toThrow(/structured/)
  })
})
