import type { Findings } from './findings.js'
import { classify } from './functions.js'
import type { Arguments } from './functions/table.js'
import type { Token } from './lex/token.js'
import type { Reader } from './reader.js'
import type { Dialect } from './types.js'

/** A call as it stands in the text: its name, and the words between the brackets. */
export interface Call {
  readonly path: readonly Token[]
  readonly from: number
  readonly to: number
  /** Nothing stands between the name and the bracket. */
  readonly glued: boolean
}

export function noteCall(r: Reader, call: Call): void {
  const name = call.path.map((part) => part.name).join('.')
  noteFunction(r.found, r.dialect, name, { tokens: r.tokens, ...call })
}

/** Notes what a call depends on and may do. */
export function noteFunction(
  found: Findings,
  dialect: Dialect,
  written: string,
  call: Arguments,
): void {
  const folded = dialect === 'postgres' ? written : written.toLowerCase()
  const name =
    dialect === 'postgres' && folded.startsWith('pg_catalog.') ? folded.slice(11) : folded
  found.functions.add(name)
  const kind = classify(dialect, name, call)
  if (kind === 'pure') return
  if (kind === 'moments') found.moments = true
  else if (kind === 'unknown') found.distrust('function', name)
  else if (kind === 'sets' || kind === 'tells') {
    found.refuse('session', name)
    found.speaks = true
    if (kind === 'sets') found.changeSession(endsSoon(call) ? 'transaction' : 'changed')
  } else found.refuse(kind, name)
}

/** `set_config(name, value, true)` ends with the transaction. */
function endsSoon({ tokens, to }: Arguments): boolean {
  const value = tokens[to - 1]
  return value?.kind === 'word' && value.text === 'TRUE' && tokens[to - 2]?.text === ','
}
