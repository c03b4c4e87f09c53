import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { invalidOption } from '../base/errors.js'

/** The content codings that pages can be kept in. */
export type Coding = 'br' | 'gzip' | 'zstd'

/** Which pages are kept compressed, and how. */
export interface CompressOptions {
  /** Best first: of those a visitor wants equally, the first is sent. Default: `br`, `zstd` (from Node 22.15) and `gzip`. */
  readonly codings?: readonly Coding[]
  /** The smallest body that is compressed, in bytes. Default: 1024. */
  readonly minBytes?: number
  /** The largest body that is compressed, in bytes. Default: every body that is kept. */
  readonly maxBytes?: number
  /** Whether content of a media type (lower-case, without parameters) shrinks. Default: text, JSON, XML, JavaScript, SVG, fonts that are not. */
  readonly compressible?: (type: string) => boolean
}

export interface CompressSettings {
  readonly codings: readonly Coding[]
  readonly minBytes: number
  readonly maxBytes: number
  readonly compressible: (type: string) => boolean
}

type Compress = (content: Uint8Array) => Promise<Uint8Array>

// The work is done once and the result sent often, so it may take its time: on Node's own threads, not on this one.
const brotli = promisify(zlib.brotliCompress) as (
  content: Uint8Array,
  options: zlib.BrotliOptions,
) => Promise<Uint8Array>
const gzip = promisify(zlib.gzip) as (
  content: Uint8Array,
  options: zlib.ZlibOptions,
) => Promise<Uint8Array>
const zstd = (zlib as { zstdCompress?: Parameters<typeof promisify>[0] }).zstdCompress

const COMPRESS: Readonly<Record<Coding, Compress | undefined>> = {
  br: (content) =>
    brotli(content, {
      params: {
        [zlib.constants.BROTLI_PARAM_MODE]: zlib.constants.BROTLI_MODE_TEXT,
        [zlib.constants.BROTLI_PARAM_QUALITY]: content.length > 262_144 ? 6 : 10,
        [zlib.constants.BROTLI_PARAM_SIZE_HINT]: content.length,
      },
    }),
  gzip: (content) => gzip(content, { level: 9 }),
  zstd: zstd === undefined ? undefined : (promisify(zstd) as Compress),
}

/** The content in a coding. */
export function compressed(coding: Coding, content: Uint8Array): Promise<Uint8Array> {
  return COMPRESS[coding]!(content)
}

const SHRINKS =
  /^text\/(?!event-stream$)|^application\/(?:json|javascript|ecmascript|xml|wasm|manifest|vnd\.ms-fontobject|x-javascript|graphql|rtf|.*\+(?:json|xml))$|^image\/(?:svg\+xml|bmp|x-icon|vnd\.microsoft\.icon)$|^font\/(?:ttf|otf)$/

/** Undefined where nothing is to be compressed. */
export function resolveCompress(
  given: boolean | CompressOptions | undefined,
): CompressSettings | undefined {
  if (given === undefined || given === false) return undefined
  const options = given === true ? {} : given
  if (typeof options !== 'object' || options === null) {
    throw invalidOption('compress', 'true, false or options', given)
  }
  const there = (['br', 'zstd', 'gzip'] as const).filter((one) => COMPRESS[one] !== undefined)
  const { codings = there, minBytes = 1024, maxBytes = Infinity, compressible } = options
  if (!Array.isArray(codings) || !codings.every((one) => there.includes(one as Coding))) {
    throw invalidOption('compress.codings', `some of ${there.join(', ')}`, codings)
  }
  if (!Number.isSafeInteger(minBytes) || minBytes < 0) {
    throw invalidOption('compress.minBytes', 'a whole number from 0', minBytes)
  }
  if (maxBytes !== Infinity && (!Number.isSafeInteger(maxBytes) || maxBytes < 1)) {
    throw invalidOption('compress.maxBytes', 'a whole number from 1', maxBytes)
  }
  if (compressible !== undefined && typeof compressible !== 'function') {
    throw invalidOption('compress.compressible', 'a function', compressible)
  }
  return Object.freeze({
    codings: [...new Set(codings as readonly Coding[])],
    minBytes,
    maxBytes,
    compressible: compressible ?? ((type: string) => SHRINKS.test(type)),
  })
}
