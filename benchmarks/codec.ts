/**
 * Values, keys and envelopes: what they cost, and why the standard codec is what it is.
 *
 *     node --import ./scripts/typescript.ts benchmarks/codec.ts [--quick]
 *
 * Codecs that are not dependencies are measured when they are there: `npm install --prefix benchmarks/codecs --ignore-scripts`.
 * Times are the best of several rounds in which the candidates take turns; compare columns, not machines.
 */
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { isDeepStrictEqual } from 'node:util'
import v8 from 'node:v8'
import * as devalue from 'devalue'
import { canonicalKey } from '../src/base/stable-key.js'
import { systemRandom } from '../src/base/random.js'
import { standardCodec } from '../src/store/codec.js'
import { createCompression } from '../src/store/compression.js'
import { createEnvelopes } from '../src/store/envelope.js'
import { remoteName } from '../src/store/names.js'
import { admit, copyOut } from '../src/store/value.js'
import { FAITHFUL } from '../test/store/values.js'

const ROUNDS = process.argv.includes('--quick') ? 3 : 12
const ROUND_MS = process.argv.includes('--quick') ? 5 : 20

interface Candidate {
  readonly name: string
  readonly encode: (value: unknown) => Buffer
  readonly decode: (bytes: Buffer) => unknown
}

const text = (value: string): Buffer => Buffer.from(value)

const CANDIDATES: readonly Candidate[] = [
  {
    name: 'standard',
    encode: (value) => standardCodec.encode(value),
    decode: (bytes) => standardCodec.decode(bytes),
  },
  {
    name: 'JSON',
    encode: (value) => text(JSON.stringify(value)),
    decode: (bytes) => JSON.parse(bytes.toString()) as unknown,
  },
  { name: 'v8', encode: v8.serialize, decode: v8.deserialize },
  {
    name: 'devalue',
    encode: (value) => text(devalue.stringify(value)),
    decode: (bytes) => devalue.parse(bytes.toString()) as unknown,
  },
  ...peers(),
]

interface Msgpackr {
  Packr: new (options: object) => { pack(value: unknown): Buffer; unpack(bytes: Buffer): unknown }
}
interface CborX {
  Encoder: new (options: object) => {
    encode(value: unknown): Buffer
    decode(bytes: Buffer): unknown
  }
}
interface Superjson {
  default: { stringify(value: unknown): string; parse(text: string): unknown }
}

function peers(): Candidate[] {
  const msgpackr = peer('msgpackr') as Msgpackr | undefined
  const cbor = peer('cbor-x') as CborX | undefined
  const superjson = peer('superjson') as Superjson | undefined
  const found: Candidate[] = []
  if (msgpackr) {
    const packr = new msgpackr.Packr({ useRecords: false, moreTypes: true, structuredClone: true })
    found.push({ name: 'msgpackr', encode: (v) => packr.pack(v), decode: (b) => packr.unpack(b) })
  }
  if (cbor) {
    const coder = new cbor.Encoder({ useRecords: false, structuredClone: true })
    found.push({ name: 'cbor-x', encode: (v) => coder.encode(v), decode: (b) => coder.decode(b) })
  }
  if (superjson) {
    found.push({
      name: 'superjson',
      encode: (value) => text(superjson.default.stringify(value)),
      decode: (bytes) => superjson.default.parse(bytes.toString()),
    })
  }
  return found
}

function peer(name: string): unknown {
  try {
    return createRequire(new URL('codecs/package.json', import.meta.url))(name) as unknown
  } catch {
    process.stdout.write(`(${name} is not installed in benchmarks/codecs: left out)\n`)
    return undefined
  }
}

// --------------------------------------------------------------------------------------- values

const product = (id: number, at: unknown): object => ({
  id,
  name: `Product number ${id}`,
  price: id * 1.25,
  sku: `SKU-${id}-ABCDEF`,
  category: { id: id % 5, name: 'Category' },
  tags: ['new', 'sale'],
  active: id % 2 === 0,
  description: `A few words about product ${id}`,
  at,
})
const list = (at: (id: number) => unknown): object => ({
  total: 50,
  rows: Array.from({ length: 50 }, (_, id) => product(id, at(id))),
})
const html = '<article class="card"><h2>Grüße</h2><p>Some words.</p></article>\n'.repeat(800)

const VALUES: readonly (readonly [name: string, value: unknown])[] = [
  ['an object', product(5, '2026-01-01T00:00:00Z')],
  ['50 rows', list(() => '2026-01-01T00:00:00Z')],
  ['50 rows with Dates', list((id) => new Date(1.7e12 + id))],
  ['a page, text', { status: 200, headers: { 'content-type': 'text/html' }, body: html }],
  ['a page, bytes', { status: 200, headers: { 'content-type': 'text/html' }, body: text(html) }],
]

// -------------------------------------------------------------------------------------- measuring

type Work = () => unknown
let sink: unknown

/** Nanoseconds of each, the best of rounds in which they take turns. */
function measure(works: readonly Work[]): number[] {
  const best = works.map(() => Infinity)
  const times = works.map((work) => repetitions(work))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, work] of works.entries()) {
      const start = process.hrtime.bigint()
      for (let time = 0; time < times[index]!; time++) sink = work()
      const taken = Number(process.hrtime.bigint() - start) / times[index]!
      best[index] = Math.min(best[index]!, taken)
    }
  }
  return best
}

function repetitions(work: Work): number {
  const until = performance.now() + 3 * ROUND_MS
  let done = 0
  while (performance.now() < until) {
    for (let time = 0; time < 10; time++) sink = work()
    done += 10
  }
  return Math.max(1, Math.floor(done / 3))
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const cells = [head, ...rows].map((row) =>
    row.map((cell) => (typeof cell === 'number' ? Math.round(cell).toLocaleString('en') : cell)),
  )
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  for (const [index, row] of cells.entries()) {
    const padded = row.map((cell, at) =>
      at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!),
    )
    process.stdout.write(`| ${padded.join(' | ')} |\n`)
    if (index === 0)
      process.stdout.write(`| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |\n`)
  }
  process.stdout.write('\n')
}

function title(line: string): void {
  process.stdout.write(`${line}\n\n`)
}

// ----------------------------------------------------------------------------------------- tables

function codecs(): void {
  for (const [name, value] of VALUES) {
    title(`${name}: ns to encode, ns to decode, bytes`)
    const encoded = CANDIDATES.map((candidate) => attempt(() => candidate.encode(value)))
    const encode = measure(
      CANDIDATES.map(
        ({ encode }) =>
          () =>
            attempt(() => encode(value)),
      ),
    )
    const decode = measure(
      CANDIDATES.map(
        ({ decode }, at) =>
          () =>
            attempt(() => decode(encoded[at] as Buffer)),
      ),
    )
    table(
      ['codec', 'encode', 'decode', 'bytes', 'the same'],
      CANDIDATES.map((candidate, at) => [
        candidate.name,
        encode[at]!,
        decode[at]!,
        encoded[at]?.length ?? 'refused',
        comesBack(candidate, value),
      ]),
    )
  }
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

function comesBack(candidate: Candidate, value: unknown): string {
  try {
    const bytes = candidate.encode(value)
    return isDeepStrictEqual(candidate.decode(bytes), value) ? 'yes' : 'NO'
  } catch {
    return 'refused'
  }
}

function faithfulness(): void {
  title(
    'What comes back as it went in (test/store/values.ts), is refused, or comes back as something else',
  )
  table(
    ['codec', 'the same', 'refused', 'something else', 'of these'],
    CANDIDATES.map((candidate) => {
      const results = FAITHFUL.map(([name, value]) => [name, comesBack(candidate, value)] as const)
      const count = (result: string): number => results.filter((each) => each[1] === result).length
      const wrong = results.filter((each) => each[1] === 'NO').map(([name]) => name)
      const some = wrong.slice(0, 4).join(', ') + (wrong.length > 4 ? ', …' : '')
      return [candidate.name, count('yes'), count('refused'), count('NO'), some]
    }),
  )
}

/** A few bytes that claim to be a list of 30 million. */
const CLAIMS: Readonly<Record<string, string>> = {
  standard: '06000000197b2261223a5b227e62222c22427566666572222c39393939395d7d',
  JSON: '5b5d',
  v8: 'ff0f618090a10f40008090a10f',
  devalue: '5b5d',
  msgpackr: 'dd01c9c380',
  'cbor-x': '9a01c9c380',
  superjson: '7b7d',
}

function claims(): void {
  title('A few bytes that claim 30 million elements: memory taken, MB')
  table(
    ['codec', 'bytes', 'MB', 'says'],
    CANDIDATES.map(({ name, decode }) => {
      const bytes = Buffer.from(CLAIMS[name] ?? '', 'hex')
      const before = process.memoryUsage().heapUsed
      let says = 'a value'
      let kept: unknown
      try {
        kept = decode(bytes)
      } catch (error) {
        says = error instanceof Error ? error.message.slice(0, 50) : String(error)
      }
      const taken = process.memoryUsage().heapUsed - before
      sink = kept
      return [name, bytes.length, Math.max(0, taken / 1e6), says]
    }),
  )
}

function memory(): void {
  title('Process memory: ns to keep a value, and to hand it out')
  const rows = VALUES.map(([name, value]) => {
    const frozen = admit(value, 'freeze')
    const copied = admit(value, 'copy')
    const [freeze, copy, share, freezeHit, copyHit, clone] = measure([
      () => admit(value, 'freeze'),
      () => admit(value, 'copy'),
      () => admit(value, 'share'),
      () => (frozen.copied ? copyOut(frozen.value) : frozen.value),
      () => copyOut(copied.value),
      () => structuredClone(value),
    ])
    return [name, freeze!, copy!, share!, freezeHit!, copyHit!, clone!]
  })
  table(['value', 'freeze', 'copy', 'share', 'hit, freeze', 'hit, copy', 'structuredClone'], rows)
}

function keys(): void {
  title('Keys: ns')
  let id = 0
  const search = (): object => ({ q: 'shoes', page: id++ })
  const [text, tuple, tupleJson, object, objectJson, name, structureName, digest] = measure([
    () => canonicalKey('user:5'),
    () => canonicalKey(['user', id++]),
    () => JSON.stringify(['user', id++]),
    () => canonicalKey(search()),
    () => JSON.stringify(search()),
    () => remoteName('user:5'),
    () => remoteName("\u0001['user',5]"),
    () => remoteName('a long key '.repeat(30)),
  ])
  table(
    ['', 'ns', 'JSON.stringify'],
    [
      ["'user:5'", text!, ''],
      ["['user', 5]", tuple!, tupleJson!],
      ["{ q: 'shoes', page: 2 }", object!, objectJson!],
      ['name of a string', name!, ''],
      ['name of a structure', structureName!, ''],
      ['name of a long key (digest)', digest!, ''],
    ],
  )
}

function envelopes(): void {
  title('Envelopes of an object: ns, beside the codec alone')
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
  const works: readonly (readonly [string, Work])[] = [
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
  const times = measure(works.map(([, work]) => work))
  table(
    ['', 'ns'],
    works.map(([name], index) => [name, times[index]!]),
  )
}

function compression(): void {
  title(
    'Compression of rows as JSON: µs to pack and to unpack beside JSON.parse, part that is left',
  )
  const rows = [4, 8, 16, 32, 64, 120].map((kilobytes) => {
    const count = kilobytes * 4.5
    const payload = text(
      JSON.stringify(Array.from({ length: count }, (_, id) => product(id * 7919, id * id))),
    )
    const works: Work[] = [() => JSON.parse(payload.toString('latin1'))]
    const left: string[] = []
    for (const algorithm of ['deflate', 'brotli'] as const) {
      const by = createCompression({ algorithm, threshold: 0 })
      const pack = (): { algorithm: number; bytes: Buffer } =>
        by.pack(payload) as ReturnType<typeof pack>
      const packed = pack()
      left.push(`${Math.round((100 * packed.bytes.length) / payload.length)}%`)
      works.push(pack, () => by.unpack(packed.algorithm, packed.bytes, payload.length))
    }
    const [parse, ...times] = measure(works).map((ns) => ns / 1_000)
    return [payload.length, parse!, times[0]!, times[1]!, left[0]!, times[2]!, times[3]!, left[1]!]
  })
  table(['bytes', 'parse', 'deflate', 'inflate', 'left', 'brotli', 'unbrotli', 'left'], rows)
}

title(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}`)
codecs()
faithfulness()
claims()
memory()
keys()
envelopes()
compression()
if (sink === globalThis) title('')
