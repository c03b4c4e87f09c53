import { describe, expect, test } from 'vitest'
import type { FieldLine, FieldValues } from '../../src/http/fields.js'
import { computeFreshness } from '../../src/http/freshness.js'
import { headEffect } from '../../src/http/head-update.js'
import { invalidatedUrls, mayHaveChanged } from '../../src/http/invalidation.js'
import {
  formatCacheGroups,
  invalidatedGroups,
  parseCacheGroups,
} from '../../src/http/cache-groups.js'
import { isOriginFailure, isSafeMethod } from '../../src/http/statuses.js'
import { type StorableInput, storeRefusal, type StoreRefusal } from '../../src/http/storable.js'
import { storableLines, updateLines } from '../../src/http/stored-fields.js'
import { parseCacheControl } from '../../src/http/cache-control.js'
import { governingDirectives } from '../../src/http/targeted.js'

const NOW = Date.UTC(2026, 0, 1)

function refusal(
  fields: FieldValues,
  input: Partial<StorableInput> = {},
): StoreRefusal | undefined {
  const governing = governingDirectives(fields, ['cdn-cache-control'])
  const status = input.status ?? 200
  return storeRefusal({
    method: 'GET',
    requestFields: {},
    status,
    fields,
    governing,
    responseAt: NOW,
    freshness: computeFreshness({
      status,
      fields,
      governing,
      requestAt: NOW,
      responseAt: NOW,
      shared: input.shared ?? true,
    }),
    ...input,
  })
}

const cc = (value: string): FieldValues => ({ 'cache-control': value })
const authorized = { requestFields: { authorization: 'Basic x' } }

describe('what may be stored (RFC 9111 section 3)', () => {
  test.each<[FieldValues, Partial<StorableInput>, StoreRefusal | undefined, string]>([
    [cc('max-age=60'), {}, undefined, '3'],
    [cc('max-age=60'), { method: 'HEAD' }, undefined, '3'],
    [cc('max-age=60'), { method: 'POST' }, 'method', '3'],
    [cc('max-age=60'), { status: 103 }, 'status', '3, not final'],
    [cc('max-age=60'), { status: 304 }, 'status', '3'],
    [cc('max-age=60'), { status: 206 }, 'status', '3.3, parts are not kept'],
    [cc('max-age=60'), { status: 206, partial: true }, undefined, '3.3'],
    [cc('max-age=60'), { status: 499 }, undefined, '3, any final status with a lifetime'],
    [cc('max-age=60, no-store'), {}, 'no-store', '5.2.2.5'],
    [cc('max-age=60, no-store, must-understand'), {}, undefined, '5.2.2.3'],
    [cc('max-age=60, no-store, must-understand'), { status: 599 }, 'must-understand', '5.2.2.3'],
    [cc('max-age=60, must-understand'), { status: 299 }, 'must-understand', '5.2.2.3'],
    [cc('max-age=60'), { requestNoStore: true }, 'request-no-store', '5.2.1.5'],
    [cc('max-age=60, private'), {}, 'private', '5.2.2.7'],
    [cc('max-age=60, private'), { shared: false }, undefined, '5.2.2.7'],
    [cc('max-age=60, private="a"'), {}, undefined, '5.2.2.7, only fields'],
    [
      { 'cdn-cache-control': 'private', 'cache-control': 'max-age=60' },
      {},
      'private',
      'RFC 9213 section 2.2',
    ],
    [
      { 'cdn-cache-control': 'max-age=60', 'cache-control': 'no-store' },
      {},
      undefined,
      'RFC 9213 section 2.2',
    ],
    [
      { 'cdn-cache-control': 'no-store', 'cache-control': 'max-age=60' },
      {},
      'no-store',
      'RFC 9213 section 2.2',
    ],
    [{ ...cc('max-age=60'), 'set-cookie': ['a=b'] }, {}, 'set-cookie', 'ours'],
    [{ ...cc('max-age=60, public'), 'set-cookie': 'a=b' }, {}, 'set-cookie', 'ours'],
    [{ ...cc('max-age=60'), 'set-cookie': 'a=b' }, { shared: false }, undefined, ''],
    [cc('max-age=60'), authorized, 'authorization', '3.5'],
    [cc('max-age=60, public'), authorized, undefined, '3.5'],
    [cc('max-age=60, must-revalidate'), authorized, undefined, '3.5'],
    [cc('s-maxage=60'), authorized, undefined, '3.5'],
    [cc('max-age=60'), { ...authorized, shared: false }, undefined, '3.5, shared caches only'],
    [cc('max-age=60'), { identified: true }, 'authorization', 'ours'],
    [cc('max-age=60, must-revalidate'), { identified: true }, 'authorization', 'ours'],
    [cc('max-age=60, public'), { identified: true }, undefined, 'ours'],
    [{ ...cc('max-age=60'), vary: '*' }, {}, 'vary', '4.1'],
    [{ ...cc('max-age=60'), vary: ['', '*'] }, {}, 'vary', '4.1'],
    [{ ...cc('max-age=60'), vary: 'a' }, {}, undefined, '4.1'],
    [{ etag: '"a"' }, {}, undefined, '4.2.2, a status that may be guessed about'],
    [{ etag: '"a"' }, { status: 201 }, 'no-lifetime', '3'],
    [{ etag: '"a"', expires: '0' }, { status: 201 }, undefined, '3, Expires'],
    [{ etag: '"a"', ...cc('public') }, { status: 201 }, undefined, '3, public'],
    [cc('s-maxage=60'), { status: 201, shared: false }, 'no-lifetime', '3'],
    [{}, {}, 'useless', 'nothing to serve or ask with'],
    [cc('no-cache'), {}, 'useless', 'nothing to ask with'],
    [{ ...cc('no-cache'), etag: '"a"' }, {}, undefined, '5.2.2.4'],
    [cc('max-age=0'), {}, 'useless', ''],
    [cc('max-age=0, stale-while-revalidate=5'), {}, undefined, 'RFC 5861'],
    [cc('max-age=0'), { permission: { ifErrorMs: 5 } }, undefined, '4.2.4'],
    [{ ...cc('max-age=60'), age: '99' }, {}, 'useless', '4.2.3, stale on arrival'],
  ])('%j %j: %s (%s)', (fields, input, expected) => {
    expect(refusal(fields, input)).toBe(expected)
  })

  test.each<[string | undefined, string, StoreRefusal | undefined]>([
    ['', 'max-age=60', undefined],
    ['/x?y=1', 'max-age=60', undefined],
    ['https://a.test/x?y=1', 'max-age=60', undefined],
    ['/x', 'max-age=60', 'method'],
    ['//b.test/x?y=1', 'max-age=60', 'method'],
    ['/x?y=1', 'public', 'method'],
    [undefined, 'max-age=60', 'method'],
  ])(
    'POST with Content-Location %j and %s: %s (RFC 9110 section 9.3.3)',
    (location, value, expected) => {
      const fields = { ...cc(value), 'content-location': location, etag: '"a"' }
      expect(refusal(fields, { method: 'POST', url: 'https://a.test/x?y=1' })).toBe(expected)
      expect(refusal(fields, { method: 'PUT', url: 'https://a.test/x?y=1' })).toBe('method')
      expect(refusal(fields, { method: 'POST' })).toBe('method')
    },
  )

  test('which methods are safe and which statuses are failures', () => {
    expect(['GET', 'HEAD', 'OPTIONS', 'TRACE'].every(isSafeMethod)).toBe(true)
    expect(['POST', 'M-SEARCH', 'get', 'QUERY'].some(isSafeMethod)).toBe(false)
    expect([500, 502, 503, 504].every(isOriginFailure)).toBe(true)
    expect([501, 404, 200].some(isOriginFailure)).toBe(false)
  })
})

describe('which fields are kept (RFC 9111 section 3.1)', () => {
  const keep = (lines: FieldLine[], cacheControl = ''): string[] =>
    storableLines(lines, parseCacheControl(cacheControl)).map(([name]) => name)

  test('not those of the connection, those it names, and those of a proxy', () => {
    expect(
      keep([
        ['Connection', 'a, B'],
        ['A', '1'],
        ['b', '2'],
        ['c', '3'],
        ['Keep-Alive', 'x'],
        ['Proxy-Authenticate', 'x'],
        ['Proxy-Authentication-Info', 'x'],
        ['Proxy-Authorization', 'x'],
        ['Proxy-Connection', 'x'],
        ['TE', 'x'],
        ['Transfer-Encoding', 'chunked'],
        ['Upgrade', 'x'],
        ['Content-Foo', 'x'],
        ['Link', '1'],
        ['Link', '2'],
      ]),
    ).toEqual(['c', 'content-foo', 'link', 'link'])
  })

  test('not those that no-cache and private name', () => {
    expect(
      keep(
        [
          ['A', '1'],
          ['b', '2'],
          ['c', '3'],
        ],
        'no-cache="a", private=B',
      ),
    ).toEqual(['c'])
  })
})

describe('updates (RFC 9111 section 3.2)', () => {
  const stored: FieldLine[] = [
    ['date', 'old'],
    ['age', '50'],
    ['content-length', '36'],
    ['content-encoding', 'gzip'],
    ['link', '1'],
    ['link', '2'],
    ['x', 'kept'],
  ]

  test('replace what the newer response has, and nothing about the stored bytes', () => {
    expect(
      updateLines(stored, [
        ['date', 'new'],
        ['content-length', '10'],
        ['content-encoding', 'br'],
        ['set-cookie', 'a=b'],
        ['link', '3'],
        ['cache-control', 'max-age=3600'],
      ]),
    ).toEqual([
      ['content-length', '36'],
      ['content-encoding', 'gzip'],
      ['x', 'kept'],
      ['date', 'new'],
      ['link', '3'],
      ['cache-control', 'max-age=3600'],
    ])
  })

  test('never keep the age of what was validated', () => {
    expect(updateLines(stored, []).map(([name]) => name)).not.toContain('age')
  })

  test.each([
    [
      { etag: '"a"' },
      { etag: '"a"', 'content-length': '5' },
      { etag: '"a"', 'content-length': '5' },
      'update',
    ],
    [{}, { etag: '"a"' }, { 'x-other': '1' }, 'update'],
    [{}, { etag: '"a"' }, { etag: '"b"' }, 'stale'],
    [{}, { etag: '"a"' }, { 'content-length': '5' }, 'stale'],
    [{}, { 'last-modified': 'x' }, { 'last-modified': 'y' }, 'stale'],
  ])('HEAD %#: (section 4.3.5)', (_, held, head, expected) => {
    expect(headEffect(held as FieldValues, head as FieldValues)).toBe(expected)
  })
})

describe('invalidation (RFC 9111 section 4.4)', () => {
  const url = 'https://a.test/x/y?z=1'

  test.each<[string, number, FieldValues, string[]]>([
    ['POST', 200, {}, [url]],
    ['M-SEARCH', 204, {}, [url]],
    ['DELETE', 303, {}, [url]],
    ['POST', 500, {}, []],
    ['POST', 404, {}, []],
    ['GET', 200, { location: '/b' }, []],
    [
      'PUT',
      201,
      { location: '/b', 'content-location': 'c#d' },
      [url, 'https://a.test/b', 'https://a.test/x/c'],
    ],
    ['PUT', 201, { location: 'https://a.test:443/b' }, [url, 'https://a.test/b']],
    ['PUT', 201, { location: 'https://evil.test/b', 'content-location': 'http://a.test/b' }, [url]],
    ['PUT', 201, { location: '//evil.test/b', 'content-location': 'https://a.test:444/' }, [url]],
    ['PUT', 201, { location: 'http://[bad' }, [url]],
  ])('%s answered %d with %j: %j', (method, status, fields, expected) => {
    expect(invalidatedUrls({ method, status, url, fields })).toEqual(expected)
  })

  test('a URL that cannot be read invalidates nothing', () => {
    expect(invalidatedUrls({ method: 'POST', status: 200, url: '/x', fields: {} })).toEqual([])
    expect([199, 200, 399, 400].map((status) => mayHaveChanged('POST', status))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })

  test('groups (RFC 9875)', () => {
    expect(parseCacheGroups('"scripts", "a b";x=1, "scripts"')).toEqual(['scripts', 'a b'])
    expect(parseCacheGroups('scripts')).toEqual([])
    expect(parseCacheGroups('"a", (b)')).toEqual([])
    expect(parseCacheGroups(undefined)).toEqual([])
    expect(formatCacheGroups(['a', 'b "c"'])).toBe('"a", "b \\"c\\""')
    expect(formatCacheGroups([])).toBeUndefined()
    const fields = { 'cache-group-invalidation': '"a"' }
    expect(invalidatedGroups({ method: 'POST', status: 200, fields })).toEqual(['a'])
    expect(invalidatedGroups({ method: 'GET', status: 200, fields })).toEqual([])
    expect(invalidatedGroups({ method: 'POST', status: 500, fields })).toEqual([])
  })
})
