import { noteText, noteTypedLiteral, readType } from './casts.js'
import { noteCall, type Call } from './calls.js'
import { isCall, separator, type Inside } from './context.js'
import type { Token } from './lex/token.js'
import { POSTGRES_OPERATORS } from './operators.js'
import { isOne, type Reader } from './reader.js'
import {
  BARE_CALLS,
  BEFORE_TEXT,
  MISPLACED,
  NO_ENDS,
  QUERY_GOES_ON,
  QUERY_STARTS,
} from './words.js'

/**
 * Expressions are not parsed into trees. A table can enter one in two ways only, a query in brackets and SQLite's `IN table`, so it
 * is enough to follow the brackets, to tell calls, casts and names apart, and to stop where a clause begins. Whatever does not fit
 * that picture makes the whole text unreadable, which is the safe side.
 */

const PUNCTUATION: ReadonlySet<string> = new Set([':=', '..', '=>', ',', ':'])

/** Reads a list of expressions up to one of `ends` at the same level, a closing bracket, a semicolon or the end. */
export function readExpressions(r: Reader, ends: ReadonlySet<string>): void {
  // A list that begins with a comma is none: the word before it was a name, and what follows may be a table.
  if (r.is(',') && !ends.has(',')) r.fail()
  readItems(r, ends, 'plain')
}

function readItems(r: Reader, ends: ReadonlySet<string>, inside: Inside): void {
  let query = false
  let cases = 0
  for (;;) {
    const token = r.token
    if (token.kind === 'end') return
    if (token.kind === 'op') {
      const { text } = token
      if (text === ')' || text === ']' || text === ';' || ends.has(text)) return
      if (text === '(') {
        query = readBrackets(r, 'plain')
        continue
      }
      readMark(r, text)
    } else if (token.kind === 'word') {
      // Behind a query in brackets it goes on: `((SELECT 1) UNION SELECT 2)`.
      if (query && inside === 'call' && CONTINUES.has(token.text)) r.grammar.query(r)
      else if (
        ends.has(token.text) &&
        !(cases > 0 && token.text === 'WHEN') &&
        !isCallOf(r, 'LEFT', 'RIGHT')
      ) {
        return
      } else {
        if (token.text === 'CASE') cases++
        else if (token.text === 'END' && cases > 0) cases--
        readWord(r, token, inside)
      }
    } else if (token.kind === 'string') {
      noteText(r, token.name)
      r.next()
    } else if (token.kind === 'variable') {
      r.found.refuse('session', token.name)
      r.next()
    } else if (token.kind === 'quoted' || token.kind === 'either') readName(r)
    else r.next()
    query = false
  }
}

const CONTINUES = new Set(['UNION', 'INTERSECT', 'EXCEPT', 'ORDER', 'LIMIT', 'OFFSET', 'FETCH'])

function isCallOf(r: Reader, ...words: readonly string[]): boolean {
  return r.is(...words) && isOne(r.peek(), ['('])
}

/** Reads brackets with all that is in them. True when they hold a query. */
export function readBrackets(r: Reader, inside: Inside): boolean {
  const close = r.token.match
  const { grouping } = r
  // ROLLUP and CUBE are words of GROUP BY itself and of GROUPING SETS; in other brackets they are functions.
  r.grouping = grouping && isOne(r.tokens[r.at - 1] ?? r.token, ['SETS'])
  let query = false
  r.deeper(() => {
    r.next()
    if (
      r.token.kind === 'word' &&
      QUERY_STARTS[r.dialect].has(r.token.text) &&
      !isOne(r.peek(), ['.'])
    ) {
      query = true
      r.grammar.query(r)
      // MySQL's VALUES(column) looks like a query until it goes on.
      if (r.at !== close && r.dialect === 'mysql') readItems(r, NO_ENDS, inside)
    } else if (r.is('(') && inside === 'plain') {
      query = readBrackets(r, 'plain')
      if (query && r.token.kind === 'word' && QUERY_GOES_ON.has(r.token.text)) r.grammar.query(r)
      else if (r.at !== close) {
        query = false
        readItems(r, NO_ENDS, inside)
      }
    } else {
      if (inside === 'filter') r.take('WHERE')
      readItems(r, NO_ENDS, inside)
    }
    if (r.at !== close) r.fail()
    r.next()
  })
  r.grouping = grouping
  return query
}

function readMark(r: Reader, text: string): void {
  if (text === '::') {
    const before = r.tokens[r.at - 1]
    r.next()
    return readType(r, before?.kind === 'string' || before?.kind === 'param')
  }
  r.next()
  if (text === '[') {
    r.deeper(() => {
      readItems(r, NO_ENDS, 'call')
      r.expect(']')
    })
  } else if (text === '.') {
    if (r.isName) r.found.fields.add(r.next().name)
    else r.expect('*')
  } else if (r.dialect === 'postgres' && !POSTGRES_OPERATORS.has(text) && !PUNCTUATION.has(text)) {
    r.found.operators.add(text)
    r.found.distrust('operator', text)
  } else if (text === ':=' && r.dialect === 'mysql') {
    r.found.refuse('session', text)
    r.found.changeSession('changed')
  }
}

function readWord(r: Reader, token: Token, inside: Inside): void {
  const { text } = token
  const next = r.peek()
  if (isOne(next, ['.'])) return readName(r)
  if (text === 'AS') {
    r.next()
    if (inside === 'cast') {
      const before = r.tokens[r.at - 3]
      const lone = isOne(before ?? token, ['('])
      const value = r.tokens[r.at - 2]
      return readType(r, lone && (value?.kind === 'string' || value?.kind === 'param'))
    }
    if (r.isName || r.token.kind === 'string') r.next()
    return
  }
  if (text === 'DISTINCT' && isOne(next, ['FROM'])) {
    if (!isOne(r.tokens[r.at - 1] ?? token, ['IS', 'NOT'])) r.fail()
    // A type or a column called `is`, then a label: `SELECT a::is distinct FROM books`.
    if (isOne(r.tokens[r.at - 2] ?? token, ['::', '.', 'SETOF'])) r.fail()
    r.at += 2
    return
  }
  if (text === 'WITHIN' && isOne(next, ['GROUP'])) {
    r.at += 2
    return void readBrackets(r, 'plain')
  }
  if (text === 'FROM' && inside === 'from') return void r.next()
  if (MISPLACED.has(text)) r.fail()
  if (isOne(next, ['('])) return readCallOrBrackets(r, token)
  if (readBareCall(r)) return
  r.next()
  if (r.dialect === 'postgres') readPostgresWord(r, token, next)
  else if (r.dialect === 'sqlite') readSqliteWord(r, text)
  else if ((text === 'NEXT' || text === 'PREVIOUS') && r.take('VALUE', 'FOR')) {
    r.found.refuse('volatile', 'sequence')
    r.path()
  }
}

/** A call without brackets, as `current_date`. */
export function readBareCall(r: Reader): boolean {
  const { kind, text, name } = r.token
  const bare = kind === 'word' ? BARE_CALLS[r.dialect].get(text) : undefined
  if (bare === undefined) return false
  r.found.functions.add(name)
  r.found.refuse(bare, name)
  r.next()
  return true
}

/** Where a row lies and who locks it changes without a write. */
const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(['ctid', 'xmax', 'cmin', 'cmax'])

function noteSystemColumn(r: Reader, name: string): void {
  if (SYSTEM_COLUMNS.has(name)) r.found.refuse('volatile', name)
}

function readPostgresWord(r: Reader, token: Token, next: Token): void {
  const { text } = token
  noteSystemColumn(r, token.name)
  if (next.kind === 'string' && !BEFORE_TEXT.has(text)) noteTypedLiteral(r, token.name, next.name)
  else if (text === 'AT' && r.take('LOCAL')) r.found.refuse('settings', 'at local')
  else if (text === 'AT') r.take('TIME', 'ZONE')
  else if ((text === 'TIME' || text === 'TIMESTAMP') && r.take('WITH', 'TIME', 'ZONE')) {
    r.found.refuse('settings', 'time zone')
  } else if ((text === 'PARTITION' || text === 'ORDER') && r.is('BY')) r.next()
  else if (text === 'CURRENT' && r.is('OF')) r.found.refuse('cursor', 'current of')
}

/** `x IN table`, and the operators that call functions of the application. */
function readSqliteWord(r: Reader, text: string): void {
  if (text === 'IN' && r.isName) {
    const path = r.path()
    if (r.is('(')) readCall(r, path)
    else r.use(path, 'read')
  } else if (text === 'REGEXP') {
    r.found.functions.add('regexp')
    r.found.distrust('function', 'regexp')
  } else if (text === 'LIKE' || text === 'GLOB' || text === 'MATCH') {
    // Functions that an application may put its own in place of.
    r.found.functions.add(text.toLowerCase())
  } else if ((text === 'PARTITION' || text === 'ORDER') && r.is('BY')) r.next()
}

/** `a`, `a.b`, `a.*`, or a call of a function with such a name. */
function readName(r: Reader): void {
  const first = r.next()
  const path = [first]
  let star = false
  while (!star && r.is('.') && path.length < 5) {
    r.next()
    star = r.takeOne('*')
    if (!star) path.push(r.name())
  }
  if (!star && r.is('(')) return readCall(r, path)
  if (r.dialect === 'postgres') {
    if (r.token.kind === 'string') noteTypedLiteral(r, nameOf(path), r.token.name)
    for (const part of path.slice(1)) r.found.fields.add(part.name)
    noteSystemColumn(r, nameOf(path.slice(-1)))
  }
  // MariaDB in Oracle mode: the next number of a sequence.
  const last = path.at(-1) ?? first
  if (
    r.dialect === 'mysql' &&
    path.length > 1 &&
    /^(?:nextval|currval|lastval)$/i.test(last.name)
  ) {
    r.found.refuse('volatile', last.name)
  }
}

function readCallOrBrackets(r: Reader, token: Token): void {
  const { text } = token
  if (!isCall(r, text, r.tokens[r.at - 1])) {
    r.next()
    if (text === 'FILTER') return void readBrackets(r, 'filter')
    // `IN (SELECT 1)` and `EXISTS (SELECT 1)` hold a query, `ARRAY (SELECT 1)` too.
    return void readBrackets(r, 'plain')
  }
  if (r.dialect === 'postgres' && text === 'OPERATOR') return readOperator(r)
  r.next()
  readCall(r, [token])
}

/** `OPERATOR(schema.+)`. */
function readOperator(r: Reader): void {
  r.at += 2
  const path: string[] = []
  while (r.isName) {
    path.push(r.next().name)
    r.expect('.')
  }
  const { text } = r.next()
  const own = path.length === 0 || path.join('.') === 'pg_catalog'
  if (!own || !POSTGRES_OPERATORS.has(text)) {
    const name = [...path, text].join('.')
    r.found.operators.add(name)
    r.found.distrust('operator', name)
  }
  r.expect(')')
}

/** Reads the brackets of a call and notes what it means. */
export function readCall(r: Reader, path: readonly Token[]): void {
  const [first] = path
  const inside = path.length === 1 && first?.kind === 'word' ? separator(r, first.text) : 'call'
  noteCall(r, readArguments(r, path, inside))
  // `numeric(10, 2) '1.5'` is a constant.
  if (r.dialect === 'postgres' && r.token.kind === 'string')
    noteTypedLiteral(r, nameOf(path), r.token.name)
}

function nameOf(path: readonly Token[]): string {
  return path.map((part) => part.name).join('.')
}

function readArguments(r: Reader, path: readonly Token[], inside: Inside): Call {
  const open = r.at
  const close = r.token.match
  const glued = r.tokens[open - 1]?.end === r.token.start
  readBrackets(r, inside)
  return { path, from: open + 1, to: close, glued }
}
