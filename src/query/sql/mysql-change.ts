import { readExpressions } from './expression.js'
import { readAlias, readTables, type Item } from './from.js'
import type { Token } from './lex/token.js'
import { changeOutline, type ChangeOutline } from './outline.js'
import { isOne, type Reader } from './reader.js'
import { CLAUSE_ENDS, SET_ENDS } from './words.js'

/**
 * MySQL's UPDATE of one or several tables. The tables written are those whose columns are assigned; a column without a table in
 * front may be anybody's.
 */
export function readMultiUpdate(r: Reader): ChangeOutline | undefined {
  r.takeOne('LOW_PRIORITY')
  r.takeOne('IGNORE')
  const items = readTables(r)
  r.expect('SET')
  const from = r.at
  readExpressions(r, SET_ENDS.mysql)
  const set = [from, r.at] as const
  const assigned = assignedTables(r, from, r.at)
  const targets =
    assigned === undefined ? items : items.filter((item) => assigned.some((a) => refersTo(a, item)))
  const tables = (targets.length > 0 ? targets : items).flatMap((item) => item.table ?? [])
  for (const table of tables) r.note(table, 'update')
  const only = items.length === 1 && tables.length === 1 ? items[0] : undefined
  const outline = changeOutline('update', only?.table ?? '', only?.alias ?? '')
  outline.set = set
  readRest(r, outline)
  if (only) r.unread(only.table ?? '')
  return only && outline
}

/** The names before the assigned columns, or undefined when a column has none. */
function assignedTables(r: Reader, from: number, to: number): Token[][] | undefined {
  const found: Token[][] = []
  for (let at = from; at < to;) {
    const path: Token[] = []
    for (; at < to; at++) {
      const token = r.tokens[at]
      if (token === undefined || isOne(token, ['=', ':='])) break
      if (token.kind === 'word' || token.kind === 'quoted' || token.kind === 'either')
        path.push(token)
      else if (!isOne(token, ['.'])) return undefined
    }
    if (path.length < 2) return undefined
    found.push(path.slice(0, -1))
    for (; at < to && !isOne(r.tokens[at] ?? r.token, [',']); at++) {
      const match = r.tokens[at]?.match ?? -1
      if (match > at) at = match
    }
    at++
  }
  return found
}

/** Whether a target names an item. Aliases may differ in case only on some servers, so case is left out. */
function refersTo(target: readonly Token[], item: Item): boolean {
  const name = (target.at(-1)?.name ?? '').toLowerCase()
  const schema = target.at(-2)?.name.toLowerCase()
  if (schema === undefined) return item.alias.toLowerCase() === name
  const last = item.path.at(-1)?.name.toLowerCase()
  const before = item.path.at(-2)?.name.toLowerCase()
  return last === name && (before === undefined || before === schema)
}

function readRest(r: Reader, outline: ChangeOutline): void {
  if (r.takeOne('WHERE')) {
    const from = r.at
    readExpressions(r, CLAUSE_ENDS.mysql)
    outline.where = [from, r.at]
  }
  if (r.take('ORDER', 'BY')) readExpressions(r, CLAUSE_ENDS.mysql)
  if (r.takeOne('LIMIT')) readExpressions(r, CLAUSE_ENDS.mysql)
  if (r.takeOne('RETURNING')) readExpressions(r, CLAUSE_ENDS.mysql)
}

/** `DELETE FROM t`, `DELETE a, b FROM ...`, `DELETE FROM a, b USING ...`. */
export function readMultiDelete(r: Reader): ChangeOutline | undefined {
  while (r.is('LOW_PRIORITY', 'QUICK', 'IGNORE', 'HISTORY')) r.next()
  if (r.takeOne('FROM')) {
    if (!followedByUsing(r)) return readSingleDelete(r)
    const targets = readTargets(r)
    r.expect('USING')
    return readDeleteOf(r, targets)
  }
  const targets = readTargets(r)
  r.expect('FROM')
  return readDeleteOf(r, targets)
}

function followedByUsing(r: Reader): boolean {
  for (let at = r.at; at < r.tokens.length; at++) {
    const token = r.tokens[at]
    if (token === undefined || isOne(token, ['WHERE', ';', 'ORDER', 'LIMIT', '(', 'AS']))
      return false
    if (isOne(token, ['USING'])) return true
  }
  return false
}

function readTargets(r: Reader): Token[][] {
  const targets: Token[][] = []
  do {
    const path = [r.name()]
    while (r.takeOne('.')) {
      if (r.takeOne('*')) break
      path.push(r.name())
    }
    targets.push(path)
  } while (r.takeOne(','))
  return targets
}

function readDeleteOf(r: Reader, targets: Token[][]): undefined {
  const items = readTables(r)
  for (const target of targets) {
    const meant = items.filter((item) => refersTo(target, item))
    for (const item of meant.length > 0 ? meant : items) {
      if (item.table !== undefined) r.note(item.table, 'delete')
    }
  }
  readRest(r, changeOutline('delete', '', ''))
  return undefined
}

function readSingleDelete(r: Reader): ChangeOutline {
  const path = r.path()
  const table = r.use(path, 'delete')
  if (r.takeOne('PARTITION')) r.skipBrackets()
  // MariaDB: DELETE ... FOR PORTION OF also inserts what is left of a row.
  const portion = r.take('FOR', 'PORTION', 'OF')
  if (portion) r.fail('portion')
  const outline = changeOutline('delete', table, readAlias(r) ?? path.at(-1)?.name ?? '')
  readRest(r, outline)
  return outline
}
