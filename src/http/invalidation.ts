import { type FieldValues, fieldValue } from './fields.js'
import { isSafeMethod } from './statuses.js'

/** An answer that may have made stored responses wrong. */
export interface InvalidationInput {
  readonly method: string
  readonly status: number
  /** The absolute URL of the request, its host from configuration. */
  readonly url: string
  /** The fields of the response. */
  readonly fields: FieldValues
}

/** True when the answer says that something changed: an unsafe method, and a status of 2xx or 3xx. */
export function mayHaveChanged(method: string, status: number): boolean {
  return !isSafeMethod(method) && status >= 200 && status <= 399
}

/**
 * The absolute URLs whose stored responses an answer invalidates (RFC 9111 section 4.4): its own, and what `Location` and
 * `Content-Location` name on the same origin. Empty when nothing changed.
 */
export function invalidatedUrls(input: InvalidationInput): string[] {
  if (!mayHaveChanged(input.method, input.status) || !URL.canParse(input.url)) return []
  const target = new URL(input.url)
  target.hash = ''
  const urls = new Set([target.href])
  for (const name of ['location', 'content-location']) {
    const reference = fieldValue(input.fields, name)
    if (reference === undefined || !URL.canParse(reference, target.href)) continue
    const named = new URL(reference, target)
    named.hash = ''
    if (named.origin === target.origin) urls.add(named.href)
  }
  return [...urls]
}
