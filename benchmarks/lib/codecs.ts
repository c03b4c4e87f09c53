import { createRequire } from 'node:module'
import v8 from 'node:v8'
import * as devalue from 'devalue'
import { standardCodec } from '../../src/store/codec.js'

/** A way to turn values into bytes and back. */
export interface Candidate {
  readonly name: string
  readonly encode: (value: unknown) => Buffer
  readonly decode: (bytes: Buffer) => unknown
}

export const text = (value: string): Buffer => Buffer.from(value)

export const CANDIDATES: readonly Candidate[] = [
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

/**
 * Codecs that are not dependencies, where they are there: `npm install --prefix benchmarks/codecs --ignore-scripts`.
 *
 * @param leaveOut Told of each that is not.
 */
export function peerCodecs(leaveOut: (who: string, why: string) => void): Candidate[] {
  const peer = (name: string): unknown => {
    try {
      return createRequire(new URL('../codecs/package.json', import.meta.url))(name) as unknown
    } catch {
      leaveOut(name, 'it is not installed in benchmarks/codecs')
      return undefined
    }
  }
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
