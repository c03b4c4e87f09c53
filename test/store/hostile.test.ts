import { brotliCompressSync, deflateRawSync, zstdCompressSync } from 'node:zlib'
import { serialize, deserialize } from 'node:v8'
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CacheError } from '../../src/base/errors.js'
import { systemRandom } from '../../src/base/random.js'
import { isPlain, standardCodec } from '../../src/store/codec.js'
import { createEnvelopes, type EnvelopeOptions } from '../../src/store/envelope.js'
import { adopt, copyOut } from '../../src/store/value.js'
import { adoptPlain } from '../../src/store/value-plain.js'
import { entry, KEY_1, resum } from './envelopes.js'
import { anyValue, FAITHFUL } from './values.js'

/**
 * Bytes from a store are anybody's. Whatever they are: reading them gives a value or a `CacheError`, runs
 * nothing, leaves the built-ins alone, and takes memory in proportion to the bytes that are there.
 */

/** How much longer than usual to look: `FUZZ=100 npx vitest run test/store/hostile.test.ts`. */
const FUZZ = Number(process.env['FUZZ'] ?? 1)

const PROTOTYPES = [
  Object,
  Array,
  Date,
  Map,
  Set,
  Error,
  RegExp,
  Buffer,
  Function,
  String,
  URL,
].map((each) => each.prototype as object)
const shape = () =>
  PROTOTYPES.map((prototype) => [
    Reflect.ownKeys(prototype),
    Object.values(Object.getOwnPropertyDescriptors(prototype)).map((each) => each.value as unknown),
  ])

let before: unknown
beforeEach(() => {
  before = shape()
})
afterEach(() => {
  if (!isDeepStrictEqual(shape(), before)) throw new Error('a built-in was changed')
  if (ran > 0) throw new Error('code of the value was run')
})

/** Counts runs of code that a hostile value tries to smuggle in. */
let ran = 0
Reflect.set(globalThis, 'hostile', () => ran++)

/** A value, or 'refused' where it is refused as it should be; anything else fails the test. */
function attempt(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    if (error instanceof CacheError && error.code === 'CACHE_ENTRY_INVALID') return 'refused'
    throw error
  }
}

/** All that happens to a stored value on a read. */
function readValue(bytes: Buffer): unknown {
  return attempt(() => {
    const value = standardCodec.decode(bytes)
    const kept = isPlain(bytes[0]) ? adoptPlain(value, 'freeze') : adopt(value)
    return kept.copied ? copyOut(kept.value) : kept.value
  })
}

async function readEntry(
  bytes: Buffer,
  options: Omit<EnvelopeOptions, 'random'> = {},
): Promise<unknown> {
  const envelopes = createEnvelopes({ random: systemRandom, ...options })
  try {
    const judged = envelopes.open(bytes, 'user:5', 'user:5')
    expect([judged.tags.length, judged.freshUntil]).toEqual([
      judged.versions.length,
      expect.any(Number),
    ])
    const kept = adopt(await judged.decode())
    return kept.copied ? copyOut(kept.value) : kept.value
  } catch (error) {
    if (error instanceof CacheError && error.code === 'CACHE_ENTRY_INVALID') return 'refused'
    throw error
  }
}

/** The bytes of tagged JSON, as an attacker would write them. */
function tagged(json: unknown, blobs: Uint8Array = Buffer.of(), form = 6): Buffer {
  const text = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json))
  const head = Buffer.alloc(5)
  head[0] = form
  head.writeUInt32BE(text.length, 1)
  return Buffer.concat([head, text, blobs])
}

function bytesOf(length: number): unknown {
  return ['~b', 'Buffer', length]
}

interface Mutation {
  readonly at: number
  readonly take: number
  readonly put: Uint8Array
}

const mutations = fc.array(
  fc.record<Mutation>({
    at: fc.nat(),
    take: fc.oneof(fc.constant(0), fc.constant(1), fc.nat(20)),
    put: fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc
        .constantFrom('["~r",0]', '"__proto__"', '"~', '[', ']', '{', '}', ',', '9')
        .map((text) => Buffer.from(text)),
    ),
  }),
  { minLength: 1, maxLength: 4 },
)

function mutate(bytes: Buffer, all: readonly Mutation[]): Buffer {
  let mutated = bytes
  for (const { at, take, put } of all) {
    const from = at % (mutated.length + 1)
    mutated = Buffer.concat([mutated.subarray(0, from), put, mutated.subarray(from + take)])
  }
  return mutated
}

/** Tagged JSON out of a grammar, right and wrong. */
const anyTagged = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 6, depthSize: 'medium' },
    fc.constantFrom<unknown>(
      null,
      1,
      -1,
      1e300,
      'x',
      '~',
      'Buffer',
      'constructor',
      '__proto__',
      true,
      '-0',
      '12',
      'g',
      '(',
    ),
    fc.nat(10),
    fc
      .tuple(
        fc.constantFrom(
          '~u',
          '~n',
          '~i',
          '~d',
          '~m',
          '~s',
          '~x',
          '~l',
          '~e',
          '~o',
          '~a',
          '~b',
          '~r',
          '~?',
          '~',
        ),
        fc.array(tie('node'), { maxLength: 5 }),
      )
      .map(([tag, rest]) => [tag, ...rest]),
    fc
      .tuple(
        fc.constantFrom('Error', 'AggregateError', 'TypeError', 'Function', 'hostile'),
        fc.array(
          fc.tuple(
            fc.constantFrom('message', 'stack', 'cause', '__proto__', 'constructor', 'toString'),
            tie('node'),
          ),
          { maxLength: 3 },
        ),
      )
      .map(([name, fields]) => ['~e', name, ...fields.flat()]),
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(
      fc.constantFrom('a', '__proto__', 'constructor', 'prototype', 'toJSON', 'then'),
      tie('node'),
    ),
  ),
})).node

describe('a stored value that is', () => {
  test('any bytes', () => {
    fc.assert(
      fc.property(fc.nat(9), fc.uint8Array({ maxLength: 200 }), (form, bytes) => {
        expect(() => readValue(Buffer.concat([Buffer.of(form), bytes]))).not.toThrow()
      }),
      { numRuns: 2_000 * FUZZ },
    )
    expect(readValue(Buffer.alloc(0))).toBe('refused')
  })

  test('a real one, changed', () => {
    const real = FAITHFUL.map(([, value]) => standardCodec.encode(value))
    fc.assert(
      fc.property(fc.constantFrom(...real), mutations, (bytes, all) => {
        expect(() => readValue(mutate(bytes, all))).not.toThrow()
      }),
      { numRuns: 2_000 * FUZZ },
    )
    fc.assert(
      fc.property(anyValue, mutations, (value, all) => {
        expect(() => readValue(mutate(standardCodec.encode(value), all))).not.toThrow()
      }),
      { numRuns: 1_000 * FUZZ },
    )
  })

  test('tagged JSON, well-formed and meaningless', () => {
    let read = 0
    fc.assert(
      fc.property(
        anyTagged,
        fc.uint8Array({ maxLength: 20 }),
        fc.boolean(),
        (json, blobs, graph) => {
          if (readValue(tagged(json, blobs, graph ? 7 : 6)) !== 'refused') read++
          if (readValue(tagged(json, Buffer.of(), graph ? 7 : 6)) !== 'refused') read++
        },
      ),
      { numRuns: 2_000 * FUZZ },
    )
    // or the grammar would show nothing
    expect(read).toBeGreaterThan(200)
  })

  test.each<[string, Buffer]>([
    ['a Buffer longer than what is there', tagged(['~b', 'Buffer', 4_294_967_295])],
    ['a view of a length no memory has', tagged(['~b', 'Float64Array', 2 ** 53 - 8])],
    [
      'a Buffer of a negative length',
      tagged(
        [
          ['~b', 'Buffer', 5],
          ['~b', 'Buffer', -5],
        ],
        Buffer.alloc(5),
      ),
    ],
    ['bytes that are taken twice', tagged([bytesOf(5), bytesOf(-5), bytesOf(5)], Buffer.alloc(5))],
    ['bytes from behind the end', tagged([bytesOf(100), bytesOf(-95)], Buffer.alloc(5))],
    ['text from behind the end', tagged([['~t', 100], bytesOf(-95)], Buffer.alloc(5))],
    ['a view of half an element', tagged(['~b', 'Float64Array', 7], Buffer.alloc(7))],
    ['JSON longer than what is there', Buffer.from('06ffffffff5b5d', 'hex')],
    ['bytes that nothing takes', tagged([1], Buffer.alloc(100))],
    ['a view of another class', tagged(['~b', 'Function', 1], Buffer.alloc(1))],
    ['an error of another class', tagged(['~e', 'Function', 'message', 'hostile()'])],
    ['a reference where there are none', tagged([['~r', 0]])],
    ['a reference to what is not there', tagged([['~r', 7]], Buffer.of(), 7)],
    ['a reference by name', tagged([['~r', '__proto__']], Buffer.of(), 7)],
    ['a pattern that is none', tagged(['~x', '(', '', 0])],
    ['an address that is none', tagged(['~l', 'not an address'])],
    ['a bigint that is none', tagged(['~i', 'hostile()'])],
    ['nested too deep to be ours', tagged('["~s",'.repeat(100_000) + '1' + ']'.repeat(100_000))],
    [
      'nested too deep to be ours, in JSON',
      Buffer.concat([Buffer.of(4), Buffer.from('['.repeat(100_000) + ']'.repeat(100_000))]),
    ],
    ['a form that is none', Buffer.of(99, 1)],
  ])('%s is refused', (_, bytes) => {
    expect(readValue(bytes)).toBe('refused')
  })

  test('nested deeper than any of ours is refused before the stack is full', () => {
    const deep = (open: string, close: string) =>
      tagged(open.repeat(3_000) + '1' + close.repeat(3_000))
    expect(() => standardCodec.decode(deep('["~s",', ']'))).toThrow(CacheError)
    expect(() => standardCodec.decode(deep('[', ']'))).toThrow(CacheError)
  })

  test('full of names with a meaning has them as its own, and nobody else has', () => {
    const hostile = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'
    for (const bytes of [
      tagged(hostile),
      Buffer.concat([Buffer.of(4), Buffer.from(hostile)]),
      tagged(['~o', '__proto__', { polluted: 1 }]),
      tagged(['~e', 'Error', '__proto__', { polluted: 1 }, 'cause', { ['__proto__']: 1 }]),
    ]) {
      const value = readValue(bytes) as object
      expect(Object.hasOwn(value, '__proto__')).toBe(true)
      expect((value as { polluted?: unknown }).polluted).toBeUndefined()
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    }
  })

  test('13 bytes long takes no memory, as it would with node:v8', () => {
    // a sparse array of 32 million elements, in the format of v8.serialize
    const sparse = Buffer.from('ff0f618090a10f40008090a10f', 'hex')
    expect(serialize([]).subarray(0, 2)).toEqual(sparse.subarray(0, 2))
    expect(heapTaken(() => deserialize(sparse))).toBeGreaterThan(100_000_000)
    const ours = tagged(['~b', 'Uint32Array', 128_000_000])
    expect(heapTaken(() => readValue(ours))).toBeLessThan(1_000_000)
  })
})

function heapTaken(work: () => unknown): number {
  const used = () => process.memoryUsage().heapUsed + process.memoryUsage().external
  const start = used()
  const kept = work()
  const taken = used() - start
  expect(kept).toBeDefined()
  return taken
}

describe('a stored entry that is', () => {
  test('any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        expect(await readEntry(Buffer.from(bytes))).toBe('refused')
        expect(await readEntry(Buffer.concat([Buffer.from('KF\u0001'), bytes]))).toBe('refused')
        await readEntry(resum(Buffer.concat([Buffer.from('KF\u0001'), bytes])))
      }),
      { numRuns: 1_000 * FUZZ },
    )
  })

  test.each<[string, Omit<EnvelopeOptions, 'random'>]>([
    ['plain', {}],
    ['compressed', { compression: { threshold: 0 } }],
    ['encrypted', { encryption: { keys: [KEY_1] } }],
  ])('a real one, %s, changed by somebody who can sum', async (_, options) => {
    const envelopes = createEnvelopes({ random: systemRandom, ...options })
    const values = ['x'.repeat(500), { a: new Date(1), b: Buffer.from('abc') }, [1, 2, 3]]
    const real = await Promise.all(
      values.map(async (value) => await envelopes.seal(entry({ value, digested: true }))),
    )
    const freshForOther = { at: 8, take: 1, put: Uint8Array.of(7) }
    let read = 0
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...real), mutations, async (bytes, all) => {
        const changed = mutate(bytes, all)
        await readEntry(changed, options)
        const got = await readEntry(resum(changed), options)
        if (got !== 'refused') read++
        // the two times can be changed, nothing else
        const expected = options.encryption === undefined ? [got] : ['refused', ...values]
        expect(expected).toContainEqual(got)
        // lengths that fit again
        const lengths = Buffer.from(changed)
        if (lengths.length > 68) {
          lengths.writeUInt32LE(Math.max(0, lengths.length - 68 - lengths.readUInt32LE(52)), 56)
        }
        await readEntry(resum(lengths), options)
      }),
      // Of changed ones that are encrypted, few can be read: one that ends at another time.
      { numRuns: 1_000 * FUZZ, examples: [[real[0]!, [freshForOther]]] },
    )
    expect(read).toBeGreaterThan(0)
  })

  test('full of lengths that lie', async () => {
    const envelopes = createEnvelopes({ random: systemRandom })
    const real = await envelopes.seal(entry({ key: 'user:5', digested: true }))
    for (const at of [6, 52, 56, 64, 65, 77, 78, 79, 80, 81, 82, 87, 88, 89]) {
      for (const value of [0, 1, 0x7f, 0xff, 0xffff, 0x7fffffff, 0xffffffff]) {
        const lying = Buffer.from(real)
        if (at === 6) lying.writeUInt16LE(value & 0xffff, at)
        else if (at > 60 && value < 256) lying[at] = value
        else lying.writeUInt32LE(value, at)
        expect(heapTaken(() => readEntry(resum(lying)))).toBeLessThan(1_000_000)
        await readEntry(resum(lying))
      }
    }
  })

  test.each([
    ['deflate', 1, deflateRawSync],
    ['brotli', 2, brotliCompressSync],
    ['zstd', 3, zstdCompressSync],
  ] as const)('a small one that unpacks to a very large one, %s', async (_, id, compress) => {
    const options = { compression: { threshold: 0, maxBytes: 1_000_000 } }
    const plain = createEnvelopes({ random: systemRandom, compression: false })
    const bomb = compress(Buffer.alloc(50_000_000))
    for (const claimed of [1, 1_000, 1_000_000, 1_000_001, 50_000_000, 0xffffffff]) {
      const size = Buffer.alloc(4)
      size.writeUInt32LE(claimed)
      const body = Buffer.concat([size, bomb])
      const real = await plain.seal(entry({ value: Buffer.alloc(body.length - 1) }))
      real[5] = id
      body.copy(real, real.length - 4 - body.length)
      const resident = process.memoryUsage().rss
      expect(await readEntry(resum(real), options)).toBe('refused')
      expect(process.memoryUsage().rss - resident).toBeLessThan(20_000_000)
    }
  })
})
