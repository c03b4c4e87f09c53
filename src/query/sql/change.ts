import { readBrackets, readExpressions } from './expression.js'
import { readAlias, readTables } from './from.js'
import { readMerge } from './merge.js'
import { readMultiDelete, readMultiUpdate } from './mysql-change.js'
import { changeOutline, type ChangeOutline, type Range } from './outline.js'
import { isOne, type Reader } from './reader.js'
import type { Operation } from './types.js'
import { readWith } from './with.js'
import { CLAUSE_ENDS, QUERY_STARTS, SET_ENDS } from './words.js'

/** Reads one INSERT, REPLACE, UPDATE, DELETE or MERGE, with the WITH before it. */
export function readChange(r: Reader): ChangeOutline | undefined {
  const { scope } = r
  if (r.is('WITH')) readWith(r)
  const first = r.next()
  let outline: ChangeOutline | undefined
  if (isOne(first, ['INSERT', 'REPLACE'])) outline = readInsert(r, first.text === 'REPLACE')
  else if (isOne(first, ['UPDATE'])) outline = readUpdate(r)
  else if (isOne(first, ['DELETE'])) outline = readDelete(r)
  else if (isOne(first, ['MERGE']) && r.dialect === 'postgres') readMerge(r)
  else r.fail(first.text)
  r.scope = scope
  return outline
}

function readInsert(r: Reader, replace: boolean): ChangeOutline {
  let anyRow = replace
  if (r.dialect === 'mysql') {
    while (r.is('LOW_PRIORITY', 'DELAYED', 'HIGH_PRIORITY', 'IGNORE')) r.next()
    r.takeOne('INTO')
  } else {
    if (r.dialect === 'sqlite' && r.takeOne('OR')) anyRow = r.next().text === 'REPLACE' || anyRow
    r.expect('INTO')
  }
  const table = r.use(r.path(), 'insert')
  const outline = changeOutline('insert', table, '')
  outline.anyRow = anyRow
  if (anyRow) r.note(table, 'delete')
  if (r.dialect === 'mysql' && r.takeOne('PARTITION')) r.skipBrackets()
  if (r.dialect !== 'mysql' && r.takeOne('AS')) r.name()
  if (r.is('(') && !opensQuery(r)) {
    outline.columns = [r.at + 1, r.token.match]
    r.skipBrackets()
  }
  if (r.take('OVERRIDING')) {
    // The values given for an identity column are left out.
    outline.anyRow = true
    r.takeOne('SYSTEM', 'USER')
    r.expect('VALUE')
  }
  readSource(r, outline)
  while (r.is('ON')) readConflict(r, outline)
  readReturning(r)
  return outline
}

function opensQuery(r: Reader): boolean {
  let at = r.at
  while (isOne(r.tokens[at] ?? r.token, ['('])) at++
  const token = r.tokens[at]
  return (
    token?.kind === 'word' &&
    QUERY_STARTS[r.dialect].has(token.text) &&
    !isOne(r.tokens[at + 1] ?? token, [',', ')'])
  )
}

function readSource(r: Reader, outline: ChangeOutline): void {
  if (r.take('DEFAULT', 'VALUES')) return
  if (r.dialect === 'mysql' && r.takeOne('SET')) {
    const from = r.at
    readExpressions(r, SET_ENDS.mysql)
    outline.set = [from, r.at]
    readRowAlias(r)
    return
  }
  if (r.dialect === 'mysql' && r.is('VALUE') && isOne(r.peek(), ['('])) {
    r.next()
    const from = r.at
    readExpressions(r, new Set(['ON', 'RETURNING', 'AS']))
    outline.values = [from, r.at]
    return readRowAlias(r)
  }
  if (!r.is('VALUES')) {
    outline.anyRow = true
    return r.grammar.query(r)
  }
  const from = r.at + 1
  r.grammar.query(r)
  const last = r.tokens[r.at - 1]
  // Only brackets and commas are a list of rows: what else a VALUES may have behind it is not.
  outline.values = [from, r.at]
  if (last?.text !== ')') outline.anyRow = true
  readRowAlias(r)
}

/** MySQL 8: `VALUES (...) AS new (a, b)`. */
function readRowAlias(r: Reader): void {
  if (r.dialect !== 'mysql' || !r.takeOne('AS')) return
  r.name()
  if (r.is('(')) r.skipBrackets()
}

function readConflict(r: Reader, outline: ChangeOutline): void {
  r.expect('ON')
  if (r.dialect === 'mysql') {
    r.expect('DUPLICATE', 'KEY', 'UPDATE')
    outline.anyRow = true
    r.note(outline.table, 'update')
    readExpressions(r, SET_ENDS.mysql)
    return
  }
  r.expect('CONFLICT')
  if (r.is('(')) {
    readBrackets(r, 'plain')
    if (r.takeOne('WHERE')) readExpressions(r, new Set(['DO']))
  } else if (r.take('ON', 'CONSTRAINT')) r.name()
  r.expect('DO')
  if (r.takeOne('NOTHING')) return
  r.expect('UPDATE', 'SET')
  outline.anyRow = true
  r.note(outline.table, 'update')
  readAssignments(r)
  if (r.takeOne('WHERE')) readExpressions(r, CLAUSE_ENDS[r.dialect])
}

/** `a = 1, (b, c) = (SELECT ...)`: read as expressions. */
function readAssignments(r: Reader): Range {
  const from = r.at
  readExpressions(r, SET_ENDS[r.dialect])
  return [from, r.at]
}

function readUpdate(r: Reader): ChangeOutline | undefined {
  if (r.dialect === 'mysql') return readMultiUpdate(r)
  if (r.dialect === 'sqlite' && r.takeOne('OR') && r.next().text === 'REPLACE') {
    return readUpdateOf(r, ['update', 'delete'])
  }
  return readUpdateOf(r, ['update'])
}

function readUpdateOf(r: Reader, operations: readonly Operation[]): ChangeOutline {
  const { table, alias } = readTarget(r, 'update')
  for (const operation of operations.slice(1)) r.note(table, operation)
  r.expect('SET')
  const outline = changeOutline('update', table, alias)
  outline.anyRow = operations.length > 1
  outline.set = readAssignments(r)
  if (r.takeOne('FROM')) {
    outline.others = true
    readTables(r)
  }
  readWhere(r, outline)
  readReturning(r)
  readOrder(r)
  return outline
}

function readDelete(r: Reader): ChangeOutline | undefined {
  if (r.dialect === 'mysql') return readMultiDelete(r)
  r.expect('FROM')
  const { table, alias } = readTarget(r, 'delete')
  const outline = changeOutline('delete', table, alias)
  if (r.dialect === 'postgres' && r.takeOne('USING')) {
    outline.others = true
    readTables(r)
  }
  readWhere(r, outline)
  readReturning(r)
  readOrder(r)
  return outline
}

function readTarget(r: Reader, operation: Operation): { table: string; alias: string } {
  const only =
    r.dialect === 'postgres' && r.is('ONLY') && !isOne(r.peek(), ['SET', '.', 'AS', 'WHERE'])
  if (only) r.next()
  const brackets = only && r.takeOne('(')
  const path = r.path()
  if (brackets) r.expect(')')
  if (r.dialect === 'postgres') r.takeOne('*')
  const table = r.use(path, operation)
  const alias = readAlias(r) ?? path.at(-1)?.name ?? ''
  if (r.dialect === 'sqlite') {
    if (r.take('INDEXED', 'BY')) r.name()
    else r.take('NOT', 'INDEXED')
  }
  return { table, alias }
}

function readWhere(r: Reader, outline: ChangeOutline): void {
  if (!r.takeOne('WHERE')) return
  const from = r.at
  readExpressions(r, CLAUSE_ENDS[r.dialect])
  outline.where = [from, r.at]
}

function readReturning(r: Reader): void {
  if (r.takeOne('RETURNING')) readExpressions(r, CLAUSE_ENDS[r.dialect])
}

/** SQLite's and MySQL's UPDATE and DELETE of the first few. */
function readOrder(r: Reader): void {
  if (r.dialect === 'postgres') return
  if (r.take('ORDER', 'BY')) readExpressions(r, CLAUSE_ENDS[r.dialect])
  if (r.takeOne('LIMIT')) readExpressions(r, CLAUSE_ENDS[r.dialect])
}
