import { expect, test } from 'vitest'
import { systemRandom } from '../../src/base/random.js'
import { createEnvelopes, type EnvelopeOptions, type Sealed } from '../../src/store/envelope.js'

const ENTRY: Sealed = {
  key: 'user:5',
  name: 'user:5',
  digested: false,
  value: { id: 5, name: 'Ada' },
  loadedAt: 1_700_000_000_000,
  freshUntil: 1_700_000_060_000.5,
  staleUntil: Infinity,
  private: false,
  space: 'AAAAAAAAAAAA',
  tags: ['user:5', 'täg'],
  versions: ['BBBBBBBBBBBB', 'C'],
  delta: 12.5,
}

async function roundTrip(
  options: Omit<EnvelopeOptions, 'random'>,
  entry: Sealed,
): Promise<unknown> {
  const envelopes = createEnvelopes({ random: systemRandom, ...options })
  const bytes = await envelopes.seal(entry)
  const judged = envelopes.open(bytes, entry.name, entry.key)
  expect(judged).toMatchObject({
    loadedAt: entry.loadedAt,
    freshUntil: entry.freshUntil,
    staleUntil: entry.staleUntil,
    private: entry.private,
    space: entry.space,
    delta: entry.delta,
  })
  expect(judged.tags).toEqual(entry.tags)
  expect(judged.versions).toEqual(entry.versions)
  return judged.decode()
}

const KEYS = [{ id: 'k1', key: Buffer.alloc(32, 7) }]
const LARGE = { ...ENTRY, value: 'abc'.repeat(200_000) }

test('gives back a small entry', async () => {
  expect(await roundTrip({}, ENTRY)).toEqual(ENTRY.value)
})

test('gives back an entry without tags and with a digested name', async () => {
  const entry = { ...ENTRY, tags: [], versions: [], digested: true, private: true }
  expect(await roundTrip({}, entry)).toEqual(ENTRY.value)
})

test('gives back a large entry that is compressed', async () => {
  expect(await roundTrip({}, LARGE)).toBe(LARGE.value)
})

test('gives back an encrypted entry, compressed and not', async () => {
  expect(await roundTrip({ encryption: { keys: KEYS } }, ENTRY)).toEqual(ENTRY.value)
  expect(await roundTrip({ encryption: { keys: KEYS } }, LARGE)).toBe(LARGE.value)
})
