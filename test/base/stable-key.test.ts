import { expect, test } from 'vitest'
import { canonicalKey } from '../../src/base/stable-key.js'

test('a string is its own canonical form', () => {
  expect(canonicalKey('user:5')).toBe('user:5')
})

test('a structure reads like source code', () => {
  expect(canonicalKey(['user', 5])).toBe("\u0001['user',5]")
  expect(canonicalKey({ q: 'x', page: 2 })).toBe("\u0001(page:2,q:'x')")
})
