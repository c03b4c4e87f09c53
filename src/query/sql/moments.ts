import type { Analysis } from './types.js'

/**
 * PostgreSQL reads `'now'`, `'today'`, `'tomorrow 10:00'` and their like as moments wherever a date is wanted, and a parameter's type
 * is inferred, so `created_at > $1` may depend on the time through its value. SQLite's date functions do the same with `'now'`,
 * and `'subsec'` alone means now with fractions. PostgreSQL 15 section 8.5.1.4; SQLite "Date And Time Functions".
 */
const WORDS = /(?:^|[^a-z])(?:now|today|tomorrow|yesterday|subsec|subsecond)(?:[^a-z]|$)/i

/** The longest text PostgreSQL reads as a date (MAXDATELEN). */
const MAX_LENGTH = 128

/** Whether a text might be read as a moment that moves. It errs on the side of yes: `now playing` is one. */
export function isMoment(text: string): boolean {
  if (text.length > MAX_LENGTH) return isListOfMoments(text)
  if (!WORDS.test(text)) return false
  // A date has at most the word, a time zone and AM or PM besides numbers: what says more is prose.
  return (text.match(/[a-z]+/gi)?.length ?? 0) <= 4 || isListOfMoments(text)
}

/**
 * Whether an answer depends on the time through the values of its parameters, which must be asked before an analysis that says
 * `cacheable` is believed.
 */
export function dependsOnNow(analysis: Analysis, values: Iterable<unknown>): boolean {
  if (!analysis.params.moments) return false
  for (const value of values) if (mayBeMoment(value, 0)) return true
  return false
}

function mayBeMoment(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return isMoment(value)
  if (typeof value !== 'object' || value === null) return false
  // Lists are sent as `{now,...}`. Anything that turns itself into text is not ours to foresee, but is not cacheable either.
  if (Array.isArray(value)) return depth > 3 || value.some((item) => mayBeMoment(item, depth + 1))
  return (
    value instanceof Uint8Array &&
    value.length <= MAX_LENGTH &&
    isMoment(Buffer.from(value).toString('latin1'))
  )
}

/** `{now,2024-01-01}` and `[today,tomorrow)`: an array or a range as text. */
function isListOfMoments(text: string): boolean {
  return /^[[({]/.test(text) && WORDS.test(text.slice(0, 100_000))
}
