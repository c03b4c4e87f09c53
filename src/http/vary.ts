import { type FieldLine, type FieldValues, fieldValue, splitList } from './fields.js'
import { isToken } from './tokens.js'

/** The names in a `Vary`, lower-case, sorted, each once; `'*'` when no later request can be told to match. */
export type Vary = readonly string[] | '*'

/**
 * What a response varies on (RFC 9110 section 12.5.5). A member that is not a field name counts as `*`: it says that
 * something matters which cannot be compared.
 */
export function parseVary(value: string | undefined): Vary {
  if (value === undefined) return []
  const names = new Set<string>()
  for (const member of splitList(value)) {
    if (member === '*' || !isToken(member)) return '*'
    names.add(member.toLowerCase())
  }
  return [...names].toSorted()
}

/** Everything either of two varies on. */
export function mergeVary(a: Vary, b: Vary): Vary {
  if (a === '*' || b === '*') return '*'
  if (b.every((name) => a.includes(name))) return a
  return [...new Set([...a, ...b])].toSorted()
}

/** The value of `Vary`; `undefined` when there is nothing to say. */
export function formatVary(vary: Vary): string | undefined {
  if (vary === '*') return '*'
  return vary.length === 0 ? undefined : vary.join(', ')
}

/** Writes a field value in a form that is the same for all values that mean the same. */
export type FieldNormaliser = (value: string) => string

/** How to compare request fields, by lower-case name. A name that is not in it is compared by `normaliseList`. */
export type FieldNormalisers = Readonly<Record<string, FieldNormaliser>>

/** Fields that are not lists: a comma in them is text, and the space behind it too. */
const NOT_LISTS = new Set([
  'authorization',
  'cookie',
  'date',
  'from',
  'host',
  'if-modified-since',
  'if-range',
  'if-unmodified-since',
  'origin',
  'proxy-authorization',
  'referer',
  'user-agent',
])

/** Leaves out the optional whitespace around the commas of a list and its empty members (RFC 9111 section 4.1). */
export function normaliseList(value: string): string {
  return splitList(value).join(',')
}

/**
 * The selecting fields of a request, written so that two requests match (RFC 9111 section 4.1) exactly when the texts are
 * the same.
 *
 * Each name is followed by `-` when the field is absent, or by the length and the text of its normalised value: values
 * cannot run into each other, whatever they hold. `names` are those of `parseVary`, sorted.
 */
export function variantKey(
  names: readonly string[],
  headers: FieldValues,
  normalisers: FieldNormalisers = {},
): string {
  let key = ''
  for (const name of names) {
    const value = fieldValue(headers, name)
    if (value === undefined) key += `${name}-\n`
    else {
      const written = normaliseField(name, value, normalisers)
      key += `${name}=${written.length}:${written}\n`
    }
  }
  return key
}

/**
 * The selecting fields of a request as they were compared. Put them in the request that makes the response: what two
 * requests share is then made from what they have in common, and not from the one that happened to come first.
 */
export function selectingFields(
  names: readonly string[],
  headers: FieldValues,
  normalisers: FieldNormalisers = {},
): FieldLine[] {
  const fields: FieldLine[] = []
  for (const name of names) {
    const value = fieldValue(headers, name)
    if (value !== undefined) fields.push([name, normaliseField(name, value, normalisers)])
  }
  return fields
}

function normaliseField(name: string, value: string, normalisers: FieldNormalisers): string {
  const normalise = Object.hasOwn(normalisers, name) ? normalisers[name] : undefined
  if (normalise !== undefined) return normalise(value)
  return NOT_LISTS.has(name) ? value : normaliseList(value)
}
