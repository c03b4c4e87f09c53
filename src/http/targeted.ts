import {
  collectDirectives,
  NO_DIRECTIVES,
  parseCacheControl,
  type ResponseDirectives,
} from './cache-control.js'
import type { Directive } from './directives.js'
import { type FieldValues, fieldValue } from './fields.js'
import { memoise } from './memoise.js'
import { parseDictionary } from './structured-parse.js'
import type { BareItem } from './structured.js'

/**
 * Directives for particular caches (RFC 9213): `CDN-Cache-Control` and fields like it.
 *
 * They say what `Cache-Control` says but are structured fields, so one fault makes the whole field count as absent.
 */

/** The directives that govern a response, and where they were found. */
export interface GoverningDirectives {
  readonly directives: ResponseDirectives
  /** The lower-case name of the field they came from. When it is not `cache-control`, `Expires` counts for nothing. */
  readonly source: string
}

/** The directives of a targeted field; `undefined` when it is empty or not a structured dictionary (section 2.1). */
export function parseTargetedCacheControl(
  value: string | undefined,
): ResponseDirectives | undefined {
  if (value === undefined) return undefined
  const members = parseDictionary(value)
  if (members === undefined || members.size === 0) return undefined
  const directives: Directive[] = []
  for (const [name, member] of members) {
    if ('items' in member) directives.push({ name, argument: undefined, valid: false })
    else if (member.item.type !== 'boolean' || member.item.value) {
      directives.push({ name, ...argumentOf(name, member.item) })
    }
  }
  return collectDirectives(directives)
}

const COUNTED = new Set(['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error'])

/** Lengths must be integers, everything else must not be a number: other types are not to be consumed (section 2.1). */
function argumentOf(name: string, item: BareItem): Omit<Directive, 'name'> {
  if (item.type === 'boolean') return { argument: undefined, valid: true }
  if (COUNTED.has(name)) {
    return { argument: String(item.value), valid: item.type === 'integer' && item.value >= 0 }
  }
  const text = item.type === 'string' || item.type === 'token'
  return { argument: String(item.value), valid: text || item.type === 'integer' }
}

/** Applications say few different things, and often. */
const known = memoise((text) => frozen(parseCacheControl(text)))

function directivesOf(value: string | undefined): ResponseDirectives {
  return value === undefined ? NO_DIRECTIVES : known(value)
}

/** What many responses share is nobody's to change. */
function frozen(directives: ResponseDirectives): ResponseDirectives {
  for (const value of Object.values(directives)) Object.freeze(value)
  directives.extensions.forEach(Object.freeze)
  return Object.freeze(directives)
}

/**
 * What governs a response for a cache that listens to `targets`, lower-case field names, most specific first.
 *
 * The first of them that is there and valid wins, and then `Cache-Control` and `Expires` are ignored (section 2.2).
 */
export function governingDirectives(
  fields: FieldValues,
  targets: readonly string[] = [],
): GoverningDirectives {
  for (const source of targets) {
    const directives = parseTargetedCacheControl(fieldValue(fields, source))
    if (directives !== undefined) return { directives, source }
  }
  return {
    directives: directivesOf(fieldValue(fields, 'cache-control')),
    source: 'cache-control',
  }
}
