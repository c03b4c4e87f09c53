import { readBrackets } from './expression.js'
import { isOne, type Reader, type Scope } from './reader.js'

/**
 * Reads `WITH name AS (...), ...` and brings the names into sight for what follows; the caller puts the old scope back.
 *
 * Which names see each other differs: in PostgreSQL a name is in sight of those after it, with RECURSIVE of all; in SQLite of all;
 * in MySQL of those after it and with RECURSIVE of itself, in MariaDB then of all.
 */
export function readWith(r: Reader): void {
  r.expect('WITH')
  const recursive = r.takeOne('RECURSIVE')
  const scope: Scope = { names: new Set(), perhaps: new Set(), folded: new Set(), outer: r.scope }
  const all = namesAhead(r)
  if (r.dialect === 'sqlite' || (recursive && r.dialect === 'postgres')) {
    for (const name of all) scope.names.add(name)
  } else if (recursive) for (const name of all) scope.perhaps.add(name)
  r.scope = scope
  do {
    const name = r.name().name
    if (r.is('(')) r.skipBrackets()
    r.expect('AS')
    if (!r.take('NOT', 'MATERIALIZED')) r.take('MATERIALIZED')
    if (recursive) addName(r, scope, name)
    readBody(r)
    addName(r, scope, name)
    readSearch(r)
  } while (r.takeOne(','))
}

function addName(r: Reader, scope: Scope, name: string): void {
  scope.names.add(name)
  if (r.dialect === 'mysql') {
    scope.perhaps.delete(name)
    scope.folded.add(name.toLowerCase())
  }
}

/** The names of this WITH, without reading what they stand for. */
function namesAhead(r: Reader): string[] {
  const names: string[] = []
  let at = r.at
  for (;;) {
    const name = r.tokens[at]
    if (name === undefined || name.kind === 'op' || name.kind === 'end') return names
    names.push(name.name)
    at++
    if (isOne(r.tokens[at] ?? name, ['('])) at = (r.tokens[at]?.match ?? at) + 1
    while (at < r.tokens.length && isOne(r.tokens[at] ?? name, ['AS', 'NOT', 'MATERIALIZED'])) at++
    if (!isOne(r.tokens[at] ?? name, ['('])) return names
    at = (r.tokens[at]?.match ?? at) + 1
    // SEARCH and CYCLE have lists with commas of their own. Names after them count as tables, which is too much and harmless.
    if (!isOne(r.tokens[at] ?? name, [','])) return names
    at++
  }
}

/** A query, or in PostgreSQL a change whose RETURNING is the table. */
function readBody(r: Reader): void {
  if (!r.is('(')) r.fail()
  const first = r.peek()
  if (r.dialect === 'postgres' && isOne(first, ['INSERT', 'UPDATE', 'DELETE', 'MERGE'])) {
    const close = r.token.match
    r.next()
    r.level++
    r.grammar.change(r)
    r.level--
    if (r.at !== close) r.fail()
    r.next()
  } else if (!readBrackets(r, 'plain')) r.fail()
}

/** PostgreSQL's SEARCH and CYCLE: words and names of columns. */
function readSearch(r: Reader): void {
  if (r.dialect !== 'postgres') return
  if (r.takeOne('SEARCH')) {
    r.takeOne('BREADTH', 'DEPTH')
    r.expect('FIRST', 'BY')
    do r.name()
    while (r.takeOne(','))
    r.expect('SET')
    r.name()
  }
  if (r.takeOne('CYCLE')) {
    do r.name()
    while (r.takeOne(','))
    r.expect('SET')
    r.name()
    if (r.takeOne('TO')) {
      r.next()
      r.expect('DEFAULT')
      r.next()
    }
    r.expect('USING')
    r.name()
  }
}
