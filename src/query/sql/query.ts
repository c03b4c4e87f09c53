import { readBrackets, readExpressions } from './expression.js'
import { beginsWindow, readTables } from './from.js'
import type { Reader } from './reader.js'
import { readWith } from './with.js'
import { CLAUSE_ENDS, QUERY_GOES_ON } from './words.js'

const SET_OPERATIONS = ['UNION', 'INTERSECT', 'EXCEPT'] as const

/**
 * Reads a query and all that follows it: set operations, ORDER BY, LIMIT, locking, INTO. At a set operation or a clause it takes
 * the query before it as read.
 */
export function readQuery(r: Reader): void {
  const { scope, outline, grouping } = r
  r.grouping = false
  // Only the outermost query says which rows the answer is made of.
  if (r.level++ > 0) r.outline = undefined
  if (r.is('WITH')) {
    readWith(r)
    if (r.is('INSERT', 'UPDATE', 'DELETE', 'MERGE', 'REPLACE')) r.grammar.change(r)
    else readTerm(r)
  } else if (r.token.kind !== 'word' || !QUERY_GOES_ON.has(r.token.text)) readTerm(r)
  while (r.takeOne(...SET_OPERATIONS)) readOtherSide(r)
  readTail(r)
  r.level--
  r.scope = scope
  r.outline = outline
  r.grouping = grouping
}

function readOtherSide(r: Reader): void {
  r.takeOne('ALL', 'DISTINCT')
  if (r.outline) {
    // Rows that no condition is about have a part in the answer.
    r.outline.sources = []
    r.outline.where = undefined
    r.outline = undefined
  }
  readTerm(r)
}

function readTerm(r: Reader): void {
  if (r.is('(')) {
    if (!readBrackets(r, 'plain')) r.fail()
  } else if (r.takeOne('SELECT')) readSelect(r)
  else if (r.takeOne('VALUES')) readValues(r)
  else if (r.dialect !== 'sqlite' && r.takeOne('TABLE')) {
    r.takeOne('ONLY')
    r.use(r.path(), 'read')
    if (r.dialect === 'postgres') r.takeOne('*')
  } else r.fail()
}

/** `VALUES (1), (2)` and MySQL's `VALUES ROW(1), ROW(2)`. */
function readValues(r: Reader): void {
  do {
    r.take('ROW')
    if (!r.is('(')) r.fail()
    readBrackets(r, 'call')
  } while (r.takeOne(','))
}

function readSelect(r: Reader): void {
  const ends = CLAUSE_ENDS[r.dialect]
  if (r.takeOne('DISTINCT') && r.takeOne('ON')) readBrackets(r, 'plain')
  readModifiers(r)
  readExpressions(r, ends)
  readInto(r)
  if (r.takeOne('FROM')) readTables(r)
  if (r.takeOne('WHERE')) {
    const from = r.at
    readExpressions(r, ends)
    if (r.outline) r.outline.where = [from, r.at]
  }
  if (r.take('GROUP', 'BY')) readGrouping(r)
  if (r.takeOne('HAVING')) readExpressions(r, ends)
  if (beginsWindow(r)) {
    r.next()
    readExpressions(r, ends)
  }
}

function readGrouping(r: Reader): void {
  r.takeOne('ALL', 'DISTINCT')
  r.grouping = true
  readExpressions(r, CLAUSE_ENDS[r.dialect])
  r.grouping = false
  if (r.dialect === 'mysql') r.take('WITH', 'ROLLUP')
}

function readModifiers(r: Reader): void {
  if (r.dialect !== 'mysql') {
    r.takeOne('ALL')
    return
  }
  while (
    r.is(
      'ALL',
      'DISTINCT',
      'DISTINCTROW',
      'HIGH_PRIORITY',
      'STRAIGHT_JOIN',
      'SQL_CALC_FOUND_ROWS',
    ) ||
    r.is('SQL_SMALL_RESULT', 'SQL_BIG_RESULT', 'SQL_BUFFER_RESULT', 'SQL_NO_CACHE', 'SQL_CACHE')
  ) {
    // What FOUND_ROWS() answers next depends on this one reaching the server.
    if (r.is('SQL_CALC_FOUND_ROWS')) r.found.refuse('session', 'sql_calc_found_rows')
    r.next()
  }
}

/** What may stand behind a query, in any order. */
function readTail(r: Reader): void {
  const ends = CLAUSE_ENDS[r.dialect]
  for (;;) {
    if (r.take('ORDER', 'BY') || r.takeOne('OFFSET')) readExpressions(r, ends)
    else if (r.is('LIMIT')) readLimit(r)
    else if (r.dialect !== 'sqlite' && r.takeOne('FETCH')) readFetch(r)
    else if (r.dialect !== 'sqlite' && r.takeOne('FOR')) readLocking(r)
    else if (r.dialect === 'mysql' && r.take('LOCK', 'IN', 'SHARE', 'MODE')) {
      r.found.refuse('lock', 'lock in share mode')
      readWaiting(r)
    } else if (r.dialect === 'mysql' && r.is('INTO')) readInto(r)
    else if (r.dialect === 'mysql' && r.takeOne('PROCEDURE')) {
      r.found.refuse('volatile', 'procedure')
      r.path()
      readBrackets(r, 'call')
    } else return
  }
}

function readLimit(r: Reader): void {
  const from = r.at++
  readExpressions(r, CLAUSE_ENDS[r.dialect])
  // MariaDB gives up in the middle with LIMIT ROWS EXAMINED: how far it came is up to the plan.
  for (let at = from; at < r.at; at++) {
    if (r.tokens[at]?.text === 'EXAMINED') r.found.refuse('partial', 'rows examined')
  }
}

/** `FETCH FIRST n ROWS ONLY`. The words are taken for columns; nothing else can stand there. */
function readFetch(r: Reader): void {
  if (!r.is('FIRST', 'NEXT')) r.fail()
  readExpressions(r, CLAUSE_ENDS[r.dialect])
  r.take('WITH', 'TIES')
}

function readLocking(r: Reader): void {
  if (r.take('READ', 'ONLY')) return
  if (r.take('NO', 'KEY')) r.expect('UPDATE')
  else if (r.take('KEY')) r.expect('SHARE')
  else if (!r.takeOne('UPDATE', 'SHARE')) r.fail()
  r.found.refuse('lock', 'for update')
  if (r.takeOne('OF')) {
    do r.path()
    while (r.takeOne(','))
  }
  readWaiting(r)
}

function readWaiting(r: Reader): void {
  if (r.takeOne('NOWAIT') || r.take('SKIP', 'LOCKED')) return
  if (r.takeOne('WAIT')) r.next()
}

/** PostgreSQL's SELECT INTO makes a table; MySQL's puts the answer into variables or a file. */
function readInto(r: Reader): void {
  if (!r.is('INTO') || r.dialect === 'sqlite') return
  r.next()
  if (r.dialect === 'mysql') {
    if (r.takeOne('OUTFILE', 'DUMPFILE')) {
      r.found.refuse('into', 'file')
      const stop = (): boolean =>
        r.done || r.is('FROM', 'WHERE', 'FOR', 'LOCK', 'ORDER', 'LIMIT', ')')
      while (!stop()) r.next()
      return
    }
    r.found.refuse('session', 'into')
    r.found.changeSession('changed')
    do r.next()
    while (r.takeOne(','))
    return
  }
  if (r.level > 1) r.fail()
  if (
    r.takeOne('TEMPORARY', 'TEMP') ||
    (r.takeOne('LOCAL', 'GLOBAL') && r.takeOne('TEMPORARY', 'TEMP'))
  ) {
    r.found.temporary = true
  } else r.takeOne('UNLOGGED')
  r.takeOne('TABLE')
  r.found.refuse('ddl', 'select into')
  r.use(r.path(), 'define')
}
