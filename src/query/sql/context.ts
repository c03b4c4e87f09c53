import type { Token } from './lex/token.js'
import { isOne, type Reader } from './reader.js'
import { BEFORE_BRACKET, BEFORE_TEXT } from './words.js'

/** What is special inside a pair of brackets. `from`: the word FROM separates arguments. */
export type Inside = 'plain' | 'call' | 'from' | 'cast' | 'filter'

/** What a word before a bracket makes of it: whether it is the name of a function. */
export function isCall(r: Reader, text: string, before: Token | undefined): boolean {
  const keyword = BEFORE_BRACKET[r.dialect].has(text) && !isOperatorAsCall(r, text, before)
  return !keyword && !isContextual(r, text, before)
}

/** What separates the arguments of a function. */
export function separator(r: Reader, text: string): Inside {
  if (text === 'CAST' || text === 'TRY_CAST') return 'cast'
  if (text === 'EXTRACT' || text === 'TRIM' || text === 'SUBSTRING' || text === 'OVERLAY')
    return 'from'
  if (r.dialect === 'mysql' && (text === 'SUBSTR' || text === 'MID')) return 'from'
  return 'call'
}

/** PostgreSQL lets functions have the names of these operators. What is not behind an operand is a call. */
function isOperatorAsCall(r: Reader, text: string, before: Token | undefined): boolean {
  if (r.dialect !== 'postgres' || (text !== 'LIKE' && text !== 'ILIKE' && text !== 'IS'))
    return false
  r.found.functions.add(text.toLowerCase())
  if (before?.kind === 'op') return before.text !== ')' && before.text !== ']'
  return before?.kind === 'word' && BEFORE_TEXT.has(before.text) && before.text !== 'NOT'
}

/** Words that are no function only in one place. */
function isContextual(r: Reader, text: string, before: Token | undefined): boolean {
  switch (text) {
    case 'OVER':
    case 'FILTER':
      return before !== undefined && isOne(before, [')', 'NULLS'])
    case 'BY':
      return before !== undefined && isOne(before, ['ORDER', 'PARTITION', 'GROUP'])
    case 'ZONE':
      return before !== undefined && isOne(before, ['TIME'])
    case 'COLUMNS':
      return before?.kind === 'string'
    case 'SETS':
      return before !== undefined && isOne(before, ['GROUPING'])
    case 'ROLLUP':
    case 'CUBE':
      r.found.functions.add(text.toLowerCase())
      return (
        r.grouping && before !== undefined && isOne(before, ['BY', 'DISTINCT', 'ALL', ',', '('])
      )
    default:
      return false
  }
}
