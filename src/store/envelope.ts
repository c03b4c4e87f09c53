import { crc32 } from 'node:zlib'
import { CacheError, invalidOption } from '../base/errors.js'
import type { Random } from '../base/random.js'
import { type Codec, standardCodec } from './codec.js'
import { type CompressionOptions, createCompression } from './compression.js'
import { createEncryption, type EncryptionOptions } from './encryption.js'

/**
 * The entry as bytes, version 1. Numbers are little endian.
 *
 *      0  'KF'                   8  freshUntil, float64      52  length of what describes, uint32
 *      2  version                16 staleUntil, float64      56  length of the payload, uint32
 *      3  flags                  24 loadedAt, float64        60  hash of the name, uint32
 *      4  codec                  32 delta, float64
 *      5  compression            40 write id, 12 characters
 *      6  number of tags, uint16
 *
 *     64  what describes: the namespace's version; the whole key, if the name is a digest; each tag, its version.
 *         A version is a byte of length and UTF-8, a tag two bytes, a key four.
 *         the payload: packed behind its size (uint32), then encrypted
 *   last  CRC-32 of all before it, uint32
 *
 * A CRC behind its own data makes the CRC of the whole a constant, so one call checks it with no slice.
 * The hash of the name is there for answers that were mixed up on the way (a client out of step with its
 * server), which would hand one user another user's entry; against intent there is encryption.
 */
const VERSION = 1
const HEADER = 64
const AUTHENTICATED = 24
const CRC = 4
const CRC_OF_WHOLE = 0x2144df1c
const MAGIC_0 = 0x4b
const MAGIC_1 = 0x46
const FLAG = { private: 1, key: 2, encrypted: 4 } as const
const KNOWN_FLAGS = 7
const MAX_TAGS = 65_535

export interface Sealed {
  /** The canonical key. */
  readonly key: string
  /** What the store knows it by. */
  readonly name: string
  /** True when `name` is a digest, so that the entry has to carry its key. */
  readonly digested: boolean
  readonly value: unknown
  readonly loadedAt: number
  readonly freshUntil: number
  readonly staleUntil: number
  readonly private: boolean
  /** The namespace's version. */
  readonly space: string
  readonly tags: readonly string[]
  readonly versions: readonly string[]
  /** How long the load took, ms. */
  readonly delta: number
}

/** An entry that can be judged; its value is still bytes. */
export interface Judged {
  readonly loadedAt: number
  readonly freshUntil: number
  readonly staleUntil: number
  readonly private: boolean
  readonly space: string
  readonly tags: readonly string[]
  readonly versions: readonly string[]
  /** How long the load took, ms. */
  readonly delta: number
  /**
   * The value, made anew: nobody else holds it. A promise only when it is large and compressed.
   *
   * @throws {CacheError} `CACHE_ENTRY_INVALID`; also as a rejection.
   */
  decode(): unknown
}

export interface EnvelopeOptions {
  /** Default: `standardCodec`. One of your own has an id of 128 to 255; entries of another codec are misses. */
  readonly codec?: Codec | undefined
  /** `false` packs nothing. Default: deflate from 32 KiB. */
  readonly compression?: CompressionOptions | false | undefined
  /** Default: none. With it, entries that are not encrypted are misses. */
  readonly encryption?: EncryptionOptions | undefined
  readonly random: Random
}

export interface Envelopes {
  /** @throws {CacheError} `CACHE_VALUE_INVALID` for a value the codec refuses. */
  seal(entry: Sealed): Buffer | Promise<Buffer>
  /** @throws {CacheError} `CACHE_ENTRY_INVALID` saying what is wrong. */
  open(bytes: Buffer, name: string, key: string): Judged
  /** The same entry with other times. @throws {CacheError} `CACHE_ENTRY_INVALID`. */
  retime(
    bytes: Buffer,
    times: { readonly freshUntil?: number; readonly staleUntil?: number },
  ): Buffer
}

/** @throws {CacheError} `CACHE_OPTION_INVALID`. */
export function createEnvelopes(options: EnvelopeOptions): Envelopes {
  const codec = checkedCodec(options.codec)
  const compression = createCompression(options.compression)
  const encryption =
    options.encryption === undefined ? undefined : createEncryption(options.encryption)
  const { random } = options

  function finish(entry: Sealed, algorithm: number, packed: Buffer, size: number): Buffer {
    const parts = describing(entry)
    const extra = (algorithm === 0 ? 0 : 4) + (encryption?.overhead ?? 0)
    const payload = packed.length + extra
    const end = HEADER + parts.length + payload
    const bytes = Buffer.allocUnsafe(end + CRC)
    bytes[0] = MAGIC_0
    bytes[1] = MAGIC_1
    bytes[2] = VERSION
    bytes[3] =
      (entry.private ? FLAG.private : 0) |
      (entry.digested ? FLAG.key : 0) |
      (encryption === undefined ? 0 : FLAG.encrypted)
    bytes[4] = codec.id
    bytes[5] = algorithm
    bytes.writeUInt16LE(entry.tags.length, 6)
    bytes.writeDoubleLE(entry.freshUntil, 8)
    bytes.writeDoubleLE(entry.staleUntil, 16)
    bytes.writeDoubleLE(entry.loadedAt, 24)
    bytes.writeDoubleLE(entry.delta, 32)
    bytes.write(random.token(), 40, 12, 'latin1')
    bytes.writeUInt32LE(parts.length, 52)
    bytes.writeUInt32LE(payload, 56)
    bytes.writeUInt32LE(nameHash(entry.name), 60)
    parts.copy(bytes, HEADER)
    let body = packed
    if (algorithm !== 0) {
      body = Buffer.allocUnsafe(4 + packed.length)
      body.writeUInt32LE(size, 0)
      packed.copy(body, 4)
    }
    const start = HEADER + parts.length
    if (encryption !== undefined) {
      body = encryption.encrypt(body, authenticated(bytes, start, entry.name))
    }
    body.copy(bytes, start)
    bytes.writeUInt32LE(crc32(bytes.subarray(0, end)), end)
    return bytes
  }

  function payloadOf(bytes: Buffer, start: number, name: string): unknown {
    let body = bytes.subarray(start, bytes.length - CRC)
    if (encryption !== undefined) {
      body = encryption.decrypt(body, authenticated(bytes, start, name))
    }
    const algorithm = bytes[5]!
    if (algorithm === 0) return codec.decode(body)
    const unpacked = compression.unpack(algorithm, body.subarray(4), body.readUInt32LE(0))
    return unpacked instanceof Promise
      ? unpacked.then((plain) => codec.decode(plain)).catch(undecodable)
      : codec.decode(unpacked)
  }

  return {
    seal(entry) {
      const payload = encode(codec, entry.value)
      const packed = compression.pack(payload)
      return packed instanceof Promise
        ? packed.then((result) => finish(entry, result.algorithm, result.bytes, payload.length))
        : finish(entry, packed.algorithm, packed.bytes, payload.length)
    },
    open(bytes, name, key) {
      const problem = check(bytes, name)
      if (problem !== undefined) throw invalid(problem, key)
      if (bytes[4] !== codec.id) {
        throw invalid(`is of codec ${bytes[4]}, not of ${codec.name} (${codec.id})`, key)
      }
      const start = HEADER + bytes.readUInt32LE(52)
      const encrypted = (bytes[3]! & FLAG.encrypted) !== 0
      if (encrypted !== (encryption !== undefined)) {
        throw invalid(encrypted ? 'is encrypted' : 'is not encrypted', key)
      }
      const known = encryption?.knows(bytes.subarray(start, bytes.length - CRC)) ?? true
      if (known !== true) throw invalid(`is encrypted with a key that is not given, ${known}`, key)
      const tagsAt = describedKey(bytes, key)
      return new JudgedBytes(bytes, tagsAt, () => {
        try {
          return payloadOf(bytes, start, name)
        } catch (cause) {
          return undecodable(cause)
        }
      })
    },
    retime(bytes, { freshUntil, staleUntil }) {
      const problem = check(bytes, undefined)
      if (problem !== undefined) throw invalid(problem, undefined)
      const retimed = Buffer.from(bytes)
      if (freshUntil !== undefined) retimed.writeDoubleLE(freshUntil, 8)
      if (staleUntil !== undefined) retimed.writeDoubleLE(staleUntil, 16)
      const end = retimed.length - CRC
      retimed.writeUInt32LE(crc32(retimed.subarray(0, end)), end)
      return retimed
    },
  }
}

class JudgedBytes implements Judged {
  readonly loadedAt: number
  readonly freshUntil: number
  readonly staleUntil: number
  readonly delta: number
  readonly private: boolean
  readonly space: string
  readonly decode: () => unknown
  readonly #bytes: Buffer
  readonly #tagsAt: number
  #tags: readonly string[] | undefined
  #versions: readonly string[] = NONE

  constructor(bytes: Buffer, tagsAt: number, decode: () => unknown) {
    this.freshUntil = bytes.readDoubleLE(8)
    this.staleUntil = bytes.readDoubleLE(16)
    this.loadedAt = bytes.readDoubleLE(24)
    this.delta = bytes.readDoubleLE(32)
    this.private = (bytes[3]! & FLAG.private) !== 0
    this.space = bytes.toString('utf8', HEADER + 1, HEADER + 1 + bytes[HEADER]!)
    this.decode = decode
    this.#bytes = bytes
    this.#tagsAt = tagsAt
    if (bytes.readUInt16LE(6) === 0) this.#tags = NONE
  }

  get tags(): readonly string[] {
    return this.#tags ?? this.#readTags()
  }

  get versions(): readonly string[] {
    if (this.#tags === undefined) this.#readTags()
    return this.#versions
  }

  #readTags(): readonly string[] {
    const bytes = this.#bytes
    const tags: string[] = []
    const versions: string[] = []
    let at = this.#tagsAt
    for (let left = bytes.readUInt16LE(6); left > 0; left--) {
      const tagEnd = at + 2 + bytes.readUInt16LE(at)
      tags.push(bytes.toString('utf8', at + 2, tagEnd))
      at = tagEnd + 1 + bytes[tagEnd]!
      versions.push(bytes.toString('utf8', tagEnd + 1, at))
    }
    this.#versions = versions
    this.#tags = tags
    return tags
  }
}

const NONE: readonly string[] = Object.freeze([])

// ------------------------------------------------------------------------------------ describing

function describing({ key, digested, space, tags, versions }: Sealed): Buffer {
  if (tags.length !== versions.length || tags.length > MAX_TAGS) {
    throw new RangeError('an entry has as many versions as tags, and at most 65,535')
  }
  let length = 1 + Buffer.byteLength(space) + (digested ? 4 + Buffer.byteLength(key) : 0)
  for (const tag of tags) length += 3 + Buffer.byteLength(tag)
  for (const version of versions) length += Buffer.byteLength(version)
  const parts = Buffer.allocUnsafe(length)
  let at = 1 + parts.write(space, 1)
  parts[0] = shorter(at - 1, 255)
  if (digested) {
    const written = parts.write(key, at + 4)
    parts.writeUInt32LE(written, at)
    at += 4 + written
  }
  for (let index = 0; index < tags.length; index++) {
    const tagLength = parts.write(tags[index]!, at + 2)
    parts.writeUInt16LE(shorter(tagLength, 65_535), at)
    at += 2 + tagLength
    const versionLength = parts.write(versions[index]!, at + 1)
    parts[at] = shorter(versionLength, 255)
    at += 1 + versionLength
  }
  return parts
}

function shorter(length: number, most: number): number {
  if (length > most) throw new RangeError(`a tag or version of ${length} bytes`)
  return length
}

// -------------------------------------------------------------------------------------- judging

/** What is wrong with the bytes, before anything of them is used; then every length in them is right. */
function check(bytes: Buffer, name: string | undefined): string | undefined {
  if (bytes.length < 3 || bytes[0] !== MAGIC_0 || bytes[1] !== MAGIC_1) return 'is foreign'
  if (bytes[2] !== VERSION) return `is of version ${bytes[2]}, which this release does not know`
  if (bytes.length < HEADER + 1 + CRC) return 'is truncated'
  const described = bytes.readUInt32LE(52)
  const length = HEADER + described + bytes.readUInt32LE(56) + CRC
  if (length > bytes.length) return 'is truncated'
  if (length < bytes.length) return 'is damaged: it has bytes behind its end'
  if (crc32(bytes) !== CRC_OF_WHOLE) return 'is damaged: its checksum does not match'
  if (name !== undefined && bytes.readUInt32LE(60) !== nameHash(name)) return 'is of another key'
  if ((bytes[3]! & ~KNOWN_FLAGS) !== 0) return 'has flags this release does not know'
  if (!timesMakeSense(bytes)) return 'has times that are none'
  return fits(bytes, HEADER + described) ? undefined : 'is damaged: its parts do not fit'
}

function timesMakeSense(bytes: Buffer): boolean {
  const freshUntil = bytes.readDoubleLE(8)
  const staleUntil = bytes.readDoubleLE(16)
  return (
    freshUntil === freshUntil &&
    staleUntil === staleUntil &&
    Number.isFinite(bytes.readDoubleLE(24)) &&
    Number.isFinite(bytes.readDoubleLE(32))
  )
}

function fits(bytes: Buffer, end: number): boolean {
  let at = HEADER + 1 + bytes[HEADER]!
  if ((bytes[3]! & FLAG.key) !== 0) {
    if (at + 4 > end) return false
    at += 4 + bytes.readUInt32LE(at)
  }
  for (let left = bytes.readUInt16LE(6); left > 0; left--) {
    if (at + 3 > end) return false
    at += 2 + bytes.readUInt16LE(at)
    if (at >= end) return false
    at += 1 + bytes[at]!
  }
  return at === end
}

/** Where the tags begin, once the key that is carried was found to be the one that was asked for. */
function describedKey(bytes: Buffer, key: string): number {
  const at = HEADER + 1 + bytes[HEADER]!
  if ((bytes[3]! & FLAG.key) === 0) return at
  const end = at + 4 + bytes.readUInt32LE(at)
  if (bytes.toString('utf8', at + 4, end) !== key) throw invalid('is of another key', key)
  return end
}

/** FNV-1a over the characters of a name, which are ASCII. */
function nameHash(name: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}

/** The name and all of the header that does not change with `retime`, and what describes. */
function authenticated(bytes: Buffer, start: number, name: string): Buffer {
  return Buffer.concat([
    Buffer.from(`${name}\n`),
    bytes.subarray(0, 8),
    bytes.subarray(AUTHENTICATED, start),
  ])
}

// ---------------------------------------------------------------------------------------- codec

const LEAST_CODEC_ID = 128

function checkedCodec(codec: Codec | undefined): Codec {
  if (codec === undefined || codec === standardCodec) return standardCodec
  if (typeof codec?.encode !== 'function' || typeof codec.decode !== 'function') {
    throw invalidOption('codec', '{ name, id, encode, decode }', codec)
  }
  if (!Number.isInteger(codec.id) || codec.id < LEAST_CODEC_ID || codec.id > 255) {
    throw invalidOption('codec.id', 'an integer of 128 to 255', codec.id)
  }
  return codec
}

function encode(codec: Codec, value: unknown): Buffer {
  try {
    return codec.encode(value)
  } catch (cause) {
    if (cause instanceof CacheError) throw cause
    throw new CacheError('CACHE_VALUE_INVALID', `the codec ${codec.name} refused the value`, {
      cause,
    })
  }
}

function undecodable(cause: unknown): never {
  if (cause instanceof CacheError && cause.code === 'CACHE_ENTRY_INVALID') throw cause
  throw new CacheError('CACHE_ENTRY_INVALID', 'the stored entry cannot be decoded', { cause })
}

function invalid(problem: string, key: string | undefined): CacheError {
  return new CacheError(
    'CACHE_ENTRY_INVALID',
    `the stored entry ${problem}`,
    key === undefined ? {} : { key },
  )
}
