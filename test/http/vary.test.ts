import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseCoding, normaliseAcceptEncoding } from '../../src/http/accept-encoding.js'
import { chooseLanguage, normaliseAcceptLanguage } from '../../src/http/accept-language.js'
import type { FieldValues } from '../../src/http/fields.js'
import { memoise } from '../../src/http/memoise.js'
import { createNormalisers } from '../../src/http/normalisers.js'
import {
  formatVary,
  mergeVary,
  parseVary,
  selectingFields,
  type Vary,
  variantKey,
} from '../../src/http/vary.js'
import { elapsedMs, QUICK_MS } from './linear.js'

describe('Vary (RFC 9110 section 12.5.5)', () => {
  test.each<[string | undefined, Vary]>([
    [undefined, []],
    ['', []],
    ['Foo', ['foo']],
    ['Foo, bar, FOO', ['bar', 'foo']],
    ['*', '*'],
    ['*, *', '*'],
    [', *', '*'],
    ['Foo, *', '*'],
    ['*, Foo', '*'],
    ['a b', '*'],
    ['"foo"', '*'],
  ])('%j is %j', (value, expected) => {
    expect(parseVary(value)).toEqual(expected)
  })

  test('merges, and writes what it merged', () => {
    expect(formatVary(mergeVary(['a', 'c'], ['b', 'c']))).toBe('a, b, c')
    expect(formatVary(mergeVary(['a'], '*'))).toBe('*')
    expect(formatVary(mergeVary([], []))).toBeUndefined()
    const known: Vary = ['a', 'b']
    expect(mergeVary(known, ['b'])).toBe(known)
  })
})

describe('matching requests (RFC 9111 section 4.1)', () => {
  const normalisers = createNormalisers()
  const key = (headers: FieldValues, vary = 'foo, bar'): string =>
    variantKey(parseVary(vary) as string[], headers, normalisers)

  test.each<[FieldValues, FieldValues, boolean, string]>([
    [{ foo: '1' }, { foo: '1', other: '2' }, true, 'only what is named counts'],
    [{ foo: '1' }, { foo: '2' }, false, ''],
    [{ foo: '1' }, {}, false, 'absent matches only absent'],
    [{ foo: '' }, {}, false, 'empty is not absent'],
    [{}, {}, true, 'absent from both'],
    [{ foo: '1, 2' }, { foo: ['1', '2'] }, true, 'lines combined'],
    [{ foo: '1,2' }, { foo: ' 1, 2 ' }, true, 'whitespace'],
    [{ foo: '"a, b"' }, { foo: '"a,b"' }, false, 'not whitespace inside quotes'],
    [{ foo: 'a' }, { foo: 'A' }, false, 'case may matter'],
    [{ foo: 'a, b' }, { foo: 'b, a' }, false, 'order may matter'],
    [{ foo: 'ab' }, { foo: 'a', bar: 'b' }, false, 'values do not run into each other'],
    [{ foo: '1\nbar=1:2' }, { foo: '1', bar: '2' }, false, 'nor into names'],
    [{ foo: '-\nbar-' }, {}, false, 'nor into absence'],
  ])('%j and %j: %s', (a, b, same) => {
    expect(key(a) === key(b)).toBe(same)
  })

  test.each<[string, string, boolean]>([
    ['en, de', 'de, en', true],
    ['en, de', 'eN, De', true],
    ['en, de', ' en ,   de', true],
    ['en, de;q=0.5', 'de;q=0.50, en;q=1', true],
    ['en, de;q=0.5', 'en;q=0.5, de', false],
    ['en', 'en, de;q=0', false],
  ])('Accept-Language %j and %j: %s', (a, b, same) => {
    expect(normaliseAcceptLanguage(a) === normaliseAcceptLanguage(b)).toBe(same)
    expect(
      key({ 'accept-language': a }, 'accept-language') ===
        key({ 'accept-language': b }, 'accept-language'),
    ).toBe(same)
  })

  test('what was compared is what the response is to be made from', () => {
    expect(
      selectingFields(
        ['accept-language', 'bar', 'foo'],
        { foo: ' 1, 2 ', 'accept-language': 'en, de', x: 'y' },
        normalisers,
      ),
    ).toEqual([
      ['accept-language', 'de,en'],
      ['foo', '1,2'],
    ])
  })

  test('an inherited name is no normaliser and no field', () => {
    expect(key({}, 'constructor')).toBe('constructor-\n')
    expect(variantKey(['tostring'], { tostring: 'x' }, {})).toBe('tostring=1:x\n')
  })

  test('user agents and cookies are text, not lists', () => {
    expect(key({ 'user-agent': 'a, b' }, 'user-agent')).not.toBe(
      key({ 'user-agent': 'a,b' }, 'user-agent'),
    )
  })

  test('two different selections never have the same key', () => {
    const value = fc.option(
      fc.string({ unit: fc.constantFrom('a', '\n', '-', '=', ':', '1', 'foo') }),
      { nil: undefined },
    )
    const exact = { foo: (text: string) => text, bar: (text: string) => text }
    fc.assert(
      fc.property(value, value, value, value, (a, b, c, d) => {
        const one = variantKey(['bar', 'foo'], { foo: a, bar: b }, exact)
        const two = variantKey(['bar', 'foo'], { foo: c, bar: d }, exact)
        expect(one === two).toBe(a === c && b === d)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('Accept-Encoding (RFC 9110 section 12.5.3)', () => {
  test.each([
    ['gzip, deflate, br, zstd', 'br,deflate,gzip,zstd'],
    ['BR , x-gzip', 'br,x-gzip'],
    ['gzip;q=1.0, identity; q=0.5, *;q=0', 'gzip,identity;q=0.5,*;q=0'],
    ['gzip;q=0, br', 'br,gzip;q=0'],
    ['gzip;q=0, *', '*,gzip;q=0'],
    ['gzip;q=0.5, GZIP', 'gzip;q=0.5, GZIP'],
    ['gzip;q=2, br', 'gzip;q=2, br'],
    ['gzip;level=9, br', 'gzip;level=9, br'],
    ['a b, br', 'a b, br'],
    ['', ''],
  ])('%j means %j', (value, expected) => {
    expect(normaliseAcceptEncoding(value)).toBe(expected)
  })

  test.each([
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip, br', 'br'],
    ['gzip;q=1, br;q=0.5', 'gzip'],
    ['*', 'br'],
    ['*, br;q=0', 'gzip'],
    ['gzip;q=0', 'identity'],
    ['deflate', 'identity'],
    ['identity, gzip;q=0.5', 'identity'],
    ['identity, gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['identity;q=0', 'identity'],
  ])('for %j sends %s', (value, expected) => {
    expect(chooseCoding(value, ['br', 'gzip'])).toBe(expected)
  })

  test('what it means does not change what is sent', () => {
    const text = fc
      .array(
        fc.tuple(
          fc.constantFrom('br', 'gzip', 'x-gzip', 'identity', '*', 'zz'),
          fc.constantFrom('', ';q=0', ';q=0.5', ';q=1.000', ';q=x'),
        ),
        { maxLength: 5 },
      )
      .map((members) => members.map((member) => member.join('')).join(', '))
    fc.assert(
      fc.property(text, (value) => {
        const normalised = normaliseAcceptEncoding(value)
        expect(chooseCoding(normalised, ['br', 'gzip'])).toBe(chooseCoding(value, ['br', 'gzip']))
        expect(normaliseAcceptEncoding(normalised)).toBe(normalised)
      }),
    )
  })
})

describe('Accept-Language (RFC 9110 section 12.5.4, RFC 4647)', () => {
  test.each([
    [undefined, 'en'],
    ['', 'en'],
    ['fr', 'en'],
    ['de', 'de'],
    ['de-CH', 'de-CH'],
    ['de-AT', 'de'],
    ['fr;q=0.5, de', 'de'],
    ['de;q=0.5, en;q=0.8', 'en'],
    ['*', 'en'],
    ['*;q=0.1, de', 'de'],
    ['en;q=0, *', 'de'],
    ['da, en-gb;q=0.8, de;q=0.7', 'en'],
  ])('for %j answers in %s', (value, expected) => {
    expect(chooseLanguage(value, ['en', 'de', 'de-CH'], 'en')).toBe(expected)
  })
})

describe('normalisers', () => {
  test('with what the application has, visitors who get the same share a variant', () => {
    const all = createNormalisers({
      codings: ['br', 'gzip'],
      languages: ['en', 'de'],
      fields: { 'X-Device': (v) => v.slice(0, 1) },
    })
    expect(all['accept-encoding']!('gzip, deflate, br')).toBe('br')
    expect(all['accept-language']!('fr, de;q=0.5')).toBe('de')
    expect(all['x-device']!('mobile')).toBe('m')
  })

  test('remember a bounded number of short texts', () => {
    let computed = 0
    const length = memoise((text) => {
      computed++
      return text.length
    }, 2)
    for (const text of ['a', 'a', 'b', 'a']) length(text)
    expect(computed).toBe(2)
    length('c')
    length('a')
    expect(computed).toBe(4)
    for (const [long, times] of [
      ['x'.repeat(256), 1],
      ['x'.repeat(257), 2],
    ] as const) {
      const before = computed
      expect(length(long)).toBe(long.length)
      length(long)
      expect(computed - before).toBe(times)
    }
  })

  test('take linear time', () => {
    for (const part of ['a,', 'a;q=', ';', 'a b,', '"', 'q=0.', '\t;q=1 ']) {
      const text = part.repeat(60_000)
      expect(
        elapsedMs(() => [normaliseAcceptEncoding(text), normaliseAcceptLanguage(text)]),
      ).toBeLessThan(QUICK_MS)
    }
    expect(elapsedMs(() => normaliseAcceptEncoding(`a;${' '.repeat(300_000)}x`))).toBeLessThan(
      QUICK_MS,
    )
  })
})
