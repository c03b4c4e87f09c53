import { expect, test } from 'vitest'
import { standardCodec } from '../../src/store/codec.js'

function back(value: unknown): unknown {
  return standardCodec.decode(standardCodec.encode(value))
}

const VALUES: readonly (readonly [name: string, value: unknown])[] = [
  ['null', null],
  ['false', false],
  ['zero', 0],
  ['an empty string', ''],
  ['text', 'Grüße, 世界 🌍'],
  ['text with a lone surrogate', 'a\ud800b'],
  ['NaN', Number.NaN],
  ['-0', -0],
  ['-Infinity', -Infinity],
  ['a bigint', 12345678901234567890n],
  ['a Date', new Date(1700000000000)],
  ['an invalid Date', new Date(Number.NaN)],
  [
    'a Map',
    new Map<unknown, unknown>([
      ['a', new Date(1)],
      [{ b: 1 }, [2n]],
    ]),
  ],
  ['a Set', new Set([1, 'x', undefined])],
  ['a Buffer', Buffer.from([0, 255, 1])],
  ['a Uint8Array', new Uint8Array([1, 2])],
  ['a Float64Array', new Float64Array([1.5, -0])],
  ['an ArrayBuffer', new Uint8Array([1, 2, 3]).buffer],
  ['a RegExp', /a\/b/giu],
  ['a URL', new URL('https://example.org/?q=1#x')],
  ['a TypeError with a cause', new TypeError('no', { cause: new RangeError('deep') })],
  ['undefined inside', { a: undefined, b: [undefined] }],
  ['an array that looks like a tag', ['~d', 1, ['~~'], new Date(2)]],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
  ['an own __proto__', JSON.parse('{"__proto__":{"x":1},"d":1}')],
  [
    'nested',
    { rows: [{ id: 1n, at: new Date(5), tags: new Set(['a']), raw: Buffer.from('xyz') }] },
  ],
]

for (const [name, value] of VALUES) {
  test(`gives back ${name}`, () => {
    expect(back(value)).toStrictEqual(value)
  })
}

test('gives back a value that contains itself', () => {
  const value: Record<string, unknown> = { name: 'loop', map: new Map() }
  value['self'] = value
  ;(value['map'] as Map<unknown, unknown>).set('up', value)
  const got = back(value) as typeof value
  expect(got['self']).toBe(got)
  expect((got['map'] as Map<unknown, unknown>).get('up')).toBe(got)
})
