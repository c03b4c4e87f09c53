import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as http from '../../src/http/index.js'
import { elapsedMs, QUICK_MS } from './linear.js'

/** Everything that reads what a stranger may have written. */
const readers: Readonly<Record<string, (text: string) => unknown>> = {
  parseAge: http.parseAge,
  parseCacheControl: http.parseCacheControl,
  parseRequestCacheControl: (text) => http.parseRequestCacheControl(text, text),
  parseTargetedCacheControl: http.parseTargetedCacheControl,
  parseCacheGroups: http.parseCacheGroups,
  parseCacheStatus: http.parseCacheStatus,
  parseContentRange: http.parseContentRange,
  parseDeltaSeconds: http.parseDeltaSeconds,
  parseEntityTag: http.parseEntityTag,
  parseEntityTags: http.parseEntityTags,
  parseHttpDate: (text) => http.parseHttpDate(text),
  parseNoVarySearch: http.parseNoVarySearch,
  parsePreferences: http.parsePreferences,
  parseVary: http.parseVary,
  splitList: http.splitList,
  chooseCoding: (text) => http.chooseCoding(text, ['br', 'gzip']),
  chooseLanguage: (text) => http.chooseLanguage(text, ['en', 'de'], 'en'),
  isFingerprinted: http.isFingerprinted,
  selectRanges: (text) => http.selectRanges(text, 1000),
  rangeWithin: (text) => http.rangeWithin(text, { first: 0, last: 9, size: 100 }),
  searchKey: (text) => http.searchKey(text, { ignoreOrder: true, ignore: ['a'], except: [] }),
  encodeSurrogateKey: http.encodeSurrogateKey,
  urlKey: http.createUrlKey({
    hosts: 'a.test',
    anyHost: true,
    query: ['a'],
    maxLength: Infinity,
  }),
  headEffect: (text) => http.headEffect({ etag: text }, { etag: text }),
  invalidatedUrls: (text) =>
    http.invalidatedUrls({
      method: 'POST',
      status: 200,
      url: 'https://a.test/',
      fields: { location: text, 'content-location': text },
    }),
  preconditions: (text) =>
    http.evaluatePreconditions({
      method: 'GET',
      headers: {
        'if-match': text,
        'if-none-match': text,
        'if-modified-since': text,
        'if-unmodified-since': text,
      },
      etag: text,
      lastModified: 0,
    }),
  rangeApplies: (text) =>
    http.rangeApplies({ method: 'GET', headers: { range: text, 'if-range': text }, etag: text }),
  storableLines: (text) =>
    http.storableLines([['connection', text]], http.parseCacheControl(`no-cache="${text}"`)),
}

const pieces = fc.string({
  maxLength: 40,
  unit: fc.constantFrom(
    'a',
    'b',
    'W/',
    'max-age',
    'no-cache',
    'bytes',
    '=',
    '"',
    '\\',
    ',',
    ';',
    ' ',
    '\t',
    '-',
    '0',
    '9',
    '.',
    '/',
    '?',
    '&',
    '%',
    '%2e',
    '(',
    ')',
    '*',
    ':',
    '@',
    '\r\n',
    '\u0000',
    'é',
    '\ud800',
    'q=0.5',
    'Sun',
    'GMT',
  ),
})

describe.each(Object.keys(readers))('%s', (name) => {
  const read = readers[name]!

  test('reads anything without an exception', () => {
    fc.assert(
      fc.property(fc.oneof(pieces, fc.string()), (text) => {
        expect(() => read(text)).not.toThrow()
      }),
      { numRuns: 300 },
    )
  })

  test('takes linear time', () => {
    for (const piece of [
      '"',
      '\\',
      ',',
      ';',
      '=',
      ' ',
      'a',
      '0',
      '%',
      '/',
      '(',
      '&',
      'W/"',
      '-',
      '"a,',
      'a b',
      ' ;q=',
    ]) {
      expect(elapsedMs(() => read(piece.repeat(50_000)))).toBeLessThan(QUICK_MS)
    }
  })
})

test('whatever a response says, its freshness is numbers that can be kept', () => {
  fc.assert(
    fc.property(pieces, pieces, pieces, fc.integer(), (cacheControl, expires, age, responseAt) => {
      const fields = {
        'cache-control': cacheControl,
        expires,
        age,
        date: expires,
        'last-modified': age,
      }
      const governing = http.governingDirectives(fields, ['cdn-cache-control'])
      const freshness = http.computeFreshness({
        status: 200,
        fields,
        governing,
        requestAt: responseAt,
        responseAt,
      })
      expect(freshness.lifetimeMs).toBeGreaterThanOrEqual(0)
      expect(freshness.lifetimeMs).toBeLessThanOrEqual(2 ** 31 * 1000)
      expect(JSON.parse(JSON.stringify(freshness))).toEqual(freshness)
    }),
  )
})
