import { isAnyTag, isEntityTag, listHasTag, sameTag } from './entity-tag.js'
import { type FieldValues, fieldValue } from './fields.js'
import { parseHttpDate } from './http-date.js'

/**
 * Conditional requests (RFC 9110 section 13): one decision for all five precondition fields, in the order of section
 * 13.2.2.
 */

/** The state of the selected representation, and the request that has conditions about it. */
export interface PreconditionInput {
  readonly method: string
  /** The fields of the request. */
  readonly headers: FieldValues
  /** The current entity tag. What is not an entity tag counts as none. */
  readonly etag?: string | undefined
  /** When it was last modified, in milliseconds since the epoch. Compared by whole seconds, as HTTP writes it. */
  readonly lastModified?: number | undefined
  /** The status the request would get without its conditions. Default: 200. */
  readonly status?: number
  /** Whether there is a current representation at all, which is what `*` asks. Default: true. */
  readonly exists?: boolean
  /**
   * `'cache'` leaves out what only an origin server may answer, `If-Match` and `If-Unmodified-Since` (RFC 9111 section
   * 4.3.2). Default: `'origin'`.
   */
  readonly role?: 'origin' | 'cache'
  /**
   * When the response was generated, in milliseconds since the epoch: stands in for a missing modification date when a
   * cache answers, and tells whether that date is a strong validator for `If-Range`.
   */
  readonly date?: number | undefined
}

/** What to do: go on, answer 304 (Not Modified) or answer 412 (Precondition Failed). */
export type PreconditionOutcome = 'proceed' | 'not-modified' | 'precondition-failed'

/**
 * Evaluates the preconditions of a request.
 *
 * They are ignored for methods that select no representation, and unless the answer would be a 2xx or 412 (section
 * 13.2.1). Dates that cannot be read and members that are not entity tags are ignored.
 */
export function evaluatePreconditions(input: PreconditionInput): PreconditionOutcome {
  const { method, headers, etag, lastModified, status = 200 } = input
  if (method === 'CONNECT' || method === 'OPTIONS' || method === 'TRACE') return 'proceed'
  if ((status < 200 || status > 299) && status !== 412) return 'proceed'
  const exists = input.exists !== false
  const reading = method === 'GET' || method === 'HEAD'

  if (input.role !== 'cache') {
    const ifMatch = fieldValue(headers, 'if-match')
    if (ifMatch !== undefined) {
      if (!matches(ifMatch, exists, etag, 'strong')) return 'precondition-failed'
    } else if (lastModified !== undefined) {
      const since = parseHttpDate(fieldValue(headers, 'if-unmodified-since'))
      if (since !== undefined && wholeSecond(lastModified) > since) return 'precondition-failed'
    }
  }

  const ifNoneMatch = fieldValue(headers, 'if-none-match')
  if (ifNoneMatch !== undefined) {
    if (!matches(ifNoneMatch, exists, etag, 'weak')) return 'proceed'
    return reading ? 'not-modified' : 'precondition-failed'
  }
  const modified = lastModified ?? (input.role === 'cache' ? input.date : undefined)
  if (!reading || modified === undefined) return 'proceed'
  const since = parseHttpDate(fieldValue(headers, 'if-modified-since'))
  return since !== undefined && wholeSecond(modified) <= since ? 'not-modified' : 'proceed'
}

function matches(
  list: string,
  exists: boolean,
  etag: string | undefined,
  comparison: 'strong' | 'weak',
): boolean {
  if (!exists) return false
  return isAnyTag(list) || (etag !== undefined && listHasTag(list, etag, comparison))
}

function wholeSecond(atMs: number): number {
  return Math.floor(atMs / 1000) * 1000
}

/**
 * True when the `Range` of a request is to be looked at: there is one, the method is GET, and `If-Range` (if any) names
 * exactly the current representation by a strong validator (section 13.1.5).
 *
 * A date is strong only when it lies at least a second before `date` (section 8.8.2.2). Ask after
 * `evaluatePreconditions` has said `'proceed'` and only where the answer would be 200.
 */
export function rangeApplies(
  input: Pick<PreconditionInput, 'method' | 'headers' | 'etag' | 'lastModified' | 'date'>,
): boolean {
  const { method, headers, etag, lastModified, date } = input
  if (method !== 'GET' || fieldValue(headers, 'range') === undefined) return false
  const ifRange = fieldValue(headers, 'if-range')
  if (ifRange === undefined) return true
  if (isEntityTag(ifRange)) return etag !== undefined && sameTag(ifRange, etag, 'strong')
  if (lastModified === undefined || date === undefined) return false
  const modified = wholeSecond(lastModified)
  return modified + 1000 <= date && parseHttpDate(ifRange) === modified
}

/** True when the request has any of the precondition fields: a quick look before anything is compared. */
export function isConditional(headers: FieldValues): boolean {
  return (
    headers['if-none-match'] !== undefined ||
    headers['if-modified-since'] !== undefined ||
    headers['if-match'] !== undefined ||
    headers['if-unmodified-since'] !== undefined
  )
}
