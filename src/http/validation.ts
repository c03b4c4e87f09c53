import { type FieldLine, type FieldValues, fieldValue } from './fields.js'
import { isEntityTag, isWeakTag, sameTag } from './entity-tag.js'
import { formatHttpDate, parseHttpDate } from './http-date.js'

/** What identifies a stored response when it is asked about. */
export interface Validators {
  readonly etag?: string | undefined
  /** Milliseconds since the epoch. */
  readonly lastModified?: number | undefined
}

/**
 * The validators among a response's fields, and when it was generated. Read them once and keep them with the stored
 * response.
 *
 * An `ETag` that is not an entity tag and a date that cannot be read are none.
 */
export function readValidators(
  fields: FieldValues,
): Validators & { readonly date: number | undefined } {
  const etag = fieldValue(fields, 'etag')
  return {
    etag: etag !== undefined && isEntityTag(etag) ? etag : undefined,
    lastModified: parseHttpDate(fieldValue(fields, 'last-modified')),
    date: parseHttpDate(fieldValue(fields, 'date')),
  }
}

/**
 * The fields that ask whether stored responses still hold (RFC 9111 section 4.3.1): all their tags in `If-None-Match`, and
 * `If-Modified-Since` where there is one response to ask about.
 *
 * Give the stored variants of one URL. Nothing comes back when none of them has a validator.
 */
export function validationFields(...stored: readonly Validators[]): FieldLine[] {
  const fields: FieldLine[] = []
  const tags = new Set<string>()
  for (const { etag } of stored) if (etag !== undefined && isEntityTag(etag)) tags.add(etag)
  if (tags.size > 0) fields.push(['if-none-match', [...tags].join(', ')])
  const lastModified = stored.length === 1 ? stored[0]!.lastModified : undefined
  if (lastModified !== undefined) fields.push(['if-modified-since', formatHttpDate(lastModified)])
  return fields
}

/** Fields that describe the content and say nothing where there is none (RFC 9110 section 15.4.5). */
const CONTENT_FIELDS = new Set([
  'accept-ranges',
  'content-digest',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-md5',
  'content-range',
  'content-type',
  'digest',
  'repr-digest',
  'trailer',
  'transfer-encoding',
])

/**
 * The fields of a 200 that its 304 carries: `Cache-Control`, `Content-Location`, `Date`, `ETag`, `Expires`, `Vary` and all
 * that is not about the content (policies, cross-origin permissions), as RFC 9110 section 15.4.5 asks.
 *
 * `Last-Modified` goes along only where there is no `ETag`.
 */
export function notModifiedFields(lines: readonly FieldLine[]): FieldLine[] {
  const tagged = lines.some(([name]) => name.toLowerCase() === 'etag')
  return lines.filter(([name]) => {
    const key = name.toLowerCase()
    return !CONTENT_FIELDS.has(key) && !(tagged && key === 'last-modified')
  })
}

/**
 * True when a 304 is about this stored response, which it then updates (RFC 9111 section 4.3.4).
 *
 * A validator in the 304 has to be the stored one. A 304 without any is about the stored response when that was the `only`
 * one asked about: handlers often forget to repeat the tag.
 */
export function confirmsStored(
  stored: Validators,
  received: Validators,
  options: { readonly only: boolean },
): boolean {
  const { etag, lastModified } = received
  if (etag !== undefined && isEntityTag(etag)) {
    if (stored.etag === undefined) return false
    return isWeakTag(etag) ? sameTag(stored.etag, etag, 'weak') : stored.etag === etag
  }
  return lastModified === undefined ? options.only : stored.lastModified === lastModified
}
