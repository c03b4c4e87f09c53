import { settledCookie } from './lifetime.js'

type Fields = ReadonlyMap<string, string>

/**
 * Three-way merge by top-level field: what this request has changed since it read the session counts, and otherwise what is there
 * by now. A field that both have changed is as this request has it, since it comes last.
 */
export function mergeFields(base: Fields, mine: Fields, theirs: Fields): Map<string, string> {
  const merged = new Map<string, string>()
  for (const name of new Set([...theirs.keys(), ...mine.keys()])) {
    const text =
      name === 'cookie' || mine.get(name) !== base.get(name) ? mine.get(name) : theirs.get(name)
    if (text !== undefined) merged.set(name, text)
  }
  if (whoseCookie(base, mine, theirs) === 'theirs') {
    const cookie = theirs.get('cookie')
    if (cookie !== undefined) merged.set('cookie', cookie)
  }
  return merged
}

/** Whose cookie holds: who only moved its end has not changed it. */
export function whoseCookie(
  base: Fields,
  mine: Fields,
  theirs: Fields,
): 'mine' | 'theirs' | 'same' {
  const [was, own, other] = [base, mine, theirs].map((fields) =>
    settledCookie(fields.get('cookie')),
  )
  if (own !== was) return 'mine'
  return other === was ? 'same' : 'theirs'
}
