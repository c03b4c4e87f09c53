import { splitList } from './fields.js'
import { isToken, trimWhitespace } from './tokens.js'

/** A member of `Accept-Encoding` or `Accept-Language`: what is accepted, lower-case, and how much it is preferred. */
export interface Preference {
  readonly value: string
  /** 0 (not acceptable) to 1, in thousandths of one. */
  readonly thousandths: number
}

/** Sorting them costs something; a visitor with good intentions needs far fewer. */
const MAX_MEMBERS = 64

/**
 * The preferences of a list with weights (RFC 9110 section 12.4.2).
 *
 * `undefined` when a member is no token, has a weight that cannot be read or stands there twice, or when there are more
 * than 64: whoever reads such a field reads it in a way of their own, so it means nothing that could be compared.
 */
export function parsePreferences(value: string): readonly Preference[] | undefined {
  const members = splitList(value)
  if (members.length > MAX_MEMBERS) return undefined
  const preferences: Preference[] = []
  const seen = new Set<string>()
  for (const member of members) {
    const semicolon = member.indexOf(';')
    const name = trimWhitespace(semicolon === -1 ? member : member.slice(0, semicolon))
    const thousandths = semicolon === -1 ? 1000 : parseWeight(member.slice(semicolon + 1))
    const key = name.toLowerCase()
    if (!isToken(name) || thousandths === undefined || seen.has(key)) return undefined
    seen.add(key)
    preferences.push({ value: key, thousandths })
  }
  return preferences
}

/** `q=0.5` in thousandths; other parameters have no meaning here. */
function parseWeight(text: string): number | undefined {
  const match = /^[ \t]*q=(?:(1)(?:\.0{0,3})?|0(?:\.(\d{0,3}))?)[ \t]*$/i.exec(text)
  if (!match) return undefined
  return match[1] === '1' ? 1000 : Number((match[2] ?? '').padEnd(3, '0'))
}

/** Preferences in one written form: by weight, then by name. The order among equals means nothing (section 12.5.4). */
export function formatPreferences(preferences: readonly Preference[]): string {
  return preferences
    .toSorted((a, b) => b.thousandths - a.thousandths || (a.value < b.value ? -1 : 1))
    .map(({ value, thousandths }) =>
      thousandths === 1000 ? value : `${value};q=${Number((thousandths / 1000).toFixed(3))}`,
    )
    .join(',')
}
