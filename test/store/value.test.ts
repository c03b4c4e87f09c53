import { expect, test } from 'vitest'
import { admit, copyOut } from '../../src/store/value.js'

test('keeps a frozen copy of plain data, and leaves the original alone', () => {
  const value = { a: [1, { b: 2 }] }
  const kept = admit(value, 'freeze')
  expect(kept.copied).toBe(false)
  expect(kept.value).toEqual(value)
  expect(kept.value).not.toBe(value)
  expect(Object.isFrozen((kept.value as typeof value).a[1])).toBe(true)
  expect(Object.isFrozen(value)).toBe(false)
})

test('copies for each reader what freezing does not protect', () => {
  const value = { at: new Date(5) }
  const kept = admit(value, 'freeze')
  expect(kept.copied).toBe(true)
  const first = copyOut(kept.value) as typeof value
  first.at.setTime(9)
  expect(copyOut(kept.value)).toStrictEqual({ at: new Date(5) })
})

test('refuses an instance of a class, with its path', () => {
  class Total {
    readonly cents = 5
  }
  const value = { items: [{}, { total: new Total() }] }
  expect(() => admit(value, 'freeze')).toThrow(
    expect.objectContaining({
      code: 'CACHE_VALUE_INVALID',
      message: 'value at $.items[1].total is an object of Total, which cannot be kept faithfully',
    }),
  )
})
