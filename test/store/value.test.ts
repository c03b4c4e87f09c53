import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isPlain, standardCodec, type Codec } from '../../src/store/codec.js'
import { admit, adopt, copyOut } from '../../src/store/value.js'
import { adoptPlain } from '../../src/store/value-plain.js'
import { anyValue, FAITHFUL, foreign, nest, REFUSED, withPollution } from './values.js'

const MODES = ['freeze', 'copy'] as const

function deeplyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return Object.isFrozen(value) && Object.values(value).every(deeplyFrozen)
}

describe.each(MODES)('kept by %s', (how) => {
  test.each(FAITHFUL)('%s comes back, every time', (_, value) => {
    const kept = admit(value, how)
    for (let time = 0; time < 2; time++) {
      const got = kept.copied ? copyOut(kept.value) : kept.value
      expect(isDeepStrictEqual(got, value)).toBe(true)
    }
  })

  test('nothing that a reader does reaches the next reader', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const kept = admit(value, how)
        const read = () => (kept.copied ? copyOut(kept.value) : kept.value)
        const first = read()
        vandalise(first, new Set())
        expect(isDeepStrictEqual(read(), value)).toBe(true)
        expect(kept.copied || deeplyFrozen(kept.value)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  test('what the writer does afterwards reaches no reader', () => {
    const value = { list: [{ n: 1 }], at: new Date(5), map: new Map([['a', { n: 1 }]]) }
    const kept = admit(value, how)
    vandalise(value, new Set())
    expect(copyOut(kept.value)).toStrictEqual({
      list: [{ n: 1 }],
      at: new Date(5),
      map: new Map([['a', { n: 1 }]]),
    })
  })

  test('a value that contains itself', () => {
    const value: Record<string, unknown> = { list: [] }
    value['self'] = value
    ;(value['list'] as unknown[]).push(value)
    const kept = admit(value, how)
    const got = (kept.copied ? copyOut(kept.value) : kept.value) as typeof value
    expect(got).not.toBe(value)
    expect(got['self']).toBe(got)
    expect((got['list'] as unknown[])[0]).toBe(got)
    const withDate = admit({ value, at: new Date(1) }, how)
    expect(copyOut(withDate.value)).toStrictEqual({ value, at: new Date(1) })
  })

  test('a Date that occurs twice in a value that contains itself stays one', () => {
    const at = new Date(1)
    const value: Record<string, unknown> = { at, again: at }
    value['self'] = value
    const got = copyOut(admit(value, how).value) as typeof value
    expect(got['at']).toStrictEqual(at)
    expect(got['at']).not.toBe(at)
    expect(got['again']).toBe(got['at'])
  })

  test('a value that repeats one part very many times takes no more room for it', () => {
    let value: unknown = ['x']
    for (let depth = 0; depth < 40; depth++) value = [value, value]
    const kept = admit(value, how)
    expect(kept.bytes).toBeLessThan(10_000)
    const got = (kept.copied ? copyOut(kept.value) : kept.value) as unknown[]
    expect(got[0]).toBe(got[1])
  })

  test.each(REFUSED)('%s is refused', (_, value, message) => {
    expect(() => admit(value, how)).toThrow(
      expect.objectContaining({
        code: 'CACHE_VALUE_INVALID',
        message: expect.stringContaining(message),
      }),
    )
  })

  test('built-ins of another realm', () => {
    const value = foreign(`{ list: [new Date(1), new Map([[1, { a: 1 }]]), new TypeError('t')] }`)
    const kept = admit(value, how)
    const got = copyOut(kept.value) as { list: unknown[] }
    expect(got.list[0]).toStrictEqual(new Date(1))
    expect(got.list[1]).toStrictEqual(new Map([[1, { a: 1 }]]))
    expect(got.list[2]).toBeInstanceOf(TypeError)
  })

  test('a value of a class, where the application has a codec for it', () => {
    class Money {
      readonly cents: number
      constructor(cents: number) {
        this.cents = cents
      }
    }
    const codec: Codec = {
      name: 'money',
      id: 128,
      encode: (value) => Buffer.from(JSON.stringify(value)),
      decode: (bytes) => new Money((JSON.parse(bytes.toString()) as Money).cents),
    }
    const kept = admit(new Money(5), how, codec)
    expect(kept.copied).toBe(true)
    expect(copyOut(kept.value)).toStrictEqual(new Money(5))
    expect(copyOut(kept.value)).not.toBe(copyOut(kept.value))
    expect(copyOut(adopt(new Money(5), how, codec).value)).toStrictEqual(new Money(5))
    expect(admit({ plain: 1 }, 'freeze', codec).copied).toBe(false)
  })

  test('a value beside what somebody added to Object.prototype', () => {
    withPollution(() => {
      const kept = admit({ list: [{ at: new Date(1) }], plain: { a: 1 } }, how)
      const got = copyOut(kept.value) as { list: object[]; plain: object }
      for (const each of [got, got.list[0]!, got.plain]) {
        expect(Object.keys(each)).not.toContain('helper')
        expect(Object.keys(each)).not.toContain('settings')
      }
      expect(Object.keys(admit({ a: {} }, how).value as object)).toEqual(['a'])
    })
  })

  test('without its weight growing faster than the value', () => {
    const row = { id: 1, name: 'x'.repeat(100), tags: ['a', 'b'] }
    const one = admit([row], how).bytes
    const many = admit(
      Array.from({ length: 1_000 }, () => ({ ...row })),
      how,
    ).bytes
    expect(one).toBeGreaterThan(150)
    expect(many / one).toBeGreaterThan(700)
    expect(many / one).toBeLessThan(1_001)
    expect(admit(Buffer.alloc(10_000), how).bytes).toBeGreaterThan(10_000)
  })
})

describe('freeze', () => {
  test('hands out plain data itself: the copy is made once', () => {
    const value = { a: [1, { b: 2n, c: undefined }] }
    const kept = admit(value, 'freeze')
    expect(kept.copied).toBe(false)
    expect(kept.value).not.toBe(value)
    expect(deeplyFrozen(kept.value)).toBe(true)
    expect(Object.isFrozen(value)).toBe(false)
    expect(() => ((kept.value as typeof value).a[0] = 5)).toThrow(TypeError)
  })

  test('of a value just decoded makes no copy', () => {
    const value = { a: [{ b: 2 }] }
    const kept = adopt(value)
    expect(kept).toMatchObject({ copied: false, value })
    expect(kept.value).toBe(value)
    expect(deeplyFrozen(value)).toBe(true)
    const dated = { list: [{ a: 1 }], at: new Date(1) }
    const own = adopt(dated)
    expect(own.copied).toBe(true)
    expect(own.value).toBe(dated)
    expect(Object.isFrozen((copyOut(own.value) as typeof dated).list)).toBe(false)
  })

  test('of what was read from JSON or a record needs no looking for anything else', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const bytes = standardCodec.encode(value)
        const plain = adoptPlain(standardCodec.decode(bytes), 'freeze')
        expect(plain).toStrictEqual(adopt(standardCodec.decode(bytes)))
        if (isPlain(bytes[0])) expect(deeplyFrozen(plain.value)).toBe(true)
      }),
    )
    const deep = nest(900)
    expect(adoptPlain(deep, 'freeze')).toMatchObject({ copied: false, value: deep })
    expect(deeplyFrozen(deep)).toBe(true)
    expect(adoptPlain(nest(5), 'copy').copied).toBe(true)
    withPollution(() => {
      expect(deeplyFrozen(adoptPlain({ a: [{ b: 1 }] }, 'freeze').value)).toBe(true)
      expect(Object.isFrozen(({} as { settings: object }).settings)).toBe(false)
    })
    for (const [name, value] of FAITHFUL) {
      const [form] = standardCodec.encode(value)
      const again: unknown = isPlain(form) && JSON.parse(JSON.stringify(value))
      if (isPlain(form)) expect(isDeepStrictEqual(again, value), name).toBe(true)
    }
  })

  test('of a decoded value that nobody can have kept is an invalid entry', () => {
    for (const value of [nest(5_000), [() => 1]]) {
      expect(() => adopt(value)).toThrow(expect.objectContaining({ code: 'CACHE_ENTRY_INVALID' }))
    }
  })
})

describe('share', () => {
  test('keeps and hands out the very object, whatever it is', () => {
    for (const value of [() => 1, new WeakMap(), { f: () => 1 }, Symbol('s'), null]) {
      expect(admit(value, 'share')).toMatchObject({ value, copied: false })
      expect(admit(value, 'share').value).toBe(value)
    }
  })

  test('weighs a few of many parts, and the whole about right', () => {
    const rows = Array.from({ length: 1_000_000 }, (_, id) => ({
      id,
      name: 'a name of some length',
    }))
    const sample = admit(rows.slice(0, 1_000), 'copy').bytes * 1_000
    let looks = 0
    const watched = new Proxy(rows, {
      get(all, name) {
        looks++
        return Reflect.get(all, name) as unknown
      },
    })
    const { bytes } = admit(watched, 'share')
    expect(looks).toBeLessThan(100)
    expect(bytes).toBeGreaterThan(sample / 3)
    expect(bytes).toBeLessThan(sample * 3)
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    expect(admit(loop, 'share').bytes).toBeLessThan(20_000)
  })
})

/** Changes all that can be changed of a value. */
function vandalise(value: unknown, seen: Set<unknown>): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  if (value instanceof Date) value.setTime(0)
  else if (ArrayBuffer.isView(value))
    new Uint8Array(value.buffer, value.byteOffset, value.byteLength).fill(1)
  else if (value instanceof Map || value instanceof Set) {
    for (const part of value) vandalise(part, seen)
    value.clear()
  }
  for (const name of Reflect.ownKeys(value)) {
    vandalise(Reflect.get(value, name), seen)
    Reflect.deleteProperty(value, name)
  }
  Reflect.set(value, 'vandal', true)
}
