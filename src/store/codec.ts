import { CacheError } from '../base/errors.js'
import { readRecord } from './codec-record-read.js'
import { writeRecord } from './codec-record-write.js'
import { readRich } from './codec-rich-read.js'
import { writeRich } from './codec-rich-write.js'
import { isLatin1 } from './latin1.js'
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

/** What the first byte of a payload says of the rest. In every stored entry: a number is never used for something else. */
const FORM = {
  /** A string, one byte a character. */
  latin1: 1,
  /** A string as UTF-8. */
  utf8: 2,
  /** A Buffer, as it is. */
  buffer: 3,
  /** JSON, one byte a character. */
  latin1Json: 4,
  /** JSON as UTF-8. */
  utf8Json: 5,
  /** JSON with tags, and bytes: see codec-rich-write.ts. */
  rich: 6,
  /** The same, of a value in which an object occurs more than once. */
  richGraph: 7,
  /** A small record: see codec-record-write.ts. */
  record: 8,
} as const

/**
 * The default: text and bytes as they are, JSON where JSON keeps the value exactly, JSON with tags for the
 * rest (`undefined`, `NaN`, `-0`, bigint, Date, Map, Set, RegExp, URL, Error, bytes of every kind, cycles). Small
 * values that JSON would keep are records, which are read in less than half the time.
 *
 * Chosen by `npm run bench -- codec`: of what is large, nothing that keeps these values reads faster than `JSON.parse` in C++.
 */
export const standardCodec: Codec = {
  name: 'standard',
  id: 0,
  encode(value) {
    if (typeof value === 'string' && value.isWellFormed()) {
      return encodeText(value, FORM.latin1, FORM.utf8)
    }
    if (Buffer.isBuffer(value) && Object.getPrototypeOf(value) === Buffer.prototype) {
      return Buffer.concat([BUFFER, value])
    }
    const { json, graph } = survey(value)
    if (json) return encodeJson(value)
    return writeRich(value, graph, graph ? FORM.richGraph : FORM.rich)
  },
  decode: (bytes) => decodeWithin(bytes, 0, bytes.length),
}

/** As `decode`, of a part: an envelope's payload need not be made a Buffer of its own first. */
export function decodeWithin(bytes: Buffer, start: number, end: number): unknown {
  const from = start + 1
  try {
    switch (bytes[start]) {
      case FORM.latin1:
        return bytes.toString('latin1', from, end)
      case FORM.utf8:
        return bytes.toString('utf8', from, end)
      case FORM.buffer:
        return Buffer.from(bytes.subarray(from, end))
      case FORM.latin1Json:
        return JSON.parse(bytes.toString('latin1', from, end)) as unknown
      case FORM.utf8Json:
        return JSON.parse(bytes.toString('utf8', from, end)) as unknown
      case FORM.record:
        return readRecord(bytes, start, end)
      case FORM.rich:
        return readRich(bytes.subarray(start, end), false)
      case FORM.richGraph:
        return readRich(bytes.subarray(start, end), true)
    }
  } catch (cause) {
    throw new CacheError('CACHE_ENTRY_INVALID', 'the stored value cannot be decoded', { cause })
  }
  const message = 'the stored value has a form that this release does not know'
  throw new CacheError('CACHE_ENTRY_INVALID', message)
}

/** Whether a payload is read into JSON's kinds of values and nothing else. */
export function isPlain(form: number | undefined): boolean {
  return form === FORM.record || form === FORM.latin1Json || form === FORM.utf8Json
}

function encodeJson(value: unknown): Buffer {
  const record = typeof value === 'object' && value !== null && writeRecord(value, FORM.record)
  return record || encodeText(JSON.stringify(value), FORM.latin1Json, FORM.utf8Json)
}

const BUFFER = Buffer.of(FORM.buffer)

/** One byte a character where that is enough: UTF-8 takes four times as long to read, unless it is ASCII. */
function encodeText(text: string, latin1: number, utf8: number): Buffer {
  const narrow = isLatin1(text)
  const length = narrow ? text.length : Buffer.byteLength(text)
  const bytes = Buffer.allocUnsafe(1 + length)
  bytes[0] = narrow ? latin1 : utf8
  bytes.write(text, 1, narrow ? 'latin1' : 'utf8')
  return bytes
}
