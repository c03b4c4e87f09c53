import { type FieldValues, fieldValue } from './fields.js'

/**
 * What a 200 to HEAD does to a stored answer to GET (RFC 9111 section 4.3.5): `'update'` its fields, or make it `'stale'`
 * because a validator or the length is no longer what it was.
 */
export function headEffect(stored: FieldValues, head: FieldValues): 'update' | 'stale' {
  for (const name of ['etag', 'last-modified', 'content-length']) {
    const value = fieldValue(head, name)
    if (value !== undefined && value !== fieldValue(stored, name)) return 'stale'
  }
  return 'update'
}
