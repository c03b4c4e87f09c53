import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { elapsedMs, QUICK_MS } from './linear.js'
import { parseAge, parseDeltaSeconds } from '../../src/http/delta-seconds.js'
import {
  fieldsFromLines,
  fieldValue,
  hasField,
  linesFromFields,
  splitList,
} from '../../src/http/fields.js'
import { isToken, tokenOrQuoted, trimWhitespace, unquote } from '../../src/http/tokens.js'

describe('lists (RFC 9110 section 5.6.1)', () => {
  test.each<[string, string[], string]>([
    ['', [], '5.6.1.2'],
    ['a, b', ['a', 'b'], '5.6.1'],
    [', a ,, b ,', ['a', 'b'], '5.6.1.2, empty members are ignored'],
    ['a\t,\tb', ['a', 'b'], '5.6.3, tabs are whitespace'],
    ['x="a, b", c', ['x="a, b"', 'c'], '5.6.4, commas inside quotes'],
    ['x="a\\", b", c', ['x="a\\", b"', 'c'], '5.6.4, an escaped quote'],
    ['x="a, b', ['x="a, b'], '5.6.4, a quote that is never closed takes the rest'],
    ['"\\', ['"\\'], '5.6.4, an escape at the end'],
  ])('%j', (value, members) => {
    expect(splitList(value)).toEqual(members)
  })

  test('splitting takes linear time', () => {
    for (const hostile of ['"'.repeat(200_000), ',"\\'.repeat(60_000), ' ,\t'.repeat(60_000)]) {
      expect(
        elapsedMs(() => {
          splitList(hostile)
        }),
      ).toBeLessThan(QUICK_MS)
    }
  })

  test('no member holds whitespace at its ends, and none is lost', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab,"\\ \t='.split('')) }), (value) => {
        const members = splitList(value)
        for (const member of members) expect(trimWhitespace(member)).toBe(member)
        expect(splitList(members.join(','))).toEqual(members)
      }),
    )
  })
})

describe('tokens and quoted strings (RFC 9110 sections 5.6.2 and 5.6.4)', () => {
  test.each([
    ['max-age', true],
    ["!#$%&'*+-.^_`|~", true],
    ['', false],
    ['a b', false],
    ['a=b', false],
    ['é', false],
    ['\u212a', false],
  ])('%j is a token: %j', (text, expected) => {
    expect(isToken(text)).toBe(expected)
  })

  test.each([
    ['""', ''],
    ['"a"', 'a'],
    ['"a\\"b"', 'a"b'],
    ['"a\\\\"', 'a\\'],
    ['"\\a"', 'a'],
    ['a', undefined],
    ['"', undefined],
    ['"a', undefined],
    ['"a"b', undefined],
    ['"a\\"', undefined],
  ])('%j says %j', (text, expected) => {
    expect(unquote(text)).toBe(expected)
  })

  test('what is quoted is read back as the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        const written = tokenOrQuoted(text)
        expect(isToken(text) ? written : unquote(written)).toBe(text)
      }),
    )
  })
})

describe('field values', () => {
  test('several lines are one value, joined in order (RFC 9110 section 5.3)', () => {
    expect(fieldValue({ vary: ['a', 'b'] }, 'vary')).toBe('a, b')
    expect(fieldValue({ age: 5 }, 'age')).toBe('5')
    expect(fieldValue({ a: '' }, 'a')).toBe('')
    expect(hasField({ a: '' }, 'a')).toBe(true)
    expect(fieldValue({ a: [] }, 'a')).toBeUndefined()
  })

  test('an inherited property is not a field', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(fieldValue({}, name)).toBeUndefined()
    }
  })

  test('lines and values turn into each other', () => {
    const lines = [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['__proto__', 'x'],
    ] as const
    expect(linesFromFields(fieldsFromLines(lines))).toEqual(lines)
    expect(fieldsFromLines([['Age', '1']])['age']).toBe('1')
  })
})

describe('delta-seconds (RFC 9111 section 1.2.2)', () => {
  test.each([
    ['0', 0],
    ['003600', 3600],
    ['2147483647', 2_147_483_647],
    ['2147483648', 2_147_483_648],
    ['2147483649', 2_147_483_648],
    ['99999999999', 2_147_483_648],
    ['9'.repeat(400), 2_147_483_648],
    ['', undefined],
    ['-1', undefined],
    ['+1', undefined],
    ['1.0', undefined],
    ['1s', undefined],
    ['1e3', undefined],
    [' 1', undefined],
    ['０', undefined],
  ])('%j is %j', (text, expected) => {
    expect(parseDeltaSeconds(text)).toBe(expected)
  })
})

describe('Age (RFC 9111 section 5.1)', () => {
  test.each([
    [undefined, undefined],
    ['7200', 7200],
    ['7200, 0', 7200],
    ['0, 7200', 0],
    [' 5 ', 5],
    ['abc', undefined],
    ['-7200', undefined],
    ['7200.0', undefined],
    ['7200;foo=bar', undefined],
    ['2147483649', 2_147_483_648],
  ])('%j is %j', (value, expected) => {
    expect(parseAge(value)).toBe(expected)
  })
})
