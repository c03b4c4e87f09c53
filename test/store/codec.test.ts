import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { standardCodec } from '../../src/store/codec.js'
import { anyValue, FAITHFUL, foreign, REFUSED, withPollution } from './values.js'

function back<T>(value: T): T {
  return standardCodec.decode(standardCodec.encode(value)) as T
}

describe('the standard codec gives back', () => {
  test.each(FAITHFUL)('%s', (_, value) => {
    expect(isDeepStrictEqual(back(value), value)).toBe(true)
  })

  test('whatever is put together of these', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(isDeepStrictEqual(back(value), value)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  test('properties in the order they had', () => {
    const value = { z: undefined, a: new Date(1), m: 1, b: [Number.NaN] }
    expect(Object.keys(back(value))).toEqual(['z', 'a', 'm', 'b'])
    expect([
      ...back(
        new Map([
          ['z', 1],
          ['a', 2],
        ]),
      ).keys(),
    ]).toEqual(['z', 'a'])
  })

  test('an error with its class, message, stack, cause and own fields', () => {
    const error = Object.assign(new TypeError('no', { cause: new RangeError('deep') }), {
      code: 'E_NO',
      name: 'Refusal',
    })
    const got = back({ error }).error
    expect(got).toBeInstanceOf(TypeError)
    expect(got).toMatchObject({ message: 'no', code: 'E_NO', name: 'Refusal', stack: error.stack })
    expect(got.cause).toBeInstanceOf(RangeError)
    expect(Object.keys(got)).toEqual(['code', 'name'])
    expect(Object.prototype.hasOwnProperty.call(back(new Error()), 'cause')).toBe(false)
  })

  test('an AggregateError with its errors', () => {
    const got = back(new AggregateError([new Error('a'), 'b'], 'both'))
    expect(got).toBeInstanceOf(AggregateError)
    expect(got.message).toBe('both')
    expect(got.errors).toEqual([new Error('a'), 'b'])
  })

  test('where a RegExp was', () => {
    const pattern = /a/g
    pattern.lastIndex = 5
    expect(back({ pattern }).pattern.lastIndex).toBe(5)
  })

  test('a value that contains itself, in all its parts', () => {
    const value: Record<string, unknown> = { list: [], map: new Map(), set: new Set() }
    const error = Object.assign(new Error('loop'), { value })
    Object.assign(value, {
      self: value,
      error,
      bare: Object.assign(Object.create(null), { value }),
    })
    ;(value['list'] as unknown[]).push('~d', value, value['list'])
    ;(value['map'] as Map<unknown, unknown>).set(value, value['map'])
    ;(value['set'] as Set<unknown>).add(value)
    const got = back(value)
    expect(got['self']).toBe(got)
    expect((got['list'] as unknown[])[1]).toBe(got)
    expect((got['list'] as unknown[])[2]).toBe(got['list'])
    expect((got['map'] as Map<unknown, unknown>).get(got)).toBe(got['map'])
    expect((got['set'] as Set<unknown>).has(got)).toBe(true)
    expect((got['error'] as { value: unknown }).value).toBe(got)
    expect((got['bare'] as { value: unknown }).value).toBe(got)
  })

  test('one object where a very deep value has one, and several parts in order', () => {
    const shared = { bytes: Buffer.from('ab') }
    let value: unknown = [shared, new Date(3), shared, Buffer.from('cd')]
    for (let depth = 0; depth < 300; depth++) value = { value }
    let got = back(value) as { value: unknown }
    for (let depth = 0; depth < 300; depth++) got = got.value as { value: unknown }
    const list = got as unknown as [typeof shared, Date, typeof shared, Buffer]
    expect(list).toStrictEqual([shared, new Date(3), shared, Buffer.from('cd')])
    expect(list[0]).toBe(list[2])
  })

  test('the small form of a value that repeats one part very many times', () => {
    let value: unknown = ['x']
    for (let depth = 0; depth < 40; depth++) value = [value, value]
    const bytes = standardCodec.encode(value)
    expect(bytes.length).toBeLessThan(1_000)
    const got = standardCodec.decode(bytes) as unknown[]
    expect(got[0]).toBe(got[1])
  })

  test('built-ins of another realm, as those of this one', () => {
    const value = foreign(
      `{ list: [new Date(1), new Map([[1, 2]]), new Uint8Array([1]), /x/, new TypeError('t')], bare: { a: 1 } }`,
    )
    const got = back(value) as { list: unknown[] }
    expect(got.list[0]).toStrictEqual(new Date(1))
    expect(got.list[1]).toStrictEqual(new Map([[1, 2]]))
    expect(got.list[2]).toStrictEqual(new Uint8Array([1]))
    expect(got.list[3]).toStrictEqual(/x/)
    expect(got.list[4]).toBeInstanceOf(TypeError)
  })

  test('what a getter answers', () => {
    expect(
      back({
        get total() {
          return 5
        },
      }),
    ).toStrictEqual({ total: 5 })
  })

  test('its own bytes: what they were cut from may be used again', () => {
    const encoded = standardCodec.encode({ body: Buffer.from('abc'), whole: new Uint8Array([1]) })
    const got = standardCodec.decode(encoded) as { body: Buffer; whole: Uint8Array }
    encoded.fill(0)
    expect(got.body.toString()).toBe('abc')
    expect(got.whole[0]).toBe(1)
    const raw = standardCodec.encode(Buffer.from('xyz'))
    const buffer = standardCodec.decode(raw) as Buffer
    raw.fill(0)
    expect(buffer.toString()).toBe('xyz')
  })
})

test('a name that somebody added to Object.prototype is not taken for a part', () => {
  withPollution(() => {
    const got = back({ a: { at: new Date(1) }, b: 'x' })
    expect(Object.keys(got)).toEqual(['a', 'b'])
    expect(Object.keys(got.a)).toEqual(['at'])
    expect(got.a.at).toStrictEqual(new Date(1))
    expect(Object.keys(back({ plain: 1 }))).toEqual(['plain'])
  })
})

describe('the standard codec refuses', () => {
  test.each(REFUSED)('%s', (_, value, message) => {
    expect(() => standardCodec.encode(value)).toThrow(
      expect.objectContaining({
        code: 'CACHE_VALUE_INVALID',
        message: expect.stringContaining(message),
      }),
    )
  })
})
