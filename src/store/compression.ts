import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { type ByteSize, toBytes } from '../base/byte-size.js'
import { invalidOption } from '../base/errors.js'

/** How payloads are compressed. */
export interface CompressionOptions {
  /** `deflate` and `brotli` are in every Node we support; `zstd` needs 22.15 or 23.8 in every process. Default: `deflate`. */
  readonly algorithm?: 'deflate' | 'brotli' | 'zstd' | undefined
  /** Payloads of fewer bytes are kept as they are; 0 packs all. Default: `'16kb'`. */
  readonly threshold?: ByteSize | undefined
  /** Payloads that would unpack to more bytes are not unpacked, and not packed. Default: `'64mb'`. */
  readonly maxBytes?: ByteSize | undefined
}

export interface Packed {
  readonly algorithm: number
  readonly bytes: Buffer
}

export interface Compression {
  /** The payload packed, or as it is (`algorithm` 0) where that saves too little. A promise for a large one. */
  pack(bytes: Buffer): Packed | Promise<Packed>
  /** The payload, which claims to have `size` bytes. Throws for anything else. A promise for a large one. */
  unpack(algorithm: number, bytes: Buffer, size: number): Buffer | Promise<Buffer>
}

const DEFAULTS = { algorithm: 'deflate', threshold: '16kb', maxBytes: '64mb' } as const
const NAMES = Object.keys(DEFAULTS)
/** Above these the work is done on another thread: each is about half a millisecond. */
const PACK_HERE = 128 * 1024
const UNPACK_HERE = 256 * 1024
/** Packed has to be smaller than this part of the payload. */
const WORTHWHILE = 0.9

interface Algorithm {
  /** Written in entries: never reuse a number. */
  readonly id: number
  packSync(bytes: Buffer): Buffer
  pack(bytes: Buffer): Promise<Buffer>
  unpackSync(bytes: Buffer, maxOutputLength: number): Buffer
  unpack(bytes: Buffer, maxOutputLength: number): Promise<Buffer>
}

const deflateRaw = promisify(zlib.deflateRaw) as (b: Buffer, o: zlib.ZlibOptions) => Promise<Buffer>
const inflateRaw = promisify(zlib.inflateRaw) as (b: Buffer, o: zlib.ZlibOptions) => Promise<Buffer>
const brotli = promisify(zlib.brotliCompress) as (
  b: Buffer,
  o: zlib.BrotliOptions,
) => Promise<Buffer>
const unbrotli = promisify(zlib.brotliDecompress) as (
  b: Buffer,
  o: zlib.BrotliOptions,
) => Promise<Buffer>

const FAST_DEFLATE: zlib.ZlibOptions = { level: 1 }
const FAST_BROTLI: zlib.BrotliOptions = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }

const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  deflate: {
    id: 1,
    packSync: (bytes) => zlib.deflateRawSync(bytes, FAST_DEFLATE),
    pack: (bytes) => deflateRaw(bytes, FAST_DEFLATE),
    unpackSync: (bytes, maxOutputLength) => zlib.inflateRawSync(bytes, { maxOutputLength }),
    unpack: (bytes, maxOutputLength) => inflateRaw(bytes, { maxOutputLength }),
  },
  brotli: {
    id: 2,
    packSync: (bytes) => zlib.brotliCompressSync(bytes, FAST_BROTLI),
    pack: (bytes) => brotli(bytes, FAST_BROTLI),
    unpackSync: (bytes, maxOutputLength) => zlib.brotliDecompressSync(bytes, { maxOutputLength }),
    unpack: (bytes, maxOutputLength) => unbrotli(bytes, { maxOutputLength }),
  },
  ...(typeof zlib.zstdCompress === 'function' && { zstd: zstd() }),
}

function zstd(): Algorithm {
  const compress = promisify(zlib.zstdCompress) as (b: Buffer) => Promise<Buffer>
  const decompress = promisify(zlib.zstdDecompress) as (
    b: Buffer,
    o: zlib.ZstdOptions,
  ) => Promise<Buffer>
  return {
    id: 3,
    packSync: (bytes) => zlib.zstdCompressSync(bytes),
    pack: compress,
    unpackSync: (bytes, maxOutputLength) => zlib.zstdDecompressSync(bytes, { maxOutputLength }),
    unpack: (bytes, maxOutputLength) => decompress(bytes, { maxOutputLength }),
  }
}

const BY_ID = new Map(Object.values(ALGORITHMS).map((algorithm) => [algorithm.id, algorithm]))

/**
 * Compression as configured; `false` packs nothing, and still unpacks what is there.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for a wrong option, or an algorithm this Node does not have.
 */
export function createCompression(options: CompressionOptions | false = {}): Compression {
  const { algorithm, threshold, maxBytes } = resolve(options === false ? {} : options)
  const packed = (original: Buffer, bytes: Buffer): Packed =>
    bytes.length < original.length * WORTHWHILE
      ? { algorithm: algorithm.id, bytes }
      : { algorithm: 0, bytes: original }
  return {
    pack(bytes) {
      if (options === false || bytes.length < threshold || bytes.length > maxBytes) {
        return { algorithm: 0, bytes }
      }
      if (bytes.length <= PACK_HERE) return packed(bytes, algorithm.packSync(bytes))
      return algorithm.pack(bytes).then((result) => packed(bytes, result))
    },
    unpack(id, bytes, size) {
      const by = BY_ID.get(id)
      if (by === undefined)
        throw new TypeError(`compressed in a way this Node does not know (${id})`)
      if (size < 1 || size > maxBytes) throw new RangeError(`unpacks to ${size} bytes`)
      if (size <= UNPACK_HERE) return exactly(size, by.unpackSync(bytes, size))
      return by.unpack(bytes, size).then((result) => exactly(size, result))
    },
  }
}

function exactly(size: number, bytes: Buffer): Buffer {
  if (bytes.length !== size) throw new RangeError(`unpacked to ${bytes.length} bytes, not ${size}`)
  return bytes
}

interface Resolved {
  readonly algorithm: Algorithm
  readonly threshold: number
  readonly maxBytes: number
}

function resolve(options: CompressionOptions): Resolved {
  if (typeof options !== 'object' || options === null) {
    throw invalidOption('compression', 'false, or an object', options)
  }
  for (const name of Object.keys(options)) {
    if (!NAMES.includes(name)) {
      throw invalidOption(`compression.${name}`, `one of ${NAMES.join(', ')}`, name)
    }
  }
  const { algorithm: name = DEFAULTS.algorithm } = options
  const { threshold = DEFAULTS.threshold, maxBytes = DEFAULTS.maxBytes } = options
  const algorithm = Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name] : undefined
  if (algorithm === undefined) {
    const known = Object.keys(ALGORITHMS).map((each) => `'${each}'`)
    throw invalidOption('compression.algorithm', `one of ${known.join(', ')} on this Node`, name)
  }
  return {
    algorithm,
    threshold: toBytes(threshold, 'compression.threshold', 'or 0'),
    maxBytes: toBytes(maxBytes, 'compression.maxBytes'),
  }
}
