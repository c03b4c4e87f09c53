import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { elapsedMs, QUICK_MS } from './linear.js'
import {
  NO_DIRECTIVES,
  parseCacheControl,
  type ResponseDirectives,
} from '../../src/http/cache-control.js'
import {
  NO_REQUEST_DIRECTIVES,
  parseRequestCacheControl,
  type RequestDirectives,
} from '../../src/http/request-cache-control.js'
import { governingDirectives, parseTargetedCacheControl } from '../../src/http/targeted.js'

const MAX = 2_147_483_648

describe('Cache-Control of a response (RFC 9111 section 5.2.2)', () => {
  test.each<[string, Partial<ResponseDirectives>, string]>([
    ['', {}, '5.2'],
    ['max-age=3600', { maxAge: 3600 }, '5.2.2.1'],
    ['MaX-aGe=3600', { maxAge: 3600 }, '5.2, names in any case'],
    ['max-age="3600"', { maxAge: 3600 }, '5.2, the quoted form is accepted'],
    ['max-age=003600', { maxAge: 3600 }, '1.2.2, leading zeros'],
    ['max-age=0', { maxAge: 0 }, '5.2.2.1'],
    ['max-age=99999999999', { maxAge: MAX }, '1.2.2, overflow'],
    ['max-age=-3600', { maxAge: 0 }, '4.2.1, invalid is stale'],
    ['max-age=3600.0', { maxAge: 0 }, '4.2.1, invalid is stale'],
    ['max-age=a3600', { maxAge: 0 }, '4.2.1, invalid is stale'],
    ['max-age=3600a', { maxAge: 0 }, '4.2.1, invalid is stale'],
    ["max-age='3600'", { maxAge: 0 }, '4.2.1, invalid is stale'],
    ['max-age', { maxAge: 0 }, '4.2.1, no argument'],
    ['max-age=', { maxAge: 0 }, '4.2.1, no argument'],
    ['max-age =3600', { maxAge: 0 }, '4.2.1, space before ='],
    ['max-age= 3600', { maxAge: 0 }, '4.2.1, space after ='],
    ['max-age="3600', { maxAge: 0 }, '4.2.1, quote never closed'],
    ['max-age=1800, max-age=1', { maxAge: 0 }, '4.2.1, values that disagree'],
    ['max-age=1, max-age=1800', { maxAge: 0 }, '4.2.1, values that disagree'],
    ['max-age=60, MAX-AGE=60', { maxAge: 60 }, '4.2.1, values that agree'],
    ['s-maxage=10, max-age=5', { sMaxAge: 10, maxAge: 5 }, '5.2.2.10'],
    ['s-maxage=x', { sMaxAge: 0 }, '4.2.1'],
    ['no-cache', { noCache: true }, '5.2.2.4'],
    ['No-CaChE', { noCache: true }, '5.2.2.4'],
    ['no-cache="A, b"', { noCacheFields: ['a', 'b'] }, '5.2.2.4, qualified'],
    ['no-cache=a', { noCacheFields: ['a'] }, '5.2, the token form is accepted'],
    ['no-cache="a", no-cache="b, a"', { noCacheFields: ['a', 'b'] }, '5.2.2.4, twice'],
    ['no-cache="a", no-cache', { noCacheFields: ['a'], noCache: true }, '4.2.1, most restrictive'],
    ['no-cache=""', { noCache: true }, '5.2.2.4, a list of nothing restricts wholly'],
    ['no-cache="a b"', { noCache: true }, '5.2.2.4, not a field name'],
    ['no-cache =a', { noCache: true }, 'malformed still restricts'],
    ['no-store', { noStore: true }, '5.2.2.5'],
    ['nO-StOrE', { noStore: true }, '5.2.2.5'],
    ['no-store=1', { noStore: true }, 'an argument it should not have'],
    ['private', { private: true }, '5.2.2.7'],
    ['private="set-cookie"', { privateFields: ['set-cookie'] }, '5.2.2.7, qualified'],
    ['private=""', { private: true }, '5.2.2.7'],
    ['public', { public: true }, '5.2.2.9'],
    ['public =1', {}, 'what permits has to be well formed'],
    ['must-revalidate', { mustRevalidate: true }, '5.2.2.2'],
    ['proxy-revalidate', { proxyRevalidate: true }, '5.2.2.8'],
    ['must-understand, no-store', { mustUnderstand: true, noStore: true }, '5.2.2.3'],
    ['no-transform', { noTransform: true }, '5.2.2.6'],
    ['immutable', { immutable: true }, 'RFC 8246 section 2'],
    ['stale-while-revalidate=60', { staleWhileRevalidate: 60 }, 'RFC 5861 section 3'],
    ['stale-while-revalidate', {}, 'RFC 5861 section 3, needs a length'],
    ['stale-if-error=60, stale-if-error=30', { staleIfError: 30 }, 'RFC 5861 section 4'],
    ['stale-if-error=x, stale-if-error=30', { staleIfError: 30 }, 'RFC 5861 section 4'],
    [
      'foobar, max-age=3600',
      { maxAge: 3600, extensions: [{ name: 'foobar', argument: undefined }] },
      '5.2.3',
    ],
    [
      'extension="max-age=3600", max-age=1',
      { maxAge: 1, extensions: [{ name: 'extension', argument: 'max-age=3600' }] },
      '5.2, a name inside quotes is no directive',
    ],
    [
      'community="UCI\\", no-store',
      { extensions: [{ name: 'community', argument: undefined }] },
      '5.6.4, never closed',
    ],
    ['=60, ,"x", é=1, max-age=5', { maxAge: 5 }, 'members without a name'],
  ])('%s', (value, expected) => {
    expect(parseCacheControl(value)).toEqual({ ...NO_DIRECTIVES, ...expected })
  })

  test('an absent field says nothing', () => {
    expect(parseCacheControl(undefined)).toBe(NO_DIRECTIVES)
  })

  test('garbage is read without an exception, and never prolongs anything', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('max-age', '=', '1', '"', ',', ' ', '-', '\\', 'é') }),
        (value) => {
          const { maxAge } = parseCacheControl(value)
          expect(maxAge === undefined || (maxAge >= 0 && maxAge <= MAX)).toBe(true)
          parseRequestCacheControl(value, value)
          parseTargetedCacheControl(value)
        },
      ),
    )
  })

  test('reading takes linear time', () => {
    for (const hostile of [
      'a="'.repeat(50_000),
      'no-cache="a",'.repeat(20_000),
      '='.repeat(200_000),
    ]) {
      expect(
        elapsedMs(() => {
          parseCacheControl(hostile)
        }),
      ).toBeLessThan(QUICK_MS)
    }
  })
})

describe('Cache-Control of a request (RFC 9111 section 5.2.1)', () => {
  test.each<[string | undefined, string | undefined, Partial<RequestDirectives>, string]>([
    ['max-age=0', undefined, { maxAge: 0 }, '5.2.1.1'],
    ['max-age=x', undefined, { maxAge: 0 }, '5.2.1.1, invalid asks for a new answer'],
    ['max-age=5, max-age=3', undefined, { maxAge: 3 }, 'the stricter counts'],
    ['max-stale', undefined, { maxStale: Infinity }, '5.2.1.2'],
    ['max-stale=10', undefined, { maxStale: 10 }, '5.2.1.2'],
    ['max-stale=x', undefined, {}, '5.2.1.2'],
    ['max-stale, max-stale=10', undefined, { maxStale: 10 }, 'the stricter counts'],
    ['min-fresh=5, min-fresh=20', undefined, { minFresh: 20 }, '5.2.1.3'],
    ['no-cache', 'x', { noCache: true }, '5.2.1.4'],
    ['no-store', undefined, { noStore: true }, '5.2.1.5'],
    ['no-transform', undefined, { noTransform: true }, '5.2.1.6'],
    ['only-if-cached', undefined, { onlyIfCached: true }, '5.2.1.7'],
    ['stale-if-error=60', undefined, { staleIfError: 60 }, 'RFC 5861 section 4'],
    [undefined, 'no-cache', { noCache: true }, '5.4, Pragma'],
    [undefined, 'x, No-Cache', { noCache: true }, '5.4, Pragma in a list'],
    [undefined, 'foo', {}, '5.4'],
    [
      'nothing',
      'no-cache',
      { extensions: [{ name: 'nothing', argument: undefined }] },
      '5.4, Pragma counts only without Cache-Control',
    ],
    [undefined, undefined, {}, ''],
  ])('%s, Pragma %s', (value, pragma, expected) => {
    expect(parseRequestCacheControl(value, pragma)).toEqual({
      ...NO_REQUEST_DIRECTIVES,
      ...expected,
    })
  })
})

describe('targeted fields (RFC 9213)', () => {
  test.each<[string, Partial<ResponseDirectives> | undefined, string]>([
    ['max-age=600', { maxAge: 600 }, '2.1'],
    ['max-age=99999999999', { maxAge: MAX }, 'RFC 9111 section 1.2.2'],
    ['max-age=600;x=1', { maxAge: 600 }, '2.1, parameters are ignored'],
    ['max-age="600"', { maxAge: 0 }, '2.1, a string is not consumed as a number'],
    ['max-age=600.0', { maxAge: 0 }, '2.1, a decimal is not consumed'],
    ['max-age=-1', { maxAge: 0 }, '2.1'],
    ['max-age', { maxAge: 0 }, '2.1'],
    ['max-age=1, max-age=5', { maxAge: 5 }, 'RFC 9651 section 4.2.2, the last counts'],
    ['no-store', { noStore: true }, '2.2'],
    ['no-store=?0', {}, 'RFC 9651: false is absent'],
    ['no-cache="a, b"', { noCacheFields: ['a', 'b'] }, '2.1'],
    ['no-cache=(a b)', { noCache: true }, '2.1, a type it cannot have still restricts'],
    ['private, must-revalidate', { private: true, mustRevalidate: true }, '2.2'],
    ['none', { extensions: [{ name: 'none', argument: undefined }] }, '3.1'],
    ['', undefined, '2.1, empty is absent'],
    ['max-age =100', undefined, '2.1, a fault makes the field absent'],
    ['max-age= 100', undefined, '2.1'],
    ['MaX-aGe=3600', undefined, '2.1, keys are lower-case'],
    ['max-age=10000, &&&&&', undefined, '2.1'],
  ])('%s', (value, expected) => {
    expect(parseTargetedCacheControl(value)).toEqual(
      expected === undefined ? undefined : { ...NO_DIRECTIVES, ...expected },
    )
  })

  test.each([
    [
      { 'cache-control': 'max-age=1', 'cdn-cache-control': 'max-age=2' },
      ['cdn-cache-control'],
      2,
      'cdn-cache-control',
    ],
    [{ 'cache-control': 'max-age=1', 'cdn-cache-control': 'max-age=2' }, [], 1, 'cache-control'],
    [
      { 'cache-control': 'max-age=1', 'cdn-cache-control': '&&' },
      ['cdn-cache-control'],
      1,
      'cache-control',
    ],
    [
      { 'cache-control': 'max-age=1', 'x-cache-control': '', 'cdn-cache-control': 'max-age=2' },
      ['x-cache-control', 'cdn-cache-control'],
      2,
      'cdn-cache-control',
    ],
    [{ 'cdn-cache-control': 'none' }, ['cdn-cache-control'], undefined, 'cdn-cache-control'],
  ])(
    'of %j with targets %j, max-age %s from %s governs (section 2.2)',
    (fields, targets, maxAge, source) => {
      const governing = governingDirectives(fields, targets)
      expect(governing.directives.maxAge).toBe(maxAge)
      expect(governing.source).toBe(source)
    },
  )
})
