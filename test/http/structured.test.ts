import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { elapsedMs, QUICK_MS } from './linear.js'
import {
  boolean,
  formatBareItem,
  formatDictionary,
  formatItem,
  formatList,
  integer,
  string,
  token,
} from '../../src/http/structured-format.js'
import { parseDictionary, parseItem, parseList } from '../../src/http/structured-parse.js'
import type { BareItem, Dictionary, Item, Member } from '../../src/http/structured.js'

const item = (text: string): BareItem | undefined => parseItem(text)?.item

describe('items (RFC 9651 section 3.3)', () => {
  test.each<[string, BareItem | undefined, string]>([
    ['42', { type: 'integer', value: 42 }, '3.3.1'],
    ['-0', { type: 'integer', value: -0 }, '3.3.1'],
    ['00', { type: 'integer', value: 0 }, '3.3.1, leading zeros are read'],
    ['999999999999999', { type: 'integer', value: 999_999_999_999_999 }, '3.3.1'],
    ['1000000000000000', undefined, '3.3.1, sixteen digits'],
    ['- 1', undefined, '4.2.4'],
    ['--1', undefined, '4.2.4'],
    ['4.5', { type: 'decimal', value: 4.5 }, '3.3.2'],
    ['1.0', { type: 'decimal', value: 1 }, '3.3.2'],
    ['1.', undefined, '4.2.4, a point needs a digit'],
    ['1.2345', undefined, '4.2.4, four digits behind the point'],
    ['1234567890123.0', undefined, '4.2.4, thirteen digits before the point'],
    ['"hello \\"world\\\\"', { type: 'string', value: 'hello "world\\' }, '3.3.3'],
    ['"a\\b"', undefined, '4.2.5, only quotes and backslashes are escaped'],
    ['"open', undefined, '4.2.5'],
    ['"caf\u00e9"', undefined, '4.2.5, ASCII only'],
    ['"tab\t"', undefined, '4.2.5, no control character'],
    ['foo123/456', { type: 'token', value: 'foo123/456' }, '3.3.4'],
    ['*a:b', { type: 'token', value: '*a:b' }, '3.3.4'],
    [':aGVsbG8=:', { type: 'bytes', value: new Uint8Array(Buffer.from('hello')) }, '3.3.5'],
    [':aGVsbG8:', { type: 'bytes', value: new Uint8Array(Buffer.from('hello')) }, '4.2.7'],
    [':a=b:', undefined, '4.2.7, padding in the middle'],
    [':abc', undefined, '4.2.7'],
    ['?1', { type: 'boolean', value: true }, '3.3.6'],
    ['?0', { type: 'boolean', value: false }, '3.3.6'],
    ['?2', undefined, '4.2.8'],
    ['@1659578233', { type: 'date', value: 1_659_578_233 }, '3.3.7'],
    ['@1.5', undefined, '4.2.9, no fraction'],
    ['%"f%c3%bc%c3%bc"', { type: 'display', value: 'füü' }, '3.3.8'],
    ['%"%C3%BC"', undefined, '4.2.10, lower-case digits only'],
    ['%"%ff"', undefined, '4.2.10, not UTF-8'],
    ['%"open', undefined, '4.2.10'],
    ['%"a b~"', { type: 'display', value: 'a b~' }, '3.3.8'],
    ['%"a\u007f"', undefined, '4.2.10, printable ASCII only'],
    ['"a\u007f"', undefined, '4.2.5, printable ASCII only'],
    ['" ~"', { type: 'string', value: ' ~' }, '3.3.3'],
    ['  1  ', { type: 'integer', value: 1 }, '4.2, spaces at the ends'],
    ['1 2', undefined, '4.2, something behind the item'],
    ['', undefined, '4.2.3'],
  ])('%s', (text, expected) => {
    expect(item(text)).toEqual(expected)
  })

  test('parameters keep their order, and the last of one key counts (section 4.2.3.2)', () => {
    expect(parseItem('a;b=1; c;b=2')).toEqual({
      item: { type: 'token', value: 'a' },
      parameters: new Map<string, BareItem>([
        ['b', { type: 'integer', value: 2 }],
        ['c', { type: 'boolean', value: true }],
      ]),
    })
    expect(parseItem('a ;b=1')).toBeUndefined()
    expect(parseItem('a;B=1')).toBeUndefined()
  })
})

describe('lists and dictionaries', () => {
  test.each<[string, readonly Member[] | undefined, string]>([
    ['', [], '4.2.1, an empty field is an empty list'],
    ['a, b', [token('a'), token('b')], '3.1'],
    ['a,b\t', [token('a'), token('b')], '4.2.1'],
    ['a\t,\t b', [token('a'), token('b')], '4.2.1, tabs around commas'],
    ['a,', undefined, '4.2.1, a trailing comma'],
    ['a b', undefined, '4.2.1'],
    [',a', undefined, '4.2.1'],
    [
      '("a" b);c',
      [{ items: [string('a'), token('b')], parameters: parseItem('x;c')!.parameters }],
      '3.1.1',
    ],
    ['()', [{ items: [], parameters: new Map() }], '3.1.1'],
    ['(a', undefined, '4.2.1.2'],
    ['("a""b")', undefined, '4.2.1.2, items need a space'],
  ])('list %s', (text, expected) => {
    expect(parseList(text)).toEqual(expected)
  })

  test('a bare key is true, and a repeated key keeps its last value (section 4.2.2)', () => {
    const parsed = parseDictionary('a, b=2;x, a=?0')
    expect([...parsed!.keys()]).toEqual(['a', 'b'])
    expect(parsed!.get('a')).toEqual(boolean(false))
    expect(parsed!.get('b')).toEqual(integer(2, parseItem('q;x')!.parameters))
  })

  test.each(['A=1', 'a=', 'a=1,', 'a =1', 'a= 1', '=1', '1=a', 'a=1 b=2', 'a=&&&'])(
    'dictionary %s is refused whole (section 4.2.2)',
    (text) => {
      expect(parseDictionary(text)).toBeUndefined()
    },
  )
})

describe('writing (RFC 9651 section 4.1)', () => {
  test.each<[BareItem, string]>([
    [{ type: 'decimal', value: 1 }, '1.0'],
    [{ type: 'decimal', value: 1.0025 }, '1.002'],
    [{ type: 'decimal', value: 2.5 }, '2.5'],
    [{ type: 'decimal', value: -0.0001 }, '0.0'],
    [{ type: 'decimal', value: 100 }, '100.0'],
    [{ type: 'integer', value: -0 }, '0'],
    [{ type: 'date', value: 12 }, '@12'],
    [{ type: 'display', value: 'a"%é' }, '%"a%22%25%c3%a9"'],
    [{ type: 'display', value: ' ~\u007f' }, '%" ~%7f"'],
    [{ type: 'string', value: 'a"\\' }, '"a\\"\\\\"'],
  ])('%o', (value, expected) => {
    expect(formatBareItem(value)).toBe(expected)
  })

  test.each<BareItem>([
    { type: 'integer', value: 1.5 },
    { type: 'integer', value: 1e15 },
    { type: 'decimal', value: 1e12 },
    { type: 'decimal', value: Number.NaN },
    { type: 'string', value: 'a\nb' },
    { type: 'string', value: 'é' },
    { type: 'token', value: '1a' },
    { type: 'token', value: 'a b' },
    { type: 'token', value: '' },
    { type: 'display', value: '\ud800' },
  ])('refuses %o', (value) => {
    expect(() => formatBareItem(value)).toThrow(
      expect.objectContaining({ code: 'CACHE_VALUE_INVALID' }),
    )
  })

  test('refuses a key that could not be read back', () => {
    expect(() => formatDictionary([['A', integer(1)]])).toThrow(/as a key/)
    expect(() => formatDictionary([['a\r\nx', integer(1)]])).toThrow(/as a key/)
  })
})

const key = fc.stringMatching(/^[a-z*][a-z0-9_.*-]{0,5}$/)
const bare: fc.Arbitrary<BareItem> = fc.oneof(
  fc.record({ type: fc.constant('integer' as const), value: fc.integer() }),
  fc.record({
    type: fc.constant('decimal' as const),
    value: fc.integer({ min: -1e9, max: 1e9 }).map((thousandths) => thousandths / 1000 + 0),
  }),
  fc.record({ type: fc.constant('date' as const), value: fc.integer() }),
  fc.record({ type: fc.constant('string' as const), value: fc.stringMatching(/^[ -~]{0,8}$/) }),
  fc.record({
    type: fc.constant('token' as const),
    value: fc.stringMatching(/^[A-Za-z*][!#-'*+.\w:/|~-]{0,6}$/),
  }),
  fc.record({ type: fc.constant('display' as const), value: fc.string({ unit: 'grapheme' }) }),
  fc.record({ type: fc.constant('boolean' as const), value: fc.boolean() }),
  fc.record({
    type: fc.constant('bytes' as const),
    value: fc.uint8Array({ maxLength: 8 }).map((bytes) => new Uint8Array(bytes)),
  }),
)
const parameters = fc
  .uniqueArray(fc.tuple(key, bare), { maxLength: 3, selector: ([name]) => name })
  .map((pairs) => new Map(pairs))
const anItem: fc.Arbitrary<Item> = fc.record({ item: bare, parameters })
const member: fc.Arbitrary<Member> = fc.oneof(
  anItem,
  fc.record({ items: fc.array(anItem, { maxLength: 3 }), parameters }),
)

describe('properties', () => {
  const plain = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value, (_, part: unknown) => (part instanceof Map ? [...part] : part)),
    )

  test('what is written is read back as the same', () => {
    fc.assert(
      fc.property(fc.array(member, { minLength: 1, maxLength: 4 }), (members) => {
        expect(plain(parseList(formatList(members)))).toEqual(plain(members))
      }),
    )
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(key, member), {
          minLength: 1,
          maxLength: 4,
          selector: ([name]) => name,
        }),
        (pairs) => {
          const written: Dictionary = new Map(pairs)
          expect(plain(parseDictionary(formatDictionary(written)))).toEqual(plain(written))
        },
      ),
    )
    fc.assert(
      fc.property(anItem, (one) => {
        expect(plain(parseItem(formatItem(one)))).toEqual(plain(one))
      }),
    )
  })

  test('garbage is refused without an exception', () => {
    const hostile = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'a1(); ,="?:@%\\-.\t'.split('')) }),
    )
    fc.assert(
      fc.property(hostile, (text) => {
        for (const parse of [parseList, parseDictionary, parseItem]) {
          expect(() => parse(text)).not.toThrow()
        }
      }),
      { numRuns: 500 },
    )
  })

  test('reading takes linear time', () => {
    const parts = ['(', 'a;', '"\\\\', '%"%c3', ':', 'a,', '1', ' ', '(a ']
    for (const part of parts) {
      const text = part.repeat(100_000)
      expect(
        elapsedMs(() => {
          parseList(text)
          parseDictionary(text)
        }),
      ).toBeLessThan(QUICK_MS)
    }
  })
})
