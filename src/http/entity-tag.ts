import { CacheError, describe } from '../base/errors.js'
import { isWhitespaceCode, trimWhitespace } from './tokens.js'

/**
 * Entity tags (RFC 9110 section 8.8.3): reading, writing and the two ways to compare them.
 *
 * Tags are compared as text without being taken apart, since that happens on every conditional request. Inside the quotes
 * there are no escapes: a backslash is a character like any other.
 */

/** An entity tag taken apart: `W/"abc"` is weak with the opaque part `abc`. */
export interface EntityTag {
  readonly weak: boolean
  readonly opaque: string
}

/** Strong: octet for octet the same representation. Weak: as good as the same. Section 8.8.3.2. */
export type TagComparison = 'strong' | 'weak'

const DQUOTE = 0x22
const COMMA = 0x2c

/** The index just behind the entity tag that begins at `at`, or -1 when none does. */
function endOfTag(text: string, at: number): number {
  let index = isWeakAt(text, at) ? at + 2 : at
  if (text.charCodeAt(index) !== DQUOTE) return -1
  for (index++; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === DQUOTE) return index + 1
    if (code <= 0x20 || code === 0x7f || code > 0xff) return -1
  }
  return -1
}

/** The weakness mark is case-sensitive. */
function isWeakAt(text: string, at: number): boolean {
  return text.charCodeAt(at) === 0x57 && text.charCodeAt(at + 1) === 0x2f
}

/** True when `text` is exactly one entity tag. */
export function isEntityTag(text: string): boolean {
  return endOfTag(text, 0) === text.length
}

/** True when `text` is an entity tag marked weak. */
export function isWeakTag(text: string): boolean {
  return isWeakAt(text, 0) && isEntityTag(text)
}

/** The parts of an entity tag; `undefined` when it is not one (unquoted, a small `w/`, a space inside). */
export function parseEntityTag(text: string | undefined): EntityTag | undefined {
  if (text === undefined || !isEntityTag(text)) return undefined
  const weak = isWeakAt(text, 0)
  return { weak, opaque: text.slice(weak ? 3 : 1, -1) }
}

/**
 * The entity tag with this opaque part.
 *
 * @throws {CacheError} `CACHE_VALUE_INVALID` when `opaque` holds a quote, a space, a control character or one beyond
 * Latin-1.
 */
export function formatEntityTag(opaque: string, options: { readonly weak?: boolean } = {}): string {
  const tag = `${options.weak === true ? 'W/' : ''}"${opaque}"`
  if (!isEntityTag(tag)) {
    throw new CacheError(
      'CACHE_VALUE_INVALID',
      `an entity tag cannot hold ${describe(opaque)}; hash it (versionEtag)`,
      { received: opaque },
    )
  }
  return tag
}

/** The tag marked weak; a weak one as it is. */
export function weakTag(tag: string): string {
  return isWeakAt(tag, 0) ? tag : `W/${tag}`
}

/** True when both are entity tags and the same by that comparison. Strong comparison never matches a weak tag. */
export function sameTag(a: string, b: string, comparison: TagComparison): boolean {
  const weakA = isWeakAt(a, 0)
  const weakB = isWeakAt(b, 0)
  if (comparison === 'strong' && (weakA || weakB)) return false
  const opaqueA = weakA ? a.slice(2) : a
  return opaqueA === (weakB ? b.slice(2) : b) && isEntityTag(opaqueA)
}

/** Where the next entity tag of a list begins, or -1. Members that are not entity tags are passed over. */
function nextTag(list: string, from: number): number {
  for (let at = from; at < list.length; at++) {
    const code = list.charCodeAt(at)
    if (code === COMMA || isWhitespaceCode(code)) continue
    const end = endOfTag(list, at)
    if (end !== -1 && endsMember(list, end)) return at
    const comma = list.indexOf(',', at)
    if (comma === -1) return -1
    at = comma
  }
  return -1
}

function endsMember(list: string, end: number): boolean {
  if (end === list.length) return true
  const code = list.charCodeAt(end)
  return code === COMMA || isWhitespaceCode(code)
}

/** True when the list of tags in `If-Match` or `If-None-Match` holds `tag`. `*` is not looked at here. */
export function listHasTag(list: string, tag: string, comparison: TagComparison): boolean {
  if (list === tag) return sameTag(list, tag, comparison)
  for (let at = nextTag(list, 0); at !== -1;) {
    const end = endOfTag(list, at)
    if (sameTag(list.slice(at, end), tag, comparison)) return true
    at = nextTag(list, end)
  }
  return false
}

/** The entity tags of a list, those that are none left out; `'*'` when the field is that. */
export function parseEntityTags(list: string): readonly EntityTag[] | '*' {
  if (isAnyTag(list)) return '*'
  const tags: EntityTag[] = []
  for (let at = nextTag(list, 0); at !== -1;) {
    const end = endOfTag(list, at)
    const weak = isWeakAt(list, at)
    tags.push({ weak, opaque: list.slice(weak ? at + 3 : at + 1, end - 1) })
    at = nextTag(list, end)
  }
  return tags
}

/** True when the field is `*`, which any current representation matches. */
export function isAnyTag(list: string): boolean {
  return list === '*' || (list.length < 16 && trimWhitespace(list) === '*')
}
