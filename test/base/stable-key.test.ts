import { runInNewContext } from 'node:vm'
import { parse as parseQuery } from 'node:querystring'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CacheError } from '../../src/base/errors.js'
import { assertTag, canonicalKey, readableKey, type Key } from '../../src/base/stable-key.js'
import { parseCanonical } from './canonical.js'

describe('a string', () => {
  test('is its own canonical form', () => {
    expect(canonicalKey('user:5')).toBe('user:5')
    expect(canonicalKey('ключ 🗝')).toBe('ключ 🗝')
  })

  test('that looks like the form of a structure is not taken for it', () => {
    expect(canonicalKey(canonicalKey(['user', 5]))).not.toBe(canonicalKey(['user', 5]))
    expect(canonicalKey('\u0001')).not.toBe(canonicalKey('\u0001\u0001'))
  })
})

describe('a structure', () => {
  test.each<[Key, string]>([
    [['user', 5], "['user',5]"],
    [{ q: 'x', page: 2 }, "(page:2,q:'x')"],
    [
      [1, '1', 1n, true, 'true', null, 'null', undefined],
      "[1,'1',1n,true,'true',null,'null',undefined]",
    ],
    [[Number.NaN, -0, Infinity, 1e21, 0.1], '[NaN,0,Infinity,1e+21,0.1]'],
    [["it's", 'a\\b'], String.raw`['it\'s','a\\b']`],
    [[new Date(1_700_000_000_000)], '[@1700000000000]'],
    [[Buffer.from('hi'), new Uint8Array([104, 105])], '[#aGk,#aGk]'],
    [{ 'a-b': { deep: [[]] } }, "('a-b':(deep:[[]]))"],
    [{ a: undefined }, '(a:undefined)'],
    [5, '5'],
    [12n, '12n'],
  ])('%# reads like source code', (key, text) => {
    expect(readableKey(canonicalKey(key))).toBe(text)
  })

  test('does not depend on the order in which properties were set', () => {
    const names = Array.from({ length: 40 }, (_, index) => `name${(index * 7) % 40}`)
    const one = Object.fromEntries(names.map((name) => [name, 1]))
    const other = Object.fromEntries(names.toReversed().map((name) => [name, 1]))
    expect(canonicalKey(one)).toBe(canonicalKey(other))
    expect(canonicalKey({ b: 1, a: 2, c: 3 })).toBe(canonicalKey({ c: 3, a: 2, b: 1 }))
  })

  test('may be data without a prototype, of a fast parser, or of another realm', () => {
    const text = canonicalKey({ q: 'x' })
    expect(canonicalKey(Object.assign(Object.create(null), { q: 'x' }))).toBe(text)
    expect(canonicalKey(parseQuery('q=x'))).toBe(text)
    const base: object = Object.create(null)
    expect(canonicalKey(Object.assign(Object.create(base), { q: 'x' }))).toBe(text)
    expect(canonicalKey(runInNewContext(`({ q: 'x' })`) as object)).toBe(text)
  })

  test('is told from every other by its text: it can be read back', () => {
    fc.assert(
      fc.property(structures, (key) => {
        expect(parseCanonical(canonicalKey(key))).toStrictEqual(key)
      }),
      { numRuns: 500 },
    )
  })

  test('shares its text with no other, however alike', () => {
    const alike = fc.oneof(tinyText, fc.array(tinyText, { maxLength: 3, minLength: 1 }))
    fc.assert(
      fc.property(alike, alike, (one, other) => {
        const equal = JSON.stringify(one) === JSON.stringify(other)
        expect(canonicalKey(one) === canonicalKey(other)).toBe(equal)
      }),
      { numRuns: 2_000 },
    )
  })
})

class Money {
  readonly cents = 5
}

describe('is refused, by name:', () => {
  const loop: Record<string, unknown> = {}
  loop['self'] = { loop }
  test.each<[string, unknown, string]>([
    ['an empty string', '', 'key: must not be empty'],
    ['an empty array', [], 'key: must not be empty'],
    ['an empty object', {}, 'key: must not be empty'],
    [
      'null',
      null,
      'key: must be a string, a number, a bigint, an array or an object; received null',
    ],
    ['undefined', undefined, 'received undefined'],
    ['a boolean', true, 'received true'],
    ['a lone surrogate', 'a\udc00', 'key: holds a lone surrogate'],
    [
      'a lone surrogate inside',
      ['x', { y: ['\ud800'] }],
      'key at $[1].y[0]: holds a lone surrogate',
    ],
    ['a lone surrogate in a name', { '\ud800': 1 }, 'holds a lone surrogate'],
    ['halves of a character apart', ['\ud83d', '\ude00'], 'key at $[0]: holds a lone surrogate'],
    ['a function', { f: function load() {} }, 'key at $.f: function load has no canonical form'],
    ['a symbol', [Symbol('s')], 'key at $[0]: Symbol(s) has no canonical form'],
    ['an instance of a class', { price: new Money() }, 'key at $.price: an object of Money has no'],
    ['a Map', [new Map()], 'key at $[0]: an object of Map has no canonical form'],
    ['a value that contains itself', loop, 'is nested deeper than 64, or contains itself'],
    ['more parts than any key has', [Array.from({ length: 100_001 }, () => 1)], 'too many parts'],
  ])('%s', (_, key, message) => {
    expect(() => canonicalKey(key as Key)).toThrow(CacheError)
    expect(() => canonicalKey(key as Key)).toThrow(
      expect.objectContaining({
        code: 'CACHE_KEY_INVALID',
        message: expect.stringContaining(message),
      }),
    )
  })

  test('a structure repeated inside itself until it is enormous, in bounded time', () => {
    let key: unknown = [1]
    for (let depth = 0; depth < 60; depth++) key = [key, key]
    expect(() => canonicalKey(key as Key)).toThrow('too many parts')
  })

  test.each([[''], ['\ud800'], ['x'.repeat(1_025)], [5], [null], [undefined], [['a']]])(
    'the tag %j',
    (tag) => {
      expect(() => assertTag(tag)).toThrow(expect.objectContaining({ code: 'CACHE_TAG_INVALID' }))
    },
  )
})

test('a tag is any other text', () => {
  for (const tag of ['user:5', 'ü', 'x'.repeat(1_024), ' '])
    expect(() => assertTag(tag)).not.toThrow()
})

const tinyText = fc.string({
  unit: fc.constantFrom("'", '\\', ',', '[', '\u0001', 'a'),
  maxLength: 4,
  minLength: 1,
})

const { structures } = fc.letrec<{ structures: unknown[] | object; part: unknown }>((tie) => ({
  structures: fc.oneof(
    fc.array(tie('part'), { minLength: 1, maxLength: 4 }),
    fc
      .dictionary(fc.oneof(tinyText, fc.string({ unit: 'grapheme' })), tie('part'), {
        minKeys: 1,
        maxKeys: 4,
      })
      .map((fields) => ({ ...fields })),
  ),
  part: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    tinyText,
    fc.string({ unit: 'grapheme' }),
    fc.double().map((number) => (number === 0 ? 0 : number)),
    fc.integer(),
    fc.bigInt(),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.date(),
    fc.uint8Array({ maxLength: 8 }),
    fc.constant([]),
    fc.constant({}),
    tie('structures'),
  ),
}))
