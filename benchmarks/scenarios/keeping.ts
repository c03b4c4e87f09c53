import { canonicalKey } from '../../src/base/stable-key.js'
import { systemRandom } from '../../src/base/random.js'
import { createCompression } from '../../src/store/compression.js'
import { createEnvelopes } from '../../src/store/envelope.js'
import { standardCodec } from '../../src/store/codec.js'
import { remoteName } from '../../src/store/names.js'
import { admit, copyOut } from '../../src/store/value.js'
import { text } from '../lib/codecs.js'
import { timesOfSteps } from '../lib/loops.js'
import type { Part, Scenario } from '../lib/scenario.js'
import { product, VALUES } from '../lib/values.js'

/** Times of steps that take turns, as a person reads them. */
type Measure = (...steps: readonly (() => unknown)[]) => Promise<string[]>

export const keeping: Scenario = {
  kind: 'other',
  name: 'keeping',
  byName: true,
  asks: 'What does it cost to keep a value in process memory and to hand it out, by what it is made of?',
  async run({ isQuick }) {
    const looking = isQuick ? { rounds: 1, roundMs: 1 } : { rounds: 12, roundMs: 10 }
    const measure: Measure = (...steps) => timesOfSteps(steps, looking)
    const rows = []
    for (const [name, value] of VALUES) {
      const frozen = admit(value, 'freeze')
      const copied = admit(value, 'copy')
      const cells = await measure(
        () => admit(value, 'freeze'),
        () => admit(value, 'copy'),
        () => admit(value, 'share'),
        () => (frozen.copied ? copyOut(frozen.value) : frozen.value),
        () => copyOut(copied.value),
        () => structuredClone(value),
      )
      rows.push({ name, cells, plotted: undefined })
    }
    const parts = [await keys(measure), await envelopes(measure), await compression(measure)]
    return {
      columns: ['to keep: freeze', 'copy', 'share', 'a hit: freeze', 'copy', '`structuredClone`'],
      rows,
      plots: 'CPU time',
      verdicts: [],
      claims: [],
      data: { rows, parts },
      parts,
    }
  },
}

async function keys(measure: Measure): Promise<Part> {
  let id = 0
  const search = (): object => ({ q: 'shoes', page: id++ })
  const steps: readonly (readonly [string, () => unknown])[] = [
    ["a key, `'user:5'`", () => canonicalKey('user:5')],
    ["`['user', 5]`", () => canonicalKey(['user', id++])],
    ['the same by `JSON.stringify`', () => JSON.stringify(['user', id++])],
    ["`{ q: 'shoes', page: 2 }`", () => canonicalKey(search())],
    ['the same by `JSON.stringify`', () => JSON.stringify(search())],
    ['the name of a text in a store', () => remoteName('user:5')],
    ['of a structure', () => remoteName("\u0001['user',5]")],
    ['of a long key, by its digest', () => remoteName('a long key '.repeat(30))],
  ]
  return listed('Keys', steps, measure)
}

async function envelopes(measure: Measure): Promise<Part> {
  const [, value] = VALUES[0]!
  const fields = {
    key: 'user:5',
    name: 'user:5',
    digested: false,
    value,
    loadedAt: 1.7e12,
    freshUntil: 1.8e12,
    staleUntil: 1.9e12,
    private: false,
    space: systemRandom.token(),
    delta: 5,
  }
  const none = { ...fields, tags: [], versions: [] }
  const three = {
    ...fields,
    tags: ['user:5', 'vendor:9', 'all'],
    versions: [systemRandom.token(), systemRandom.token(), systemRandom.token()],
  }
  const plain = createEnvelopes({ random: systemRandom })
  const secret = createEnvelopes({
    random: systemRandom,
    encryption: { keys: [{ id: 'a', key: Buffer.alloc(32, 1) }] },
  })
  const encoded = standardCodec.encode(value)
  const sealed = plain.seal(none) as Buffer
  const tagged = plain.seal(three) as Buffer
  const encrypted = secret.seal(three) as Buffer
  const steps: readonly (readonly [string, () => unknown])[] = [
    ['encode', () => standardCodec.encode(value)],
    ['seal', () => plain.seal(none)],
    ['seal with 3 tags', () => plain.seal(three)],
    ['seal with 3 tags, encrypted', () => secret.seal(three)],
    ['decode', () => standardCodec.decode(encoded)],
    ['open', () => plain.open(sealed, 'user:5', 'user:5')],
    ['open with 3 tags', () => plain.open(tagged, 'user:5', 'user:5')],
    ['open and decode', () => plain.open(sealed, 'user:5', 'user:5').decode()],
    ['open with 3 tags and decrypt', () => secret.open(encrypted, 'user:5', 'user:5').decode()],
    ['retime', () => plain.retime(sealed, { freshUntil: 5 })],
  ]
  return listed('Envelopes of an object, beside the codec alone', steps, measure)
}

async function listed(
  title: string,
  steps: readonly (readonly [string, () => unknown])[],
  measure: Measure,
): Promise<Part> {
  const times = await measure(...steps.map(([, step]) => step))
  return {
    title,
    columns: ['CPU time'],
    rows: steps.map(([name], at) => ({ name, cells: [times[at]!] })),
  }
}

async function compression(measure: Measure): Promise<Part> {
  const rows = []
  for (const kilobytes of [4, 8, 16, 32, 64, 120]) {
    const count = kilobytes * 4.5
    const list = Array.from({ length: count }, (_, id) => product(id * 7919, id * id))
    const payload = text(JSON.stringify(list))
    const cells = await measure(() => JSON.parse(payload.toString('latin1')))
    for (const algorithm of ['deflate', 'brotli'] as const) {
      const by = createCompression({ algorithm, threshold: 0 })
      const pack = (): { algorithm: number; bytes: Buffer } =>
        by.pack(payload) as ReturnType<typeof pack>
      const packed = pack()
      const unpack = (): unknown => by.unpack(packed.algorithm, packed.bytes, payload.length)
      cells.push(...(await measure(pack, unpack)))
      cells.push(`${Math.round((100 * packed.bytes.length) / payload.length)} %`)
    }
    rows.push({ name: `${payload.length} bytes`, cells })
  }
  return {
    title: 'Compression of rows as JSON',
    columns: ['`JSON.parse`', 'deflate', 'inflate', 'is left', 'brotli', 'unbrotli', 'is left'],
    rows,
  }
}
