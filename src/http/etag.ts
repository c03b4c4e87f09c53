import { hash } from 'node:crypto'
import { invalidOption } from '../base/errors.js'
import { formatEntityTag, isEntityTag, weakTag } from './entity-tag.js'

/**
 * Making entity tags: from the bytes sent, or from what the bytes are made of, before making them.
 *
 * SHA-256 in one call of `node:crypto`: measured on Node 24, 0.4 µs for 200 bytes and 6 µs for 10 kB, where the package
 * `etag` (SHA-1 through a hash object) takes 1.5 and 6.4; and nobody can make two documents that share a tag.
 */

/** 27 characters of base64url are 162 bits. */
const DIGEST_LENGTH = 27

/** How to mark a tag. */
export interface ETagOptions {
  /** Mark the tag weak: as good as the same, not byte for byte. Default: false. */
  readonly weak?: boolean
}

/** A tag for exactly these bytes (a string counts as UTF-8). */
export function contentEtag(content: string | Uint8Array, options: ETagOptions = {}): string {
  const tag = `"${hash('sha256', content, 'base64url').slice(0, DIGEST_LENGTH)}"`
  return options.weak === true ? weakTag(tag) : tag
}

/** What a version may be: a counter, a revision, a time. */
export type Version = string | number | bigint | boolean | Date | null | undefined

/**
 * A tag from the versions of everything a representation is made of, known without rendering it.
 *
 * Name all of it: the rows, the template, the language, and the URL where two resources share a version. `1`, `'1'` and
 * `1n` are different, and `['a', 'bc']` is not `['ab', 'c']`. The tag is strong unless asked otherwise, so that it works
 * for `If-Match`; ask for a weak one when the same versions may render differently (a clock on the page).
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for an empty list, an invalid date or another kind of value.
 */
export function versionEtag(versions: readonly Version[], options: ETagOptions = {}): string {
  if (versions.length === 0) throw invalidOption('etag', 'a list of at least one version', versions)
  return contentEtag(versions.map(written).join(''), options)
}

/** One version with its type and length in front, so that no two lists are written alike. */
function written(version: Version, index: number): string {
  if (version === null) return 'n'
  if (version instanceof Date) {
    const time = version.getTime()
    if (Number.isNaN(time)) throw invalidOption(`etag[${index}]`, 'a valid date', version)
    return `d${time};`
  }
  switch (typeof version) {
    case 'string':
      return `s${version.length};${version}`
    case 'number':
      return `f${Object.is(version, -0) ? 0 : version};`
    case 'bigint':
      return `i${version};`
    case 'boolean':
      return version ? 't' : 'f;'
    case 'undefined':
      return 'u'
    default:
      throw invalidOption(`etag[${index}]`, 'text, a number, a boolean, a date or null', version)
  }
}

const CODING_MARK = '-'

/**
 * The tag of the same representation under a content coding: a strong one gets a mark of its own (`"abc"` becomes
 * `"abc-gzip"`), since the bytes differ (RFC 9110 section 8.8.3.3); a weak one stays.
 */
export function codedEtag(tag: string, coding: string): string {
  if (coding === 'identity' || !tag.startsWith('"') || !isEntityTag(tag)) return tag
  return formatEntityTag(`${tag.slice(1, -1)}${CODING_MARK}${coding}`)
}

/** The tag of the representation without its coding: undoes `codedEtag`. */
export function uncodedEtag(tag: string, coding: string): string {
  const ending = `${CODING_MARK}${coding}"`
  return tag.startsWith('"') && tag.endsWith(ending) && tag.length > ending.length
    ? `${tag.slice(0, -ending.length)}"`
    : tag
}
