import type { Token } from '../lex/token.js'

/**
 * - `pure`: it depends on its arguments, and on the tables it is given them from, only.
 * - `moments`: pure, unless a text it is given says "now".
 * - `settings`, `time`, `volatile`, `session`, `lock`, `catalogue`: see `Reason`.
 * - `tells`: it notifies others. `sets`: it changes the session's state. `writes`: it changes something that is no table (a sequence, a large object).
 * - `unknown`: not on the list, so it may do anything.
 */
export type FunctionKind =
  | 'pure'
  | 'moments'
  | 'settings'
  | 'time'
  | 'volatile'
  | 'session'
  | 'tells'
  | 'sets'
  | 'lock'
  | 'catalogue'
  | 'writes'
  | 'unknown'

/** The words between the brackets of a call. */
export interface Arguments {
  readonly tokens: readonly Token[]
  readonly from: number
  readonly to: number
  readonly glued: boolean
}

/** Names and kinds; a function decides by the arguments. */
export type FunctionTable = ReadonlyMap<string, FunctionKind | ((call: Arguments) => FunctionKind)>

export function table(
  kinds: Partial<Record<FunctionKind, string>>,
  rules: Readonly<Record<string, (call: Arguments) => FunctionKind>> = {},
): FunctionTable {
  const map = new Map<string, FunctionKind | ((call: Arguments) => FunctionKind)>()
  for (const [kind, names] of Object.entries(kinds)) {
    for (const name of names.trim().split(/\s+/)) map.set(name, kind as FunctionKind)
  }
  for (const [names, rule] of Object.entries(rules)) {
    for (const name of names.split(' ')) map.set(name, rule)
  }
  return map
}

export function look(functions: FunctionTable, name: string, call: Arguments): FunctionKind {
  const kind = functions.get(name) ?? 'unknown'
  return typeof kind === 'string' ? kind : kind(call)
}

/** How many arguments a call has. */
export function count(call: Arguments): number {
  if (call.from >= call.to) return 0
  let commas = 0
  for (let i = call.from; i < call.to; i++) {
    const token = call.tokens[i]
    // What an aggregate is ordered by is no argument.
    if (token === undefined || (token.kind === 'word' && token.text === 'ORDER')) break
    if (token.kind !== 'op') continue
    if (token.text === ',') commas++
    else if (token.match > i) i = token.match
  }
  return commas + 1
}

/** The only word of an argument, or undefined when it has none or several. */
export function single(call: Arguments, index: number): Token | undefined {
  let argument = 0
  let found: Token | undefined
  let words = 0
  for (let i = call.from; i < call.to; i++) {
    const token = call.tokens[i]
    if (token === undefined) break
    if (token.kind === 'op' && token.text === ',') {
      if (argument++ === index) break
      continue
    }
    if (argument === index) {
      found = token
      words++
    }
    if (token.kind === 'op' && token.match > i) i = token.match
  }
  return words === 1 ? found : undefined
}

/** Whether any of these words stands directly in the brackets. */
export function hasWord(call: Arguments, words: readonly string[]): boolean {
  for (let i = call.from; i < call.to; i++) {
    const token = call.tokens[i]
    if (token?.kind === 'word' && words.includes(token.text)) return true
    if (token?.kind === 'op' && token.match > i) i = token.match
  }
  return false
}
