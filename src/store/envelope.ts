import { CacheError } from '../base/errors.js'
import type { Random } from '../base/random.js'
import { encodeValue, resolveCodec } from './codec-option.js'
import { type Codec, decodeWithin, standardCodec } from './codec.js'
import { type CompressionOptions, createCompression } from './compression.js'
import { createEncryption, type EncryptionOptions } from './encryption.js'
import { type Description, layOut, readDescription } from './envelope-description.js'
import {
  AT,
  CRC,
  FLAG,
  HEADER,
  int32,
  isDescribedBy,
  nameHash,
  problemOf,
  writeCrc,
  writeMagic,
} from './envelope-layout.js'

/** An entry about to be stored. */
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
  /** The two arrays have one length. */
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
  /** The namespace's version. */
  readonly space: string
  readonly tags: readonly string[]
  readonly versions: readonly string[]
  /** How long the load took, ms. */
  readonly delta: number
  /**
   * The value, made anew at each call: nobody else holds it. A promise only when it is large and compressed.
   *
   * @throws {CacheError} `CACHE_ENTRY_INVALID`; also as a rejection.
   */
  readonly decode: () => unknown
}

export interface EnvelopeOptions {
  /** Default: `standardCodec`. One of your own has an id of 128 to 255; entries of another codec are misses. */
  readonly codec?: Codec | undefined
  /** `false` packs nothing. Default: deflate from 16 KiB. */
  readonly compression?: CompressionOptions | false | undefined
  /** Default: none. With it, entries that are not encrypted are misses. */
  readonly encryption?: EncryptionOptions | undefined
  readonly random: Random
}

/** Entries as bytes and back, as configured. */
export interface Envelopes {
  /**
   * The entry as bytes, no two ever the same. A promise only when it is large and compressed.
   *
   * @throws {CacheError} `CACHE_VALUE_INVALID` for a value the codec refuses.
   */
  seal(entry: Sealed): Buffer | Promise<Buffer>
  /** Judges what a store gave for a name. @throws {CacheError} `CACHE_ENTRY_INVALID` saying what is wrong. */
  open(bytes: Buffer, name: string, key: string): Judged
  /**
   * The value of an entry that is fresh at `now` and described by exactly these bytes (`descriptionBytes`), of so
   * many tags; else `ODD`, which says nothing but that it has to be opened. The way for what is read most: nothing is made but
   * the value. Always `ODD` where a codec or encryption of your own is configured.
   */
  fresh(bytes: Buffer, hash: number, description: Buffer, tags: number, now: number): unknown
  /** The same entry with other times. @throws {CacheError} `CACHE_ENTRY_INVALID` saying what is wrong. */
  retime(
    bytes: Buffer,
    times: { readonly freshUntil?: number; readonly staleUntil?: number },
  ): Buffer
}

/** What `fresh` answers where an entry has to be opened to know. */
export const ODD: unique symbol = Symbol('odd')

/** @throws {CacheError} `CACHE_OPTION_INVALID` for a wrong codec, compression or encryption. */
export function createEnvelopes(options: EnvelopeOptions): Envelopes {
  const codec = resolveCodec(options.codec)
  const compression = createCompression(options.compression)
  const encryption =
    options.encryption === undefined ? undefined : createEncryption(options.encryption)
  const { random } = options

  function assemble(entry: Sealed, algorithm: number, packed: Buffer, size: number): Buffer {
    const description = layOut({ ...entry, key: entry.digested ? entry.key : undefined })
    const sizeAt = HEADER + description.length
    const start = sizeAt + (encryption?.overhead ?? 0)
    const prefix = algorithm === 0 ? 0 : 4
    const end = start + prefix + packed.length
    if (end > 0xffff_ffff) throw tooLarge(entry.key)
    const bytes = Buffer.allocUnsafe(end + CRC)
    writeMagic(bytes)
    bytes[AT.flags] =
      (entry.private ? FLAG.private : 0) |
      (entry.digested ? FLAG.key : 0) |
      (encryption === undefined ? 0 : FLAG.encrypted) |
      (description.narrow ? FLAG.narrow : 0)
    bytes[AT.codec] = codec.id
    bytes[AT.compression] = algorithm
    bytes.writeUInt16LE(entry.tags.length, AT.tags)
    bytes.writeDoubleLE(entry.freshUntil, AT.freshUntil)
    bytes.writeDoubleLE(entry.staleUntil, AT.staleUntil)
    bytes.writeDoubleLE(entry.loadedAt, AT.loadedAt)
    bytes.writeDoubleLE(entry.delta, AT.delta)
    bytes.write(random.token().padEnd(12, '-'), AT.writeId, 12, 'latin1')
    bytes.writeUInt32LE(description.length, AT.description)
    bytes.writeUInt32LE(end - sizeAt, AT.payload)
    bytes.writeUInt32LE(nameHash(entry.name), AT.nameHash)
    description.write(bytes)
    if (prefix > 0) bytes.writeUInt32LE(size, start)
    bytes.set(packed, start + prefix)
    encryption?.encryptInPlace(
      bytes.subarray(sizeAt, end),
      authenticated(bytes, sizeAt, entry.name),
    )
    writeCrc(bytes)
    return bytes
  }

  function decode(bytes: Buffer, start: number, name: string): unknown {
    try {
      const algorithm = bytes[AT.compression]!
      const end = bytes.length - CRC
      if (encryption === undefined && algorithm === 0 && codec === standardCodec) {
        return start < end ? decodeWithin(bytes, start, end) : undecodable(undefined)
      }
      let payload = bytes.subarray(start, end)
      if (encryption !== undefined) {
        payload = encryption.decrypt(payload, authenticated(bytes, start, name))
      }
      if (algorithm === 0) return codec.decode(payload)
      const unpacked = compression.unpack(algorithm, payload.subarray(4), payload.readUInt32LE(0))
      return unpacked instanceof Promise
        ? unpacked.then((plain) => codec.decode(plain)).catch(undecodable)
        : codec.decode(unpacked)
    } catch (cause) {
      return undecodable(cause)
    }
  }

  return {
    seal(entry) {
      const payload = encodeValue(codec, entry.key, entry.value)
      const packed = compression.pack(payload)
      return packed instanceof Promise
        ? packed.then((result) => assemble(entry, result.algorithm, result.bytes, payload.length))
        : assemble(entry, packed.algorithm, packed.bytes, payload.length)
    },
    open(bytes, name, key) {
      const problem = problemOf(bytes) ?? strangerTo(bytes)
      if (problem !== undefined) throw invalid(problem, key)
      if (bytes.readUInt32LE(AT.nameHash) !== nameHash(name)) throw invalid(OTHER_KEY, key)
      const description = readDescription(bytes)
      if (description === undefined) throw invalid('is damaged: its parts do not fit', key)
      if (description.key !== undefined && description.key !== key) throw invalid(OTHER_KEY, key)
      const start = HEADER + bytes.readUInt32LE(AT.description)
      const lost = encryption?.lostKey(bytes.subarray(start, bytes.length - CRC))
      if (lost !== undefined)
        throw invalid(`is encrypted with a key that is not given, ${lost}`, key)
      return new OpenEnvelope(bytes, description, () => decode(bytes, start, name))
    },
    fresh(bytes, hash, description, tags, now) {
      if (codec !== standardCodec || encryption !== undefined) return ODD
      if (!isDescribedBy(bytes, description, tags, codec.id)) return ODD
      if (!(now < bytes.readDoubleLE(AT.freshUntil))) return ODD
      if (int32(bytes, AT.nameHash) !== hash) return ODD
      try {
        return decodeWithin(bytes, HEADER + description.length, bytes.length - CRC)
      } catch {
        return ODD
      }
    },
    retime(bytes, { freshUntil, staleUntil }) {
      const problem = problemOf(bytes)
      if (problem !== undefined) throw invalid(problem, undefined)
      const retimed = Buffer.from(bytes)
      if (freshUntil !== undefined) retimed.writeDoubleLE(freshUntil, AT.freshUntil)
      if (staleUntil !== undefined) retimed.writeDoubleLE(staleUntil, AT.staleUntil)
      writeCrc(retimed)
      return retimed
    },
  }

  /** Whether the entry was written by a cache configured in another way. */
  function strangerTo(bytes: Buffer): string | undefined {
    if (bytes[AT.codec] !== codec.id) {
      return `is of codec ${bytes[AT.codec]}, not of ${codec.name} (${codec.id})`
    }
    const encrypted = (bytes[AT.flags]! & FLAG.encrypted) !== 0
    if (encrypted === (encryption !== undefined)) return undefined
    return encrypted
      ? 'is encrypted, and this cache has no encryption'
      : 'is not encrypted, and this cache takes only what is'
  }
}

const OTHER_KEY = 'is of another key'

class OpenEnvelope implements Judged {
  readonly loadedAt: number
  readonly freshUntil: number
  readonly staleUntil: number
  readonly delta: number
  readonly private: boolean
  readonly space: string
  readonly tags: readonly string[]
  readonly versions: readonly string[]
  readonly decode: () => unknown

  constructor(bytes: Buffer, description: Description, decode: () => unknown) {
    this.loadedAt = bytes.readDoubleLE(AT.loadedAt)
    this.freshUntil = bytes.readDoubleLE(AT.freshUntil)
    this.staleUntil = bytes.readDoubleLE(AT.staleUntil)
    this.delta = bytes.readDoubleLE(AT.delta)
    this.private = (bytes[AT.flags]! & FLAG.private) !== 0
    this.space = description.space
    this.tags = description.tags
    this.versions = description.versions
    this.decode = decode
  }
}

/**
 * What encryption authenticates beside the payload: the name, the header without the two times that `retime`
 * changes, and the description. So an entry cannot be given another key, namespace, tag or version.
 */
function authenticated(bytes: Buffer, start: number, name: string): Buffer {
  return Buffer.concat([
    Buffer.from(`${name}\n`),
    bytes.subarray(0, AT.freshUntil),
    bytes.subarray(AT.loadedAt, start),
  ])
}

function tooLarge(key: string): CacheError {
  return new CacheError('CACHE_VALUE_INVALID', 'the value has more than 4 GiB', { key })
}

function undecodable(cause: unknown): never {
  if (cause instanceof CacheError && cause.code === 'CACHE_ENTRY_INVALID') throw cause
  throw new CacheError('CACHE_ENTRY_INVALID', 'the stored entry cannot be decoded', { cause })
}

function invalid(problem: string, key: string | undefined): CacheError {
  const message = `the stored entry ${problem}`
  return new CacheError('CACHE_ENTRY_INVALID', message, key === undefined ? {} : { key })
}
