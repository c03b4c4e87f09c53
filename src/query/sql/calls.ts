import { classify } from './functions.js'
import type { Token } from './lex/token.js'
import type { Reader } from './reader.js'

/** A call as it stands in the text: its name, and the words between the brackets. */
export interface Call {
  readonly path: readonly Token[]
  readonly from: number
  readonly to: number
  /** Nothing stands between the name and the bracket. */
  readonly glued: boolean
}

/** Notes what a call depends on and may do. */
export function noteCall(r: Reader, call: Call): void {
  const name = call.path.map((part) => part.name).join('.')
  const folded = r.dialect === 'postgres' ? name : name.toLowerCase()
  r.found.functions.add(folded)
  const known =
    r.dialect === 'postgres' && folded.startsWith('pg_catalog.') ? folded.slice(11) : folded
  switch (classify(r.dialect, known, { tokens: r.tokens, ...call })) {
    case 'pure':
      return
    case 'moments':
      r.found.moments = true
      return
    case 'settings':
      return r.found.refuse('settings', folded)
    case 'time':
      return r.found.refuse('time', folded)
    case 'volatile':
      return r.found.refuse('volatile', folded)
    case 'session':
      return r.found.refuse('session', folded)
    case 'lock':
      return r.found.refuse('lock', folded)
    case 'catalogue':
      return r.found.refuse('catalogue', folded)
    case 'sets':
      r.found.refuse('session', folded)
      r.found.sets = true
      return
    case 'writes':
      return r.found.refuse('writes', folded)
    case 'unknown':
      return r.found.distrust('function', folded)
  }
}
