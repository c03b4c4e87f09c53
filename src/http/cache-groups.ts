import { fieldValue } from './fields.js'
import { type InvalidationInput, mayHaveChanged } from './invalidation.js'
import { formatList, string } from './structured-format.js'
import { parseList } from './structured-parse.js'

/**
 * Groups of responses that change together (RFC 9875). A group belongs to one origin: keep the two apart in whatever a
 * group becomes (a tag, say), or one site could invalidate another's.
 */

/** The groups a response belongs to, from its `Cache-Groups` (section 2); none when the field cannot be read. */
export function parseCacheGroups(value: string | undefined): readonly string[] {
  const members = value === undefined ? undefined : parseList(value)
  const groups = new Set<string>()
  for (const member of members ?? []) {
    if ('items' in member || member.item.type !== 'string') return []
    groups.add(member.item.value)
  }
  return [...groups]
}

/**
 * The value of `Cache-Groups` or `Cache-Group-Invalidation`; `undefined` when there are no groups, which has no form.
 *
 * @throws {CacheError} `CACHE_VALUE_INVALID` for a group that is not printable ASCII.
 */
export function formatCacheGroups(groups: readonly string[]): string | undefined {
  return groups.length === 0 ? undefined : formatList(groups.map((group) => string(group)))
}

/**
 * The groups an answer invalidates on its origin, from its `Cache-Group-Invalidation` (section 3). Ignored after a safe
 * method, and after an answer that says nothing changed.
 */
export function invalidatedGroups(
  input: Pick<InvalidationInput, 'method' | 'status' | 'fields'>,
): readonly string[] {
  if (!mayHaveChanged(input.method, input.status)) return []
  return parseCacheGroups(fieldValue(input.fields, 'cache-group-invalidation'))
}
