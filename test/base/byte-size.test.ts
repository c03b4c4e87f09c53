import { expect, test } from 'vitest'
import { type ByteSize, toBytes } from '../../src/base/byte-size.js'

test.each<[ByteSize, number]>([
  [1, 1],
  [Infinity, Infinity],
  ['10b', 10],
  ['1kb', 1_024],
  ['1.5mb', 1_572_864],
  ['1gb', 1_073_741_824],
])('%j is %i bytes', (size, bytes) => {
  expect(toBytes(size, 'maxBytes')).toBe(bytes)
})

test.each([[0], [-1], [Number.NaN], ['0kb'], ['10'], ['10 mb'], ['mb'], [null], [{}]])(
  '%j is refused',
  (size) => {
    expect(() => toBytes(size as ByteSize, 'maxBytes')).toThrow(
      expect.objectContaining({ code: 'CACHE_OPTION_INVALID', option: 'maxBytes' }),
    )
  },
)

test('nothing at all is a size where that is said', () => {
  expect(toBytes(0, 'threshold', 'or 0')).toBe(0)
})
