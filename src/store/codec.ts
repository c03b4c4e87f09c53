import { CacheError } from '../base/errors.js'
import { decodeRich, encodeRich } from './codec-rich.js'
import { survey } from './value-walk.js'

/**
 * Values as bytes and back.
 *
 * What `decode` gives equals what `encode` was given, or `encode` refuses it. Bytes come from outside:
 * `decode` runs no code, sets no prototype and allocates in proportion to what it was given.
 */
export interface Codec {
  /** Names the codec in messages. */
  readonly name: string
  /** Written into each entry; an entry of another codec is a miss. The default's is 0, those of applications are 128 to 255. */
  readonly id: number
  encode(value: unknown): Buffer
  decode(bytes: Buffer): unknown
}

/** What the first byte of a payload says of the rest. Written in every entry: never reuse a number. */
const FORM = {
  /** A string of ASCII. */
  ascii: 1,
  /** A string as UTF-8. */
  utf8: 2,
  /** A Buffer, as it is. */
  buffer: 3,
  /** JSON, all ASCII. */
  asciiJson: 4,
  /** JSON as UTF-8. */
  utf8Json: 5,
  /** Tagged JSON and bytes, see codec-rich.ts. */
  rich: 6,
  /** The same, of a value that contains itself. */
  richGraph: 7,
} as const

/**
 * The default: text and bytes as they are, JSON where JSON keeps the value exactly, tagged JSON for the rest
 * (`undefined`, `NaN`, `-0`, bigint, Date, Map, Set, RegExp, URL, Error, bytes of every kind, cycles).
 *
 * Chosen by `benchmarks/codec.ts`: with `JSON.parse` in C++ nothing that keeps these values is faster to read.
 */
export const standardCodec: Codec = {
  name: 'standard',
  id: 0,
  encode(value) {
    if (typeof value === 'string' && value.isWellFormed()) {
      return text(value, FORM.ascii, FORM.utf8)
    }
    if (Buffer.isBuffer(value) && Object.getPrototypeOf(value) === Buffer.prototype) {
      return Buffer.concat([FORM_BUFFER, value])
    }
    const { json, graph } = survey(value)
    if (json) return text(JSON.stringify(value), FORM.asciiJson, FORM.utf8Json)
    return encodeRich(value, graph, graph ? FORM.richGraph : FORM.rich)
  },
  decode(bytes) {
    try {
      switch (bytes[0]) {
        case FORM.ascii:
          return bytes.toString('latin1', 1)
        case FORM.utf8:
          return bytes.toString('utf8', 1)
        case FORM.buffer:
          return Buffer.from(bytes.subarray(1))
        case FORM.asciiJson:
          return JSON.parse(bytes.toString('latin1', 1)) as unknown
        case FORM.utf8Json:
          return JSON.parse(bytes.toString('utf8', 1)) as unknown
        case FORM.rich:
          return decodeRich(bytes, false)
        case FORM.richGraph:
          return decodeRich(bytes, true)
      }
    } catch (cause) {
      throw new CacheError('CACHE_ENTRY_INVALID', 'the stored value cannot be decoded', { cause })
    }
    throw new CacheError(
      'CACHE_ENTRY_INVALID',
      'the stored value has a form this version does not know',
    )
  },
}

const FORM_BUFFER = Buffer.of(FORM.buffer)

/** ASCII is told apart because it is faster to read. */
function text(value: string, ascii: number, utf8: number): Buffer {
  const length = Buffer.byteLength(value)
  const bytes = Buffer.allocUnsafe(length + 1)
  if (length === value.length) {
    bytes[0] = ascii
    bytes.write(value, 1, 'latin1')
  } else {
    bytes[0] = utf8
    bytes.write(value, 1, 'utf8')
  }
  return bytes
}
