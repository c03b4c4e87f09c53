import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cache, Key } from '../../index.js'
import { describeTierings } from '../cache/tierings.js'
import { noise } from './envelopes.js'
import { FAITHFUL, REFUSED } from './values.js'

/** The promise about values and keys, kept by the whole: written by one process, read by another. */
describeTierings('values', ({ open, fresh, shared }) => {
  let writer: Cache
  let reader: Cache

  beforeAll(() => {
    fresh()
    writer = open()
    reader = shared ? open() : writer
  })
  afterAll(async () => {
    await Promise.all([writer.close(), reader.close()])
  })

  test.each(FAITHFUL)('%s comes back, twice', async (name, value) => {
    await writer.set(['value', name], value)
    expect(isDeepStrictEqual(await reader.get(['value', name]), value)).toBe(true)
    expect(isDeepStrictEqual(await reader.get(['value', name]), value)).toBe(true)
  })

  test.each(REFUSED)('%s is refused and nothing is kept', async (name, value, message) => {
    await expect(writer.set(['refused', name], value)).rejects.toMatchObject({
      code: 'CACHE_VALUE_INVALID',
      message: expect.stringContaining(message) as string,
    })
    expect(await reader.get(['refused', name])).toBeUndefined()
  })

  test('a value of 300 kB comes back, compressible or not', async () => {
    const text = 'some words, '.repeat(25_000)
    await writer.set('large text', { text })
    await writer.set('large bytes', noise(300_000))
    expect(await reader.get('large text')).toEqual({ text })
    expect(noise(300_000).equals((await reader.get<Buffer>('large bytes'))!)).toBe(true)
  })

  test('keys that differ have values of their own, whatever they are', async () => {
    for (const [index, key] of KEYS.entries()) await writer.set(key, index)
    for (const [index, key] of KEYS.entries()) expect(await reader.get(key)).toBe(index)
    expect(await reader.getMany(KEYS)).toEqual(KEYS.map((_, index) => index))
  })

  test('a value that is encrypted comes back to who has the key', async () => {
    const keys = [{ id: 'a', key: randomBytes(32) }]
    const [one, other, stranger] = [{ keys }, { keys }, undefined].map((encryption) =>
      open({ encryption }),
    ) as [Cache, Cache, Cache]
    const value = { secret: 'of the house', at: new Date(1) }
    await one.set('secret', value)
    expect(await (shared ? other : one).get('secret')).toStrictEqual(value)
    expect(await stranger.get('secret')).toBeUndefined()
    await Promise.all([one.close(), other.close(), stranger.close()])
  })
})

const KEYS: readonly Key[] = [
  'user:5',
  'user:6',
  ['user', 5],
  ['user', '5'],
  ['user', 5n],
  [['user'], 5],
  { user: 5 },
  5,
  '5',
  5n,
  "\u0001['user',5]",
  'a b',
  'a%20b',
  'line\r\nbreak',
  '\u0000',
  '{slot}',
  'ключ 🗝',
  'é',
  'e\u0301',
  'x'.repeat(250),
  'x'.repeat(251),
  `${'x'.repeat(100_000)}1`,
  `${'x'.repeat(100_000)}2`,
  ['x'.repeat(1_000), { deep: [new Date(1), Buffer.from('a')] }],
]
