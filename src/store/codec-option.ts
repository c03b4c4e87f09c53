import { CacheError, invalidOption } from '../base/errors.js'
import { type Codec, standardCodec } from './codec.js'

/** Numbers below are ours: of the standard codec, and of those to come. */
const LEAST_ID = 128

/**
 * The codec of the options, or the standard one.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for what is no codec, or takes a number that is not for applications.
 */
export function resolveCodec(codec: Codec | undefined): Codec {
  if (codec === undefined || codec === standardCodec) return standardCodec
  if (typeof codec?.encode !== 'function' || typeof codec.decode !== 'function') {
    throw invalidOption('codec', 'an object of { name, id, encode, decode }', codec)
  }
  if (!Number.isInteger(codec.id) || codec.id < LEAST_ID || codec.id > 255) {
    throw invalidOption('codec.id', `an integer from ${LEAST_ID} to 255`, codec.id)
  }
  return codec
}

/**
 * The value of a key as bytes by any codec.
 *
 * @throws {CacheError} `CACHE_VALUE_INVALID` with what the codec threw as its cause.
 */
export function encodeValue(codec: Codec, key: string, value: unknown): Buffer {
  let bytes: unknown
  try {
    bytes = codec.encode(value)
  } catch (cause) {
    if (cause instanceof CacheError) throw cause
    const message = `the codec ${codec.name} refused the value: ${String(cause)}`
    throw new CacheError('CACHE_VALUE_INVALID', message, { cause, key })
  }
  if (Buffer.isBuffer(bytes)) return bytes
  if (bytes instanceof Uint8Array) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  throw invalidOption('codec.encode', 'a function that returns a Buffer', bytes)
}
