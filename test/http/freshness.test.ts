import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FieldValues } from '../../src/http/fields.js'
import {
  ageSeconds,
  computeFreshness,
  type Freshness,
  type FreshnessInput,
  type LifetimeSource,
  remainingMs,
} from '../../src/http/freshness.js'
import { formatHttpDate } from '../../src/http/http-date.js'
import { parseRequestCacheControl } from '../../src/http/request-cache-control.js'
import { judgeReuse, mayServeOnError, type Reuse, uselessFrom } from '../../src/http/reuse.js'
import { governingDirectives } from '../../src/http/targeted.js'

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0, 600)
const date = (offsetSeconds: number): string => formatHttpDate(NOW + offsetSeconds * 1000)

function freshness(fields: FieldValues, input: Partial<FreshnessInput> = {}): Freshness {
  const governing = governingDirectives(fields, ['cdn-cache-control'])
  return computeFreshness({
    status: 200,
    fields,
    governing,
    requestAt: NOW,
    responseAt: NOW,
    ...input,
  })
}

describe('the lifetime (RFC 9111 section 4.2.1)', () => {
  test.each<[FieldValues, Partial<FreshnessInput>, number, LifetimeSource, string]>([
    [{ 'cache-control': 'max-age=3600' }, {}, 3600, 'max-age', ''],
    [
      { 'cache-control': 's-maxage=1, max-age=3600' },
      {},
      1,
      's-maxage',
      'shared caches prefer s-maxage',
    ],
    [{ 'cache-control': ['max-age=3600', 's-maxage=1'] }, {}, 1, 's-maxage', 'on several lines'],
    [
      { 'cache-control': 's-maxage=3600, max-age=1' },
      { shared: false },
      1,
      'max-age',
      'private caches do not know it',
    ],
    [
      { 'cache-control': 'max-age=0', expires: date(3600), date: date(0) },
      {},
      0,
      'max-age',
      'max-age before Expires',
    ],
    [{ 'cache-control': 'max-age=60', expires: '0' }, {}, 60, 'max-age', 'max-age before Expires'],
    [
      { 'cache-control': 'max-age=abc', expires: date(3600) },
      {},
      0,
      'max-age',
      '4.2.1, invalid is stale',
    ],
    [{ expires: date(300), date: date(0) }, {}, 300, 'expires', ''],
    [{ expires: date(300), date: date(-100) }, {}, 400, 'expires', 'counted from Date'],
    [{ expires: date(300), date: date(400) }, {}, 0, 'expires', 'before Date'],
    [{ expires: '0', date: date(0) }, {}, 0, 'expires', '5.3, invalid is the past'],
    [{ expires: [date(300), date(300)], date: date(0) }, {}, 0, 'expires', '4.2.1, two lines'],
    [
      { expires: date(-300), date: date(0), 'last-modified': date(-1e6) },
      {},
      0,
      'expires',
      'no guess where something is stated',
    ],
    [{ 'last-modified': date(-86_400), date: date(0) }, {}, 8640, 'heuristic', '4.2.2'],
    [
      { 'last-modified': date(-864_000_000), date: date(0) },
      {},
      86_400,
      'heuristic',
      '4.2.2, at most a day',
    ],
    [
      { 'last-modified': date(-1000), date: date(0) },
      { heuristic: { fraction: 0.5, maxMs: 100_000 } },
      100,
      'heuristic',
      '',
    ],
    [{ 'last-modified': date(-1000), date: date(0) }, { heuristic: false }, 0, 'none', ''],
    [{ 'last-modified': date(1000), date: date(0) }, {}, 0, 'none', 'modified in the future'],
    [{ 'last-modified': 'x', date: date(0) }, {}, 0, 'none', ''],
    [
      { 'last-modified': date(-86_400), date: date(0) },
      { status: 201 },
      0,
      'none',
      '4.2.2, not for every status',
    ],
    [
      { 'last-modified': date(-86_400), date: date(0), 'cache-control': 'public' },
      { status: 599 },
      8640,
      'heuristic',
      '4.2.2, public',
    ],
    [
      { 'cdn-cache-control': 'max-age=10', 'cache-control': 'max-age=99', expires: date(500) },
      {},
      10,
      'max-age',
      'RFC 9213 section 2.2',
    ],
    [
      { 'cdn-cache-control': 'none', expires: date(500), date: date(0) },
      {},
      0,
      'none',
      'RFC 9213 section 2.2, Expires ignored',
    ],
    [
      { 'cdn-cache-control': '&&', expires: date(500), date: date(0) },
      {},
      500,
      'expires',
      'RFC 9213 section 2.1',
    ],
    [{}, {}, 0, 'none', ''],
  ])('%j %j: %d s by %s', (fields, input, seconds, source) => {
    const { lifetimeMs, source: found } = freshness(fields, input)
    expect([lifetimeMs / 1000, found]).toEqual([seconds, source])
  })
})

describe('the lifetime by configuration', () => {
  const seconds = (
    fields: FieldValues,
    input: Partial<FreshnessInput>,
  ): [number, LifetimeSource] => {
    const { lifetimeMs, source } = freshness(fields, input)
    return [lifetimeMs / 1000, source]
  }

  test('is given where the response states none, and bounds it where it does', () => {
    expect(seconds({}, { ttlMs: 30_000 })).toEqual([30, 'ttl'])
    expect(seconds({ 'last-modified': date(-86_400) }, { ttlMs: 30_000 })).toEqual([30, 'ttl'])
    expect(seconds({ 'cache-control': 'max-age=60' }, { ttlMs: 30_000 })).toEqual([30, 'max-age'])
    expect(seconds({ 'cache-control': 'max-age=10' }, { ttlMs: 30_000 })).toEqual([10, 'max-age'])
    expect(seconds({}, { ttlMs: Infinity })).toEqual([2 ** 31, 'ttl'])
  })

  test('is not given to a status that may not be guessed about', () => {
    expect(seconds({}, { ttlMs: 30_000, status: 500 })).toEqual([0, 'none'])
    expect(seconds({ 'cache-control': 'public' }, { ttlMs: 30_000, status: 500 })).toEqual([
      30,
      'ttl',
    ])
  })

  test('ends when what the response was made of ends', () => {
    expect(seconds({ 'cache-control': 'max-age=60' }, { freshUntil: NOW + 20_000 })[0]).toBe(20)
    expect(
      seconds({ 'cache-control': 'max-age=60', age: '5' }, { freshUntil: NOW + 20_000 })[0],
    ).toBe(25)
    expect(seconds({}, { ttlMs: 30_000, freshUntil: NOW - 1 })[0]).toBe(0)
  })
})

describe('the age (RFC 9111 section 4.2.3)', () => {
  test.each<[FieldValues, Partial<FreshnessInput>, number, string]>([
    [{}, {}, 0, ''],
    [{ age: '7200' }, {}, 7200, 'as stated'],
    [{ age: '7200, 0' }, {}, 7200, '5.1, the first'],
    [{ age: '-5' }, {}, 0, '5.1, invalid is ignored'],
    [{ date: date(-7200) }, {}, 7200, 'as it appears'],
    [{ date: date(-10), age: '25' }, {}, 25, 'the greater'],
    [{ date: date(10), age: '15' }, {}, 15, 'a fast clock'],
    [{ date: date(-30), age: '25' }, {}, 30, 'the greater'],
    [{ date: date(0) }, {}, 0, 'Date drops parts of a second, which is not age'],
    [{ age: '10' }, { requestAt: NOW - 4000 }, 14, 'the delay of the answer'],
    [{}, { requestAt: NOW + 4000 }, 0, 'a clock that was set back'],
    [{ date: 'x' }, {}, 0, 'no date'],
    [
      { date: date(-1) },
      { responseAt: NOW - 600, requestAt: NOW - 600 },
      1,
      'a whole second is age',
    ],
  ])('%j %j: %d s on arrival', (fields, input, seconds) => {
    const stored = freshness(fields, input)
    expect(ageSeconds(stored, NOW)).toBe(seconds)
    expect(ageSeconds(stored, NOW + 60_000)).toBe(seconds + 60)
  })

  test('is never negative, and freshness is lifetime less age', () => {
    const stored = freshness({ 'cache-control': 'max-age=10', age: '4' })
    expect(ageSeconds(stored, NOW - 1e6)).toBe(0)
    expect(remainingMs(stored, NOW + 1000)).toBe(5000)
    expect(remainingMs(stored, NOW + 9000)).toBe(-3000)
  })

  test('survives being kept as JSON', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(1e6), (maxAge, age) => {
        const stored = freshness({
          'cache-control': `max-age=${maxAge}, stale-if-error=5`,
          age: String(age),
        })
        expect(JSON.parse(JSON.stringify(stored))).toEqual(stored)
      }),
    )
  })
})

describe('reuse (RFC 9111 section 4, RFC 5861)', () => {
  const permission = { whileRevalidateMs: 5000, ifErrorMs: 60_000 }

  test.each<[string, number, string | undefined, Reuse, string]>([
    ['max-age=10', 9, undefined, 'fresh', '4.2'],
    ['max-age=10', 10, undefined, 'validate', '4.2, stale when the age reaches it'],
    ['max-age=10, no-cache', 0, undefined, 'validate', '5.2.2.4'],
    ['max-age=10, no-cache="a"', 0, undefined, 'fresh', '5.2.2.4, only fields'],
    ['max-age=10, must-revalidate', 5, undefined, 'fresh', '5.2.2.2'],
    [
      'max-age=10, stale-while-revalidate=5',
      12,
      undefined,
      'stale-while-revalidate',
      'RFC 5861 section 3',
    ],
    ['max-age=10, stale-while-revalidate=5', 15, undefined, 'validate', 'RFC 5861 section 3'],
    ['max-age=10, stale-while-revalidate=5, must-revalidate', 12, undefined, 'validate', '4.2.4'],
    ['max-age=10, stale-while-revalidate=5, proxy-revalidate', 12, undefined, 'validate', '4.2.4'],
    [
      's-maxage=10, stale-while-revalidate=5',
      12,
      undefined,
      'stale-while-revalidate',
      'permitted in so many words',
    ],
    ['max-age=100', 50, 'no-cache', 'validate', '5.2.1.4'],
    ['max-age=100', 50, 'max-age=50', 'fresh', '5.2.1.1'],
    ['max-age=100', 50, 'max-age=49', 'validate', '5.2.1.1'],
    ['max-age=100', 0, 'max-age=0', 'fresh', '5.2.1.1, of age zero'],
    ['max-age=100', 50, 'min-fresh=50', 'fresh', '5.2.1.3'],
    ['max-age=100', 50, 'min-fresh=51', 'validate', '5.2.1.3'],
    ['max-age=10', 20, 'max-stale=10', 'stale', '5.2.1.2'],
    ['max-age=10', 21, 'max-stale=10', 'validate', '5.2.1.2'],
    ['max-age=10', 1e6, 'max-stale', 'stale', '5.2.1.2, any age'],
    ['max-age=10, must-revalidate', 20, 'max-stale', 'validate', '4.2.4'],
    ['s-maxage=10', 20, 'max-stale', 'validate', '5.2.2.10, implies proxy-revalidate'],
    [
      'max-age=10, stale-while-revalidate=50',
      20,
      'max-age=30',
      'validate',
      '5.2.1.1, does not wish a stale response',
    ],
    ['max-age=10', 20, 'max-age=30, max-stale=60', 'stale', '5.2.1.1'],
    ['max-age=10', 40, 'max-age=30, max-stale=60', 'validate', '5.2.1.1'],
  ])('%s after %d s for %s: %s (%s)', (cacheControl, seconds, request, expected) => {
    const stored = freshness({ 'cache-control': cacheControl })
    const directives = request === undefined ? undefined : parseRequestCacheControl(request)
    expect(judgeReuse(stored, NOW + seconds * 1000, directives)).toBe(expected)
  })

  test('configuration may permit staleness, unless the response forbids it', () => {
    const at = NOW + 12_000
    expect(
      judgeReuse(freshness({ 'cache-control': 'max-age=10' }), at, undefined, permission),
    ).toBe('stale-while-revalidate')
    for (const forbids of ['must-revalidate', 'proxy-revalidate', 'no-cache']) {
      const stored = freshness({ 'cache-control': `max-age=10, ${forbids}` })
      expect(judgeReuse(stored, at, undefined, permission)).toBe('validate')
      expect(mayServeOnError(stored, at, undefined, permission)).toBe(false)
    }
    expect(
      judgeReuse(freshness({ 'cache-control': 's-maxage=10' }), at, undefined, permission),
    ).toBe('validate')
  })

  test.each<[string, number, string | undefined, boolean, string]>([
    ['max-age=2', 30, undefined, true, '4.2.4, by configuration'],
    ['max-age=2', 90, undefined, false, '4.2.4, beyond configuration'],
    ['max-age=2, stale-if-error=100', 90, undefined, true, 'RFC 5861 section 4'],
    [
      'max-age=2, stale-if-error=10',
      30,
      undefined,
      false,
      'RFC 5861 section 4, the response counts',
    ],
    [
      'max-age=2, stale-if-error=10',
      30,
      'stale-if-error=60',
      true,
      'RFC 5861 section 4, in a request',
    ],
    ['max-age=2, must-revalidate', 30, 'stale-if-error=60', false, '5.2.2.2'],
    ['max-age=2, proxy-revalidate', 30, undefined, false, '5.2.2.8'],
    ['max-age=2, s-maxage=2', 30, undefined, false, '5.2.2.10'],
    ['s-maxage=2, stale-if-error=100', 30, undefined, true, 'permitted in so many words'],
    ['max-age=2, no-cache', 0, undefined, false, '5.2.2.4'],
    ['max-age=20, must-revalidate', 10, undefined, true, 'still fresh'],
    ['max-age=2, stale-if-error=10', 12, undefined, false, 'RFC 5861 section 4, up to that length'],
  ])(
    'when the origin fails, %s after %d s for %s: %s (%s)',
    (cacheControl, seconds, request, expected) => {
      const stored = freshness({ 'cache-control': cacheControl })
      const directives = request === undefined ? undefined : parseRequestCacheControl(request)
      expect(mayServeOnError(stored, NOW + seconds * 1000, directives, permission)).toBe(expected)
    },
  )

  test('is impossible without asking from a moment on', () => {
    const from = (cacheControl: string): number =>
      (uselessFrom(freshness({ 'cache-control': cacheControl }), permission) - NOW) / 1000
    expect(from('max-age=10')).toBe(70)
    expect(from('max-age=10, stale-if-error=20')).toBe(30)
    expect(from('max-age=10, stale-while-revalidate=100')).toBe(110)
    expect(from('max-age=10, must-revalidate')).toBe(10)
    expect(from('max-age=10, no-cache')).toBe(0)
  })
})
