import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalKey } from '../../src/base/stable-key.js'
import { remoteName, safeNamespace } from '../../src/store/names.js'

/** What every server takes: no space, no control character, no braces (they choose a slot on Redis Cluster). */
const SAFE = /^[!-z|~]{1,180}$/

describe('the name of a key', () => {
  test.each<[string, string]>([
    ['user:5', 'user:5'],
    ['a b', 'a%20b'],
    ['100%', '100%25'],
    ['~x', '%7Ex'],
    ['{tag}', '%7Btag%7D'],
    ['Zoë', 'Zo%C3%AB'],
    [canonicalKey(['user', 5]), "~['user',5]"],
    [canonicalKey({ q: 'a b' }), "~(q:'a%20b')"],
    ['\u0001\u0001x', '~%01x'],
    ['x'.repeat(180), 'x'.repeat(180)],
  ])('%j is readable: %s', (key, name) => {
    expect(remoteName(key)).toEqual({ name, digested: false })
  })

  test.each<[string, string]>([
    ['a long one', 'x'.repeat(181)],
    ['one that is long once it is escaped', 'ü'.repeat(31)],
    ['a long structure', canonicalKey(['x'.repeat(300)])],
    ['one of a million characters', '🗝'.repeat(500_000)],
    ['one that is cut in the middle of a character', `${'x'.repeat(59)}🗝${'y'.repeat(200)}`],
  ])('%s is the beginning of it and a digest', (_, key) => {
    const { name, digested } = remoteName(key)
    expect(digested).toBe(true)
    expect(name).toMatch(/^~?[!-z|]{1,60}~[\w-]{43}$/)
    expect(name).toMatch(SAFE)
    expect(remoteName(key).name).toBe(name)
    expect(remoteName(`${key}.`).name).not.toBe(name)
  })

  test('is safe and no other key has it', () => {
    const names = new Map<string, string>()
    fc.assert(
      fc.property(keys, (key) => {
        const { name } = remoteName(key)
        expect(name).toMatch(SAFE)
        expect(names.get(name) ?? key).toBe(key)
        names.set(name, key)
      }),
      { numRuns: 5_000 },
    )
  })

  test('that is readable can be read back, so it belongs to one key', () => {
    fc.assert(
      fc.property(keys, (key) => {
        const { name, digested } = remoteName(key)
        fc.pre(!digested)
        const plain = decodeURIComponent(name.replace(/^~/, ''))
        expect(name.startsWith('~') ? `\u0001${plain}` : plain).toBe(key)
        expect(name.indexOf('~', 1)).toBe(-1)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a namespace', () => {
  test.each<[string, string]>([
    ['shop', 'shop'],
    ['shop-2.eu_west', 'shop-2.eu_west'],
    ['a:b', 'a%3Ab'],
    ['a%3Ab', 'a%253Ab'],
    ['{x}', '%7Bx%7D'],
    ['läden', 'l%C3%A4den'],
  ])('%j is %s', (namespace, safe) => {
    expect(safeNamespace(namespace)).toBe(safe)
  })

  test('is at most 64 characters, and no other has it', () => {
    const seen = new Map<string, string>()
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 }), (namespace) => {
        fc.pre(Buffer.byteLength(namespace) <= 100)
        const safe = safeNamespace(namespace)
        expect(safe).toMatch(/^[\w.%-]{1,64}$/)
        expect(seen.get(safe) ?? namespace).toBe(namespace)
        seen.set(safe, namespace)
      }),
      { numRuns: 2_000 },
    )
    const long = safeNamespace('x'.repeat(100))
    expect(long).toHaveLength(64)
    expect(safeNamespace('x'.repeat(99))).not.toBe(long)
  })

  test.each([[''], ['x'.repeat(101)], ['ü'.repeat(51)], ['\ud800'], [undefined], [5]])(
    '%j is refused',
    (namespace) => {
      expect(() => safeNamespace(namespace as string)).toThrow(
        expect.objectContaining({ code: 'CACHE_OPTION_INVALID', option: 'namespace' }),
      )
    },
  )
})

const keys = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
  fc.string({
    unit: fc.constantFrom('%', '~', '2', '5', '\u0001', 'é', ' '),
    minLength: 1,
    maxLength: 8,
  }),
  fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }).map(canonicalKey),
)
