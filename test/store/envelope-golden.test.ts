import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { createEnvelopes, type Sealed } from '../../src/store/envelope.js'
import { entry, KEY_1, steadyRandom } from './envelopes.js'

/**
 * Bytes as releases wrote them. What is in a golden file is in somebody's store: it is never changed. A new
 * version of the format brings a file of its own, and the old one stays readable.
 */
const golden = JSON.parse(
  readFileSync(new URL('golden/envelope-1.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, string>>

const loop: Record<string, unknown> = { name: 'loop' }
loop['self'] = loop

const error = Object.assign(new TypeError('no', { cause: 1 }), { code: 'E' })
error.stack = 'TypeError: no\n    at x'

const rich = {
  at: new Date(1_700_000_000_000),
  n: [Number.NaN, -0, 12n, undefined],
  m: new Map([['a', new Set([1])]]),
  b: Buffer.from('hi'),
  f: new Float64Array([1.5]),
  r: /x/gi,
  u: new URL('https://e.org/'),
  t: ['~d'],
  o: Object.assign(Object.create(null) as object, { a: 1 }),
  d: new Uint8Array([7]).buffer,
}

const record = {
  is: [null, true, false],
  numbers: [255, 256, -1, 0.5],
  list: Array.from({ length: 256 }, () => ({ a: 'é', b: {} })),
  text: 'x'.repeat(256),
}

/** Written the same by every release that writes this version. */
const EXACT: readonly (readonly [name: string, of: Sealed])[] = [
  ['record', entry()],
  ['record of all', entry({ value: record })],
  ['bare', entry({ tags: [], versions: [], private: true, value: null })],
  [
    'key',
    entry({
      key: 'ключ',
      name: 'k~digest',
      digested: true,
      tags: ['täg'],
      versions: ['V'],
      value: 'text',
    }),
  ],
  ['latin1', entry({ value: 'Zoë' })],
  ['utf8', entry({ value: '世界' })],
  ['bytes', entry({ value: Buffer.from([0, 255, 10]) })],
  ['latin1 JSON, no record', entry({ value: { 1: 'Zoë' } })],
  ['utf8 JSON', entry({ value: ['世界'] })],
  ['long text', entry({ value: ['ë'.repeat(1_024), '世'.repeat(1_024)] })],
  ['rich', entry({ value: rich })],
  ['error', entry({ value: error })],
  ['graph', entry({ value: loop })],
]

/** Read by every release; how they are written depends on chance, or on a library. */
const READ: readonly (readonly [name: string, of: Sealed])[] = [
  ...EXACT,
  // Before there were records.
  ['plain', entry()],
  ['latin1 JSON', entry({ value: ['Zoë'] })],
  ['deflate', entry({ value: 'abc'.repeat(50) })],
  ['brotli', entry({ value: 'abc'.repeat(50) })],
  ['zstd', entry({ value: 'abc'.repeat(50) })],
  ['encrypted', entry()],
  ['encrypted and deflated', entry({ value: 'abc'.repeat(50) })],
]

test.each(READ)('version 1 is read: %s', (name, of) => {
  const encryption = name.startsWith('encrypted') ? { keys: [KEY_1] } : undefined
  const envelopes = createEnvelopes({ random: steadyRandom, encryption })
  const judged = envelopes.open(Buffer.from(golden[name]!, 'hex'), of.name, of.key)
  const { loadedAt, freshUntil, staleUntil, space, tags, versions, delta } = of
  expect(judged).toMatchObject({ loadedAt, freshUntil, staleUntil, space, tags, versions, delta })
  expect(judged.private).toBe(of.private)
  expect(isDeepStrictEqual(judged.decode(), of.value)).toBe(true)
})

test.each(EXACT)('version 1 is written: %s', (name, of) => {
  const bytes = createEnvelopes({ random: steadyRandom }).seal(of) as Buffer
  expect(bytes.toString('hex')).toBe(golden[name])
})

test('every golden entry is looked at', () => {
  expect(READ.map(([name]) => name).toSorted()).toEqual(Object.keys(golden).toSorted())
})
