import { assert, jsonValue, property } from 'fast-check'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { standardCodec } from '../../src/store/codec.js'

const RECORD = 8
const encode = (value: unknown): Buffer => standardCodec.encode(value)
const decode = (bytes: Buffer): unknown => standardCodec.decode(bytes)

const example = {
  id: 5,
  name: 'Zoë',
  scores: [0, 255, 256, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 0.5, Number.MAX_VALUE, 5e-324],
  is: { on: true, off: false, not: null, empty: {}, none: [] },
  rows: [
    { a: 1, b: '' },
    { b: 'x'.repeat(300), a: 2 },
    { a: 3, b: '\0' },
  ],
  many: Array.from({ length: 300 }, () => null),
}

describe('a record', () => {
  test('gives back what was written, each time anew, names in their order', () => {
    const bytes = encode(example)
    expect(bytes[0]).toBe(RECORD)
    const value = decode(bytes)
    expect(isDeepStrictEqual(value, example)).toBe(true)
    expect(JSON.stringify(value)).toBe(JSON.stringify(example))
    ;(value as typeof example).rows[0]!.a = 9
    expect(isDeepStrictEqual(decode(bytes), example)).toBe(true)
  })

  test('is any small value that JSON keeps', () => {
    const value = jsonValue({ maxDepth: 4, stringUnit: 'grapheme' })
    assert(
      property(value, (one) => {
        const read = decode(encode(one))
        return isDeepStrictEqual(read, one) && JSON.stringify(read) === JSON.stringify(one)
      }),
    )
  })

  test('is not what has names with a meaning, or text or size of another kind', () => {
    const others: unknown[] = [
      JSON.parse('{"__proto__": {"a": 1}}'),
      { b: 1, 2: 1, 1: 1 },
      { ['n'.repeat(256)]: 1 },
      { ['ключ']: 1 },
      { a: '世' },
      Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`n${n}`, n])),
      Array.from({ length: 17 }, (_, n) => ({ [`n${n}`]: n })),
      Array.from({ length: 30 }, () => 'x'.repeat(100)),
      Array.from({ length: 8_200 }, () => null),
    ]
    for (const other of others) {
      const bytes = encode(other)
      expect(bytes[0]).not.toBe(RECORD)
      const read = decode(bytes)
      expect(isDeepStrictEqual(read, other)).toBe(true)
      expect(JSON.stringify(read)).toBe(JSON.stringify(other))
    }
  })

  test('is left to JSON while Object.prototype has more than it should', () => {
    const everyone = Object.prototype as { added?: number }
    everyone.added = 1
    try {
      expect(encode({ a: 1 })[0]).not.toBe(RECORD)
    } finally {
      delete everyone.added
    }
  })

  test('is told from one whose table has the same hash', () => {
    const one = encode({ a: 1 })
    const other = encode({ b: 2 })
    one.copy(other, 1, 1, 5)
    for (let n = 0; n < 3; n++) {
      expect(decode(one)).toEqual({ a: 1 })
      expect(decode(other)).toEqual({ b: 2 })
    }
  })

  test('of ever new shapes needs no more memory than a thousand tables', () => {
    for (let n = 0; n < 10_000; n++) {
      const value = { [`a${n}`]: n, [`b${n}`]: [{ [`c${n}`]: n }] }
      expect(decode(encode(value))).toEqual(value)
    }
  })

  test('that is cut or changed anywhere is refused, or is another value and nothing else', () => {
    const bytes = encode(example)
    for (let end = 0; end < bytes.length; end++) {
      expect(() => decode(bytes.subarray(0, end))).toThrow(
        expect.objectContaining({ code: 'CACHE_ENTRY_INVALID' }),
      )
    }
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of [1, 8, 128, 255]) {
        const changed = Buffer.from(bytes)
        changed[at]! ^= mask
        try {
          decode(changed)
        } catch (error) {
          expect(error).toMatchObject({ code: 'CACHE_ENTRY_INVALID' })
        }
      }
    }
    expect(isDeepStrictEqual(decode(bytes), example)).toBe(true)
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test.each([
    ['a table with a name that means something', table('__proto__')],
    ['a table with a number', table('1')],
    ['a table that ends within a name', Buffer.from('0800000000030001000105610a00', 'hex')],
    ['an object without its shape', Buffer.from('0800000000000002000a00', 'hex')],
    ['lists in lists in lists', head(60_000, Buffer.alloc(60_000, Buffer.of(8, 1)))],
    ['a list that is longer than what is there', head(3, Buffer.of(9, 255, 255))],
    ['text that is not there', head(2, Buffer.of(6, 5))],
    ['text that nobody asks for', Buffer.concat([head(1, Buffer.of(0)), Buffer.of(65)])],
  ])('is not %s', (_, bytes) => {
    expect(() => decode(bytes)).toThrow(expect.objectContaining({ code: 'CACHE_ENTRY_INVALID' }))
  })
})

function head(fields: number, rest: Buffer): Buffer {
  const bytes = Buffer.alloc(9)
  bytes[0] = RECORD
  bytes.writeUInt16LE(fields, 7)
  return Buffer.concat([bytes, rest])
}

/** An object with one name, null. */
function table(name: string): Buffer {
  const bytes = Buffer.concat([Buffer.of(1, name.length), Buffer.from(name)])
  const whole = head(3, Buffer.concat([bytes, Buffer.of(10, 0, 0)]))
  whole.writeUInt16LE(bytes.length, 5)
  return whole
}
