import { readBareCall, readBrackets, readCall, readExpressions } from './expression.js'
import type { Token } from './lex/token.js'
import { isTableFunction } from './functions/sqlite.js'
import { isOne, type Reader } from './reader.js'
import { JOIN_ENDS, NOT_ALIAS, QUERY_GOES_ON, QUERY_STARTS } from './words.js'

const JOIN_WORDS = [
  'JOIN',
  'NATURAL',
  'LEFT',
  'RIGHT',
  'FULL',
  'INNER',
  'CROSS',
  'STRAIGHT_JOIN',
] as const

/** What stands in a FROM that MySQL's DELETE and UPDATE pick their targets from. */
export interface Item {
  /** As in `Analysis.reads`; undefined for what is no table. */
  readonly table: string | undefined
  readonly alias: string
  readonly path: readonly Token[]
}

/** Reads a list of tables with their joins: what follows FROM, USING or UPDATE. */
export function readTables(r: Reader): Item[] {
  const items: Item[] = []
  readJoined(r, items)
  while (r.takeOne(',')) readJoined(r, items)
  return items
}

function readJoined(r: Reader, items: Item[]): void {
  readItem(r, items)
  for (;;) {
    if (r.is('ON') && !isUpsert(r)) {
      r.next()
      readExpressions(r, JOIN_ENDS[r.dialect])
    } else if (r.is('USING') && isOne(r.peek(), ['('])) {
      r.next()
      r.skipBrackets()
      if (r.dialect === 'postgres' && r.takeOne('AS')) r.name()
    } else if (r.is(...JOIN_WORDS)) readJoin(r, items)
    else return
  }
}

/** `ON CONFLICT` and `ON DUPLICATE KEY` belong to the INSERT around the query. */
function isUpsert(r: Reader): boolean {
  const next = r.peek()
  if (r.dialect === 'mysql') return isOne(next, ['DUPLICATE']) && isOne(r.peek(2), ['KEY'])
  return isOne(next, ['CONFLICT']) && isOne(r.peek(2), ['(', 'DO', 'ON'])
}

function readJoin(r: Reader, items: Item[]): void {
  if (r.takeOne('STRAIGHT_JOIN')) return readItem(r, items)
  // SQLite takes the words in any order.
  while (r.takeOne('NATURAL', 'LEFT', 'RIGHT', 'FULL', 'OUTER', 'INNER', 'CROSS'));
  r.expect('JOIN')
  readItem(r, items)
}

function readItem(r: Reader, items: Item[]): void {
  if (r.takeOne('LATERAL')) {
    if (r.is('(')) return readDerived(r, items)
    if (r.take('ROWS', 'FROM')) return readRowsFrom(r)
    return readFunctionItem(r, r.path())
  }
  if (r.is('(')) {
    if (holdsQuery(r)) return readDerived(r, items)
    const before = r.outline?.sources.length
    r.deeper(() => {
      r.next()
      readJoined(r, items)
      // MySQL and SQLite take a list in brackets.
      while (r.dialect !== 'postgres' && r.takeOne(',')) readJoined(r, items)
      r.expect(')')
    })
    if (readAlias(r) !== undefined && r.outline) {
      // The alias hides the names in the brackets, and may be one of them.
      r.outline.sources.length = before ?? 0
      r.outline.others = true
    }
    return
  }
  if (r.dialect === 'postgres') {
    if (r.take('ROWS', 'FROM')) return readRowsFrom(r)
    if (r.is('ONLY') && !isOne(r.peek(), ['AS', ',', '.'])) return readOnly(r, items)
  }
  if (r.dialect === 'postgres' && !isOne(r.peek(), ['.', '(']) && readBareCall(r))
    return endFunction(r)
  const path = r.path()
  if (r.is('(')) return readFunctionItem(r, path)
  readTable(r, items, path)
}

/**
 * Whether brackets at hand hold a query, as `(SELECT ...)` and `((SELECT 1) UNION SELECT 2)` do; `((SELECT 1) AS a JOIN b)` does not.
 */
function holdsQuery(r: Reader): boolean {
  let at = r.at
  let depth = 0
  while (isOne(r.tokens[at] ?? r.token, ['('])) {
    at++
    if (++depth > 100) r.fail('depth')
  }
  const first = r.tokens[at]
  if (first?.kind !== 'word' || !QUERY_STARTS[r.dialect].has(first.text)) return false
  // Every bracket but the innermost must go on as a query does.
  for (let open = at - 2; open >= r.at; open--) {
    const inner = r.tokens[open + 1]
    const after = r.tokens[(inner?.match ?? -1) + 1]
    if (after === undefined) return false
    if (!isOne(after, [')']) && !(after.kind === 'word' && QUERY_GOES_ON.has(after.text)))
      return false
  }
  return true
}

function readDerived(r: Reader, items: Item[]): void {
  if (!readBrackets(r, 'plain')) r.fail()
  if (r.outline) r.outline.others = true
  items.push({ table: undefined, alias: readAlias(r) ?? '', path: [] })
}

function readOnly(r: Reader, items: Item[]): void {
  r.next()
  const brackets = r.takeOne('(')
  const path = r.path()
  if (brackets) r.expect(')')
  readTable(r, items, path)
}

function readRowsFrom(r: Reader): void {
  r.expect('(')
  do {
    if (!readBareCall(r)) readCall(r, r.path())
    if (r.takeOne('AS')) r.skipBrackets()
  } while (r.takeOne(','))
  r.expect(')')
  r.take('WITH', 'ORDINALITY')
  readAlias(r)
  if (r.outline) r.outline.others = true
}

function readFunctionItem(r: Reader, path: Token[]): void {
  if (!r.is('(')) r.fail()
  // SQLite passes arguments to virtual tables so; what is no function we know is one.
  const last = path.at(-1)?.name ?? ''
  if (r.dialect === 'sqlite' && !isTableFunction(last)) {
    r.use(path, 'read')
    readBrackets(r, 'call')
  } else readCall(r, path)
  endFunction(r)
}

function endFunction(r: Reader): void {
  r.take('WITH', 'ORDINALITY')
  readAlias(r)
  if (r.outline) r.outline.others = true
}

function readTable(r: Reader, items: Item[], path: Token[]): void {
  const table = r.use(path, 'read')
  if (r.dialect === 'postgres') r.takeOne('*')
  readBeforeAlias(r)
  const given = readAlias(r)
  // `AS o (a, b)`: its columns have other names here, one of which may be the name of another of them.
  const renames = given !== undefined && isOne(r.tokens[r.at - 1] ?? r.token, [')'])
  const alias = given ?? path.at(-1)?.name ?? ''
  readAfterAlias(r)
  items.push({ table: table === '' ? undefined : table, alias, path })
  if (r.outline === undefined) return
  if (table === '' || renames) r.outline.others = true
  else r.outline.sources.push({ table, alias })
}

function readBeforeAlias(r: Reader): void {
  if (r.dialect !== 'mysql') return
  if (r.is('PARTITION') && isOne(r.peek(), ['('])) {
    r.next()
    r.skipBrackets()
  }
  if (r.take('FOR', 'SYSTEM_TIME')) readSystemTime(r)
}

/** MariaDB's versioned tables: the past does not change, but a limit of it may be the present. */
function readSystemTime(r: Reader): void {
  if (r.takeOne('ALL')) return
  readExpressions(r, JOIN_ENDS[r.dialect])
  // `FROM a TO b` has a word in it that ends expressions.
  if (r.takeOne('FROM')) readExpressions(r, JOIN_ENDS[r.dialect])
  r.found.refuse('time', 'system_time')
}

function readAfterAlias(r: Reader): void {
  if (r.dialect === 'postgres') {
    if (!r.takeOne('TABLESAMPLE')) return
    r.found.refuse('volatile', 'tablesample')
    r.path()
    readBrackets(r, 'call')
    if (r.takeOne('REPEATABLE')) readBrackets(r, 'call')
  } else if (r.dialect === 'sqlite') {
    if (r.take('INDEXED', 'BY')) r.name()
    else r.take('NOT', 'INDEXED')
  } else {
    while (r.is('USE', 'FORCE', 'IGNORE') && isOne(r.peek(), ['INDEX', 'KEY'])) {
      r.at += 2
      if (r.takeOne('FOR') && !r.takeOne('JOIN')) {
        r.takeOne('ORDER', 'GROUP')
        r.expect('BY')
      }
      r.skipBrackets()
      if (isOne(r.peek(), ['USE', 'FORCE', 'IGNORE']) && isOne(r.peek(2), ['INDEX', 'KEY']))
        r.takeOne(',')
    }
  }
}

/** Whether a word behind a table is no alias of it. Two are names to some servers, unless they begin a clause. */
function endsTable(r: Reader, word: string): boolean {
  if (word === 'WINDOW' && r.dialect !== 'postgres') return beginsWindow(r)
  if (word === 'OFFSET' && r.dialect === 'mysql') {
    return r.peek().kind === 'number' || r.peek().kind === 'param'
  }
  return NOT_ALIAS[r.dialect].has(word)
}

/** `WINDOW name AS (`. */
export function beginsWindow(r: Reader): boolean {
  return r.is('WINDOW') && isOne(r.peek(2), ['AS'])
}

/** An alias with the columns that may follow it. */
export function readAlias(r: Reader): string | undefined {
  const as = r.takeOne('AS')
  if (as && r.is('(')) {
    // A function's columns and their types.
    r.skipBrackets()
    return ''
  }
  const { token } = r
  if (!as && (!r.isName || (token.kind === 'word' && endsTable(r, token.text)))) return undefined
  const alias = r.name().name
  if (r.is('(')) r.skipBrackets()
  return alias
}
