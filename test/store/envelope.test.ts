import { describe, expect, test } from 'vitest'
import { systemRandom } from '../../src/base/random.js'
import type { Codec } from '../../src/store/codec.js'
import { createEnvelopes, type EnvelopeOptions, type Sealed } from '../../src/store/envelope.js'
import { entry, KEY_1, KEY_2, noise, resum, steadyRandom } from './envelopes.js'

const LARGE = 'abc'.repeat(200_000)
const encryption = { keys: [KEY_1] }

function envelopesWith(options: Omit<EnvelopeOptions, 'random'> = {}) {
  return createEnvelopes({ random: systemRandom, ...options })
}

async function sealed(of: Sealed, options: Omit<EnvelopeOptions, 'random'> = {}): Promise<Buffer> {
  return await envelopesWith(options).seal(of)
}

function opening(bytes: Buffer, of: Sealed, options: Omit<EnvelopeOptions, 'random'> = {}) {
  return () => envelopesWith(options).open(bytes, of.name, of.key)
}

describe('an entry comes back', () => {
  const long = 'k'.repeat(400)
  const cases: readonly (readonly [string, Sealed])[] = [
    ['as it is', entry()],
    ['without tags', entry({ tags: [], versions: [] })],
    ['with tags that are not ASCII', entry({ tags: ['ключ', '🗝'], versions: ['v', ''] })],
    ['with a long tag', entry({ tags: ['t'.repeat(5_000)], versions: ['v'] })],
    [
      'with a thousand tags',
      entry({
        tags: Array.from({ length: 1_000 }, (_, i) => `t${i}`),
        versions: Array.from({ length: 1_000 }, (_, i) => `v${i}`),
      }),
    ],
    ['with its whole key', entry({ key: long, name: 'kkk~digest', digested: true })],
    ['of null', entry({ value: null })],
    ['that is private, never fresh and forever stale', entry({ private: true, freshUntil: 0 })],
    ['that is large', entry({ value: LARGE })],
    ['that is large and does not compress', entry({ value: noise(300_000) })],
  ]
  const configurations: readonly (readonly [string, Omit<EnvelopeOptions, 'random'>])[] = [
    ['by default', {}],
    ['with encryption', { encryption }],
    ['with brotli', { compression: { algorithm: 'brotli', threshold: 0 } }],
    [
      'with compression of everything, and encryption',
      { compression: { threshold: 0 }, encryption },
    ],
    ['without compression', { compression: false }],
  ]
  for (const [how, options] of configurations) {
    test.each(cases)(`%s ${how}`, async (_, of) => {
      const judged = opening(await sealed(of, options), of, options)()
      const { decode, ...read } = judged
      expect(of).toMatchObject(read)
      expect(await decode()).toStrictEqual(of.value)
    })
  }
})

describe('an entry', () => {
  test('is never the same bytes twice', async () => {
    expect((await sealed(entry())).equals(await sealed(entry()))).toBe(false)
  })

  test('gives a new value at each call', async () => {
    const of = entry()
    const judged = opening(await sealed(of), of)()
    expect(judged.decode()).not.toBe(judged.decode())
  })

  test('takes other times without being decoded', async () => {
    const of = entry()
    const envelopes = envelopesWith({ encryption })
    const bytes = await envelopes.seal(of)
    const before = Buffer.from(bytes)
    const judged = envelopes.open(envelopes.retime(bytes, { freshUntil: 7 }), of.name, of.key)
    expect(judged).toMatchObject({ freshUntil: 7, staleUntil: of.staleUntil })
    expect(judged.decode()).toEqual(of.value)
    expect(bytes.equals(before)).toBe(true)
    const stale = envelopes.open(envelopes.retime(bytes, { staleUntil: 9 }), of.name, of.key)
    expect(stale).toMatchObject({ freshUntil: of.freshUntil, staleUntil: 9 })
  })

  test('of more than 128 KiB is compressed, and read, while other work goes on', async () => {
    const sealing = envelopesWith().seal(entry({ value: LARGE }))
    expect(sealing).toBeInstanceOf(Promise)
    const judged = opening(await sealing, entry())()
    expect(judged.decode()).toBeInstanceOf(Promise)
    expect((await sealing).length).toBeLessThan(10_000)
  })

  test.each<[string, string, unknown, Codec['encode']]>([
    [
      'CACHE_VALUE_INVALID',
      'the codec mine refused the value: Error: too odd',
      1,
      () => {
        throw new Error('too odd')
      },
    ],
    [
      'CACHE_OPTION_INVALID',
      'codec.encode must be a function that returns a Buffer',
      1,
      () => 'text' as unknown as Buffer,
    ],
  ])('is not sealed with a codec that fails (%s)', (code, message, value, encode) => {
    const codec: Codec = { name: 'mine', id: 200, encode, decode: () => 1 }
    expect(() => envelopesWith({ codec }).seal(entry({ value }))).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    )
  })

  test('may be encoded as a Uint8Array', async () => {
    const codec: Codec = {
      name: 'mine',
      id: 200,
      encode: () => new Uint8Array([0, 7, 8, 9]).subarray(1, 3) as Buffer,
      decode: (bytes) => [...bytes],
    }
    const of = entry()
    expect(opening(await sealed(of, { codec }), of, { codec })().decode()).toEqual([7, 8])
  })

  test('with a value that the codec refuses is not sealed', () => {
    expect(() => envelopesWith().seal(entry({ value: { f: () => 1 } }))).toThrow(
      expect.objectContaining({
        code: 'CACHE_VALUE_INVALID',
        message: expect.stringContaining('$.f'),
      }),
    )
  })
})

describe('is a miss with its reason:', () => {
  const refusal = (message: string) =>
    expect.objectContaining({
      name: 'CacheError',
      code: 'CACHE_ENTRY_INVALID',
      message: expect.stringContaining(message),
    })

  test('an entry cut off anywhere', async () => {
    const of = entry({ key: 'k', digested: true })
    const bytes = await sealed(of)
    for (let length = 0; length < bytes.length; length++) {
      expect(opening(bytes.subarray(0, length), of)).toThrow(
        refusal(length < 3 ? 'foreign' : 'truncated'),
      )
    }
  })

  test('an entry with a single wrong bit, wherever it is', async () => {
    const of = entry({ key: 'k', digested: true })
    const bytes = await sealed(of)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = Buffer.from(bytes)
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      expect(opening(damaged, of)).toThrow(refusal(''))
    }
  })

  test('an entry with something behind it', async () => {
    const of = entry()
    expect(opening(Buffer.concat([await sealed(of), Buffer.of(0)]), of)).toThrow(refusal('damaged'))
  })

  test('an entry with something behind it, its checksum right again', async () => {
    const of = entry()
    expect(opening(resum(Buffer.concat([await sealed(of), Buffer.alloc(4)])), of)).toThrow(
      refusal('bytes behind its end'),
    )
  })

  test.each([
    ['one tag fewer', 6, 1],
    ['one tag more', 6, 3],
    ['a longer version of the namespace', 64, 13],
    ['a shorter version of the namespace', 64, 11],
    ['a longer first tag', 77, 7],
    ['a longer last version', 103, 13],
    ['a shorter last version', 103, 11],
  ])('an entry with %s than there is room for', async (_, at, length) => {
    const of = entry()
    const bytes = await sealed(of)
    bytes[at] = length
    expect(opening(resum(bytes), of)).toThrow(refusal('its parts do not fit'))
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a number', Buffer.from('42')],
    [
      'JSON',
      Buffer.from('{"value":1,"some":"text that is longer than a header of an entry is, by far"}'),
    ],
  ])('%s', (_, bytes) => {
    expect(opening(bytes, entry())).toThrow(refusal('foreign'))
  })

  test('an entry of a version to come', async () => {
    const of = entry()
    const bytes = await sealed(of)
    bytes[2] = 2
    expect(opening(resum(bytes), of)).toThrow(refusal('is of version 2'))
  })

  test('an entry with a flag to come', async () => {
    const of = entry()
    const bytes = await sealed(of)
    bytes[3]! |= 0x80
    expect(opening(resum(bytes), of)).toThrow(refusal('flags'))
  })

  test("an answer to somebody else's question", async () => {
    const mine = entry()
    expect(opening(await sealed(entry({ name: 'user:6', key: 'user:6' })), mine)).toThrow(
      refusal('is of another key'),
    )
  })

  test('a collision of digests', async () => {
    const name = 'kkk~digest'
    const theirs = entry({ key: 'k'.repeat(400), name, digested: true })
    const mine = entry({ key: 'k'.repeat(401), name, digested: true })
    expect(opening(await sealed(theirs), mine)).toThrow(refusal('is of another key'))
  })

  test.each([
    ['freshUntil', 8, Number.NaN],
    ['staleUntil', 16, Number.NaN],
    ['loadedAt', 24, Infinity],
    ['delta', 32, -Infinity],
  ])('an entry whose %s is no time', async (_, at, time) => {
    const of = entry()
    const bytes = await sealed(of)
    bytes.writeDoubleLE(time, at)
    expect(opening(resum(bytes), of)).toThrow(refusal('times'))
  })

  test('an entry of another codec', async () => {
    const of = entry()
    const codec: Codec = {
      name: 'mine',
      id: 200,
      encode: (value) => Buffer.from(JSON.stringify(value)),
      decode: (bytes) => JSON.parse(bytes.toString()) as unknown,
    }
    const bytes = await sealed(of, { codec })
    expect(opening(bytes, of, { codec })().decode()).toEqual(of.value)
    expect(opening(bytes, of)).toThrow(refusal('is of codec 200, not of standard (0)'))
    expect(opening(await sealed(of), of, { codec })).toThrow(
      refusal('is of codec 0, not of mine (200)'),
    )
  })

  test('an entry that another codec of the same number wrote', async () => {
    const codec: Codec = {
      name: 'throws',
      id: 200,
      encode: () => Buffer.of(1),
      decode: () => {
        throw new Error('what is this')
      },
    }
    const of = entry()
    const judged = opening(await sealed(of, { codec }), of, { codec })()
    expect(() => judged.decode()).toThrow(refusal('cannot be decoded'))
  })
})

describe('encryption', () => {
  test('hides the value', async () => {
    const of = entry({ value: 'a secret that is not to be read' })
    expect((await sealed(of)).includes('a secret')).toBe(true)
    expect((await sealed(of, { encryption })).includes('a secret')).toBe(false)
  })

  test('never takes a nonce twice', async () => {
    const envelopes = envelopesWith({ encryption })
    const nonces = new Set<string>()
    for (let count = 0; count < 2_000; count++) {
      const bytes = await envelopes.seal(entry({ tags: [], versions: [] }))
      nonces.add(bytes.toString('hex', 64 + 13 + 3, 64 + 13 + 3 + 12))
    }
    expect(nonces.size).toBe(2_000)
  })

  test('rotates: the first key encrypts, all decrypt, a lost one makes a miss', async () => {
    const of = entry()
    const old = await sealed(of, { encryption: { keys: [KEY_1] } })
    const both = { encryption: { keys: [KEY_2, KEY_1] } }
    expect(opening(old, of, both)().decode()).toEqual(of.value)
    const renewed = await sealed(of, both)
    expect(opening(renewed, of, { encryption: { keys: [KEY_2] } })().decode()).toEqual(of.value)
    expect(opening(old, of, { encryption: { keys: [KEY_2] } })).toThrow(
      'is encrypted with a key that is not given, k1',
    )
  })

  test('takes no entry that is not encrypted, and without it none that is', async () => {
    const of = entry()
    expect(opening(await sealed(of), of, { encryption })).toThrow('is not encrypted')
    expect(opening(await sealed(of, { encryption }), of)).toThrow('is encrypted')
  })

  test('does not let an entry be moved to another key', async () => {
    const of = entry()
    const bytes = await sealed(of, { encryption })
    const target = await sealed(entry({ name: 'admin', key: 'admin' }), { encryption })
    target.copy(bytes, 60, 60, 64)
    const judged = envelopesWith({ encryption }).open(resum(bytes), 'admin', 'admin')
    expect(() => judged.decode()).toThrow(expect.objectContaining({ code: 'CACHE_ENTRY_INVALID' }))
  })

  test('does not let an entry be moved to a key whose name has the same hash', async () => {
    const [mine, theirs] = ['user:162789', 'user:379192']
    const bytes = await sealed(entry({ name: mine, key: mine }), { encryption })
    const judged = envelopesWith({ encryption }).open(bytes, theirs, theirs)
    expect(() => judged.decode()).toThrow(expect.objectContaining({ code: 'CACHE_ENTRY_INVALID' }))
  })

  test.each([
    ['privacy', 3],
    ['load', 30],
    ['write id', 40],
    ["namespace's version", 66],
    ['tag', 80],
    ['value', -10],
  ])('does not let the %s of an entry be changed', async (_, at) => {
    const of = entry({ private: true })
    const bytes = await sealed(of, { encryption })
    bytes[at < 0 ? bytes.length + at : at]! ^= 1
    const judged = opening(resum(bytes), of, { encryption })()
    expect(() => judged.decode()).toThrow(expect.objectContaining({ code: 'CACHE_ENTRY_INVALID' }))
  })

  test('of a large value, compressed, reports damage as a rejection or at once', async () => {
    const of = entry({ value: LARGE })
    const bytes = await sealed(of, { encryption })
    bytes[bytes.length - 8]! ^= 1
    const judged = opening(resum(bytes), of, { encryption })()
    await expect((async () => await judged.decode())()).rejects.toMatchObject({
      code: 'CACHE_ENTRY_INVALID',
    })
  })
})

describe('wrong options are refused at once:', () => {
  const codec: Codec = { name: 'x', id: 5, encode: () => Buffer.of(), decode: () => 1 }
  test.each<[string, object]>([
    ['codec.id', { codec }],
    ['codec', { codec: {} }],
    ['compression.algorithm', { compression: { algorithm: 'lzma' } }],
    ['compression.algorithm', { compression: { algorithm: 'toString' } }],
    ['compression.threshold', { compression: { threshold: -1 } }],
    ['compression.threshold', { compression: { threshold: '4 kb' } }],
    ['compression.maxBytes', { compression: { maxBytes: 0 } }],
    ['encryption.keys', { encryption: { keys: [] } }],
    ['encryption', { encryption: {} }],
    ['encryption', { encryption: 'hunter2' }],
    ['encryption.key', { encryption: { keys: [KEY_1], key: 'x' } }],
    ['encryption.keys[0]', { encryption: { keys: ['hunter2'] } }],
    ['compression', { compression: 'gzip' }],
    ['compression', { compression: true }],
    ['compression.level', { compression: { level: 9 } }],
    ['encryption.keys[0].key', { encryption: { keys: [{ id: 'a', key: 'my password' }] } }],
    ['encryption.keys[0].key', { encryption: { keys: [{ id: 'a', key: Buffer.alloc(16) }] } }],
    ['encryption.keys[0].id', { encryption: { keys: [{ id: '', key: Buffer.alloc(32) }] } }],
    ['encryption.keys[1].id', { encryption: { keys: [KEY_1, KEY_1] } }],
  ])('%s', (option, options) => {
    expect(() => envelopesWith(options)).toThrow(
      expect.objectContaining({ code: 'CACHE_OPTION_INVALID', option }),
    )
  })

  test.each([
    { keys: [{ id: 'a', key: 'hunter2' }] },
    { keys: ['hunter2'] },
    { keys: 'hunter2' },
    'hunter2',
  ])('without showing a key (%#)', (wrong) => {
    let caught: unknown
    try {
      envelopesWith({ encryption: wrong as EnvelopeOptions['encryption'] })
    } catch (error) {
      caught = error
    }
    expect(caught).toMatchObject({ code: 'CACHE_OPTION_INVALID' })
    expect(JSON.stringify({ ...(caught as object) }) + String(caught)).not.toContain('hunter2')
  })
})

test('keys may be bytes, hex or base64', async () => {
  const key = Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7))
  const of = entry()
  const bytes = await sealed(of, { encryption: { keys: [{ id: 'a', key }] } })
  for (const form of [key.toString('hex'), key.toString('base64'), key.toString('base64url')]) {
    const options = { encryption: { keys: [{ id: 'a', key: form }] } }
    expect(opening(bytes, of, options)().decode()).toEqual(of.value)
  }
})

test('an entry with the wrong number of versions, or a version that is too long, is not made', () => {
  const tags = Array.from({ length: 65_536 }, () => 't')
  expect(() => envelopesWith().seal(entry({ tags, versions: tags }))).toThrow(
    expect.objectContaining({ code: 'CACHE_TAG_INVALID' }),
  )
  expect(() => envelopesWith().seal(entry({ versions: [] }))).toThrow(RangeError)
  expect(() => envelopesWith().seal(entry({ space: 'x'.repeat(256) }))).toThrow(RangeError)
})

test('bytes left over from other use of the memory are not stored', () => {
  const random = { ...steadyRandom, token: () => 'x' }
  const bytes = createEnvelopes({ random }).seal(entry()) as Buffer
  expect(bytes.toString('latin1', 40, 52)).toBe('x-----------')
})
