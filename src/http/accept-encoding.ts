import { formatPreferences, parsePreferences } from './quality.js'

/**
 * `Accept-Encoding` (RFC 9110 section 12.5.3): what a visitor's list means, in as few forms as the standard allows.
 */

/**
 * The field in a form that is the same for every way to say the same: case, order, spaces.
 *
 * A field that is not well formed stays as it is, since others may read it otherwise.
 */
export function normaliseAcceptEncoding(value: string): string {
  const preferences = parsePreferences(value)
  return preferences === undefined ? value : formatPreferences(preferences)
}

/** Old names that mean the same (section 8.4.1). */
const SYNONYMS: Readonly<Record<string, string>> = { gzip: 'x-gzip', compress: 'x-compress' }

/**
 * The coding to send of those `available`, best first: the one the visitor prefers, or of equals the first.
 *
 * `'identity'` is no coding: what remains when nothing else is acceptable, or the field is absent or not well formed.
 */
export function chooseCoding(value: string | undefined, available: readonly string[]): string {
  if (value === undefined) return 'identity'
  const preferences = parsePreferences(value) ?? []
  const weights = new Map(preferences.map((one) => [one.value, one.thousandths]))
  const others = weights.get('*') ?? 0
  let best = 'identity'
  let bestWeight = weights.get('identity') ?? 0
  for (const coding of available) {
    const weight = weights.get(coding) ?? weights.get(SYNONYMS[coding] ?? '') ?? others
    if (weight > bestWeight || (weight > 0 && weight === bestWeight && best === 'identity')) {
      best = coding
      bestWeight = weight
    }
  }
  return best
}
