import { invalidOption } from '../base/errors.js'
import type { Scope } from '../cache/scope.js'
import {
  encodeSurrogateKey,
  type FieldLine,
  fieldValue,
  type FieldValues,
  formatSurrogateKeys,
  parseCacheGroups,
  SURROGATE_KEY_FORMATS,
  type SurrogateKeyDialect,
  type SurrogateKeyFormat,
} from '../http/index.js'
import { groupTag } from './keys.js'
import type { Run } from './run.js'

/**
 * The tags of a page in a field that a CDN in front of the application reads, so that it can be told to forget the page when a
 * tag is invalidated here (see `purge.ts`).
 */

/** Said to CDNs of a response whose tags it does not have all: it could not be purged, so it must not be kept there. */
const NOT_FOR_CDNS: readonly FieldLine[] = [
  ['cdn-cache-control', 'no-store'],
  ['surrogate-control', 'no-store'],
]

/** How tags are to be written; undefined where they are not. */
export function resolveSurrogate(
  given: SurrogateKeyDialect | SurrogateKeyFormat | undefined,
): SurrogateKeyFormat | undefined {
  if (given === undefined) return undefined
  const format =
    typeof given === 'string' && Object.hasOwn(SURROGATE_KEY_FORMATS, given)
      ? SURROGATE_KEY_FORMATS[given]
      : given
  if (
    typeof format !== 'object' ||
    format === null ||
    !/^[!#$%&'*+.^`|~\w-]+$/.test(format.field)
  ) {
    const known = Object.keys(SURROGATE_KEY_FORMATS).join(', ')
    throw invalidOption('surrogateKeys', `one of ${known}, or a format`, given)
  }
  return format
}

/**
 * The fields that a response with `fields` goes out with besides. What the handler wrote into the field stays in it. `whole`:
 * nothing more can be read from now on; otherwise the tags may not be all, and the response is not for CDNs.
 */
export function surrogateLines(
  run: Run,
  scope: Scope | undefined,
  fields: FieldValues,
  whole: boolean,
): readonly FieldLine[] {
  const format = run.settings.surrogate
  if (format === undefined) return []
  const { separator, maxBytes, maxTags } = format
  const field = format.field.toLowerCase()
  const present = (fieldValue(fields, field) ?? '').split(separator).flatMap((key) => {
    const trimmed = key.trim()
    return trimmed === '' ? [] : [trimmed]
  })
  const taken = present.reduce((bytes, key) => bytes + key.length + 1, 0)
  const groups = parseCacheGroups(fieldValue(fields, 'cache-groups'))
  const tags = [
    ...run.tags,
    ...groups.map((group) => groupTag(run.url, group)),
    ...(scope?.tags() ?? []),
  ].filter((tag) => !present.includes(encodeSurrogateKey(tag)))
  const { value, omitted } = formatSurrogateKeys(tags, {
    ...format,
    maxBytes: maxBytes - taken,
    maxTags: maxTags - present.length,
  })
  const keys = [...present, ...(value === '' ? [] : [value])].join(separator)
  return [[field, keys], ...(whole && omitted.length === 0 ? [] : NOT_FOR_CDNS)]
}
