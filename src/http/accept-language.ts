import { formatPreferences, parsePreferences, type Preference } from './quality.js'

/**
 * `Accept-Language` (RFC 9110 section 12.5.4, RFC 4647): what a visitor's list means, in as few forms as the standard
 * allows.
 */

/**
 * The field in a form that is the same for every way to say the same: case, spaces, and the order of languages with the
 * same weight, on which nobody can rely.
 *
 * A field that is not well formed stays as it is, since others may read it otherwise.
 */
export function normaliseAcceptLanguage(value: string): string {
  const preferences = parsePreferences(value)
  return preferences === undefined ? value : formatPreferences(preferences)
}

/**
 * The language to answer in, of those `available`, or `fallback`: the one whose range the visitor weighs most, by lookup
 * (RFC 4647 section 3.4), where `de-AT` is also answered by `de`; of equals the first in `available`.
 */
export function chooseLanguage(
  value: string | undefined,
  available: readonly string[],
  fallback: string,
): string {
  const preferences = (value === undefined ? undefined : parsePreferences(value)) ?? []
  let best = fallback
  let bestScore = 0
  for (const language of available) {
    const score = scoreOf(language.toLowerCase(), preferences)
    if (score > bestScore) {
      best = language
      bestScore = score
    }
  }
  return best
}

/** How much a visitor wants `tag`: the weight of the range closest to it, then how close that is. Zero: not at all. */
function scoreOf(tag: string, preferences: readonly Preference[]): number {
  let closest = -1
  let weight = 0
  for (const { value, thousandths } of preferences) {
    const closeness = closenessOf(value, tag)
    if (closeness > closest) {
      closest = closeness
      weight = thousandths
    }
  }
  return weight === 0 ? 0 : weight * 2000 + closest
}

/** 1000: the same. Else the length of the broader range that covers the tag. 0 for `*`. -1: nothing in common. */
function closenessOf(range: string, tag: string): number {
  if (range === tag) return 1000
  if (range === '*') return 0
  if (tag.startsWith(`${range}-`)) return 500 + range.length
  return range.startsWith(`${tag}-`) ? tag.length : -1
}
