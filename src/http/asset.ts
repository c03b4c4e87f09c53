import type { FieldLine } from './fields.js'
import { cachePolicy, type CachePolicy, type CachePolicyOptions, policyFields } from './policy.js'

/** How to tell files whose name changes with their content from others. */
export interface AssetPolicyOptions {
  /** True for a path whose name holds a digest of its content. Default: `isFingerprinted`. */
  readonly fingerprinted?: (path: string) => boolean
  /** What a fingerprinted file gets. Default: public, a year, immutable. */
  readonly immutable?: CachePolicyOptions
  /** What any other file gets. Default: public, and asked about on every use. */
  readonly revalidated?: CachePolicyOptions
}

const HEXADECIMAL = /[.\-_]([0-9a-f]{8,64})(?:\.[A-Za-z][A-Za-z0-9]{0,9}){1,3}$/
const EIGHT = /[.\-_]([\w-]{8})(?:\.[A-Za-z][A-Za-z0-9]{0,9}){1,3}$/

/**
 * True when the name of the file holds a digest, as bundlers write it: behind a `.`, `-` or `_`, and then the extension.
 *
 * Told by look, so strictly: hexadecimal, or eight characters of mixed case or of base32, and in both a digit with a letter
 * somewhere behind it. A date (`report-20240115.pdf`), a word (`photo-holidays.jpg`) or a counter (`slide-Chapter1.png`) is
 * not one. Better a question too many than a wrong file for a year.
 */
export function isFingerprinted(path: string): boolean {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1).slice(-128)
  const digest = HEXADECIMAL.exec(name)?.[1] ?? EIGHT.exec(name)?.[1]
  if (digest === undefined || !/\d.*[A-Za-z]/.test(digest)) return false
  if (/^[0-9a-f]+$/.test(digest) || /^[A-Z2-7]+$/.test(digest)) return true
  return /[a-z]/.test(digest) && /[A-Z]/.test(digest)
}

/**
 * Which policy a path gets: a fingerprinted file is kept for a year and never asked about, others are asked about on every
 * use.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` when a policy contradicts itself.
 */
export function assetPolicy(options: AssetPolicyOptions = {}): (path: string) => CachePolicy {
  const { fingerprinted = isFingerprinted } = options
  const immutable = cachePolicy(
    options.immutable ?? { public: true, maxAge: '1y', immutable: true },
  )
  const revalidated = cachePolicy(options.revalidated ?? { public: true, noCache: true })
  return (path) => (fingerprinted(path) ? immutable : revalidated)
}

/** What static files are sent with. */
export interface StaticAssets {
  /** The fields for a file, by its path or the path of its URL. */
  readonly fields: (path: string) => readonly FieldLine[]
  /** Sets them on a response: the option of that name of `express.static` and `@fastify/static`. */
  readonly setHeaders: (response: HeaderSetter, path: string) => void
}

/** What of a response is used here: one of Node's, or a reply of Fastify. */
export type HeaderSetter =
  | { setHeader(name: string, value: string): unknown }
  | { header(name: string, value: string): unknown }

/**
 * Policies for static files, for whatever serves them: names that change with their content for a year, others asked about on
 * every use.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` when a policy contradicts itself.
 */
export function staticAssets(options: AssetPolicyOptions = {}): StaticAssets {
  const policyFor = assetPolicy(options)
  const fields = (path: string): readonly FieldLine[] => policyFields(policyFor(path), Date.now())
  return {
    fields,
    setHeaders(response, path) {
      for (const [name, value] of fields(path)) {
        if ('setHeader' in response) response.setHeader(name, value)
        else response.header(name, value)
      }
    },
  }
}
