import { readBrackets } from './expression.js'
import { isOne, type Reader } from './reader.js'

/**
 * Statements that define: CREATE, ALTER, DROP, TRUNCATE, RENAME, REFRESH. What matters is which tables are made, changed or dropped,
 * and which ones a new table is filled from. Whoever keeps answers does well to take any of them as a change of everything: a view,
 * a policy or a function may now mean something else.
 */
export function readDefinition(r: Reader): boolean {
  const first = r.next().text
  switch (first) {
    case 'CREATE':
      readCreate(r)
      break
    case 'ALTER':
      readAlter(r)
      break
    case 'DROP':
      readDrop(r)
      break
    case 'TRUNCATE':
      readTruncate(r)
      break
    case 'RENAME':
      readRename(r)
      break
    case 'REFRESH':
      r.expect('MATERIALIZED', 'VIEW')
      r.take('CONCURRENTLY')
      r.use(r.path(), 'define')
      break
    case 'COMMENT':
    case 'GRANT':
    case 'REVOKE':
    case 'SECURITY':
      break
    default:
      return false
  }
  skipRest(r)
  return true
}

/** Goes to the end of the statement. */
export function skipRest(r: Reader): void {
  while (!r.done) {
    if (r.is('(', '[') && r.token.match > r.at) r.at = r.token.match
    r.next()
  }
}

function readCreate(r: Reader): void {
  if (r.take('OR')) r.expect('REPLACE')
  // MySQL's CREATE ALGORITHM=... DEFINER=`a`@`%` SQL SECURITY ... VIEW.
  if (r.dialect === 'mysql') skipTo(r, ['TABLE', 'VIEW', 'INDEX', 'TRIGGER', ...OTHER_OBJECTS])
  while (
    r.takeOne('GLOBAL', 'LOCAL', 'TEMPORARY', 'TEMP', 'UNLOGGED', 'VIRTUAL', 'UNIQUE', 'RECURSIVE')
  ) {
    const text = r.tokens[r.at - 1]?.text
    if (text === 'TEMPORARY' || text === 'TEMP') r.found.temporary = true
  }
  r.takeOne('FULLTEXT', 'SPATIAL', 'CONSTRAINT', 'MATERIALIZED', 'FOREIGN')
  if (r.takeOne('TABLE')) return readCreateTable(r)
  if (r.takeOne('VIEW')) return readCreateView(r)
  if (r.takeOne('TRIGGER', 'FUNCTION', 'PROCEDURE', 'EVENT', 'AGGREGATE', 'PACKAGE', 'RULE'))
    return readCreateRoutine(r)
  if (r.takeOne('EXTENSION', 'DATABASE', 'SERVER', 'SUBSCRIPTION')) return distrust(r, 'create')
  if (r.takeOne('SCHEMA') && r.dialect === 'postgres') {
    // Its elements are statements of their own.
    while (!r.done) if (isOne(r.next(), ['CREATE', 'GRANT'])) return distrust(r, 'create schema')
  }
}

const OTHER_OBJECTS = [
  'FUNCTION',
  'PROCEDURE',
  'EVENT',
  'DATABASE',
  'SCHEMA',
  'SERVER',
  'USER',
  'ROLE',
  'SEQUENCE',
  'PACKAGE',
]

function skipTo(r: Reader, words: readonly string[]): void {
  for (let at = r.at; at < r.tokens.length; at++) {
    const token = r.tokens[at]
    if (token === undefined || isOne(token, [';', '(', 'AS'])) return
    if (isOne(token, ['TEMPORARY'])) r.found.temporary = true
    if (isOne(token, words)) {
      r.at = at
      return
    }
  }
}

function distrust(r: Reader, detail: string): void {
  r.found.anything(detail)
  skipRest(r)
}

function takeIfExists(r: Reader): void {
  if (!r.take('IF', 'NOT', 'EXISTS')) r.take('IF', 'EXISTS')
}

function readCreateTable(r: Reader): void {
  takeIfExists(r)
  r.use(r.path(), 'define')
  if (r.take('LIKE')) {
    r.use(r.path(), 'read')
    return
  }
  // Up to the query that fills it, over columns and options.
  while (!r.done && !r.is('AS', 'SELECT', 'REPLACE', 'IGNORE')) {
    if (r.is('(') && isOne(r.peek(), ['SELECT', 'WITH'])) return void readBrackets(r, 'plain')
    // `WITH (fillfactor = 70)` and `WITH SYSTEM VERSIONING` are options.
    if (r.is('WITH') && !isOne(r.peek(), ['(', 'SYSTEM'])) break
    if (r.is('(')) r.skipBrackets()
    else r.next()
  }
  r.takeOne('REPLACE', 'IGNORE')
  if (!r.takeOne('AS') && !r.is('SELECT', 'WITH')) return
  readFilling(r)
}

function readFilling(r: Reader): void {
  if (r.is('EXECUTE')) return distrust(r, 'execute')
  if (r.is('SELECT', 'WITH', 'VALUES', 'TABLE', '(')) r.grammar.query(r)
}

function readCreateView(r: Reader): void {
  takeIfExists(r)
  r.use(r.path(), 'define')
  while (!r.done && !r.is('AS')) {
    if (r.is('(')) r.skipBrackets()
    else r.next()
  }
  if (r.takeOne('AS')) readFilling(r)
}

/** A body may hold semicolons, unless it is a string: it ends with the END of its BEGIN, at a semicolon, or with the text. */
function readCreateRoutine(r: Reader): void {
  let depth = 0
  for (; r.token.kind !== 'end'; r.next()) {
    const { token } = r
    if (isOne(token, [';']) && depth === 0) return
    if (opensBlock(r)) depth++
    else if (isOne(token, ['END']) && depth > 0) {
      // END IF, END LOOP, END CASE.
      if (r.dialect === 'mysql' && isOne(r.peek(), BLOCKS)) r.next()
      if (--depth === 0) {
        r.next()
        return skipLabel(r)
      }
    }
  }
}

const BLOCKS = ['IF', 'CASE', 'LOOP', 'REPEAT', 'WHILE'] as const

/** BEGIN and CASE; and MySQL's IF, LOOP, REPEAT and WHILE, where a statement begins: `IF(` and `REPEAT(` are functions too. */
function opensBlock(r: Reader): boolean {
  if (r.is('BEGIN', 'CASE')) return true
  if (r.dialect !== 'mysql' || !r.is('IF', 'LOOP', 'REPEAT', 'WHILE')) return false
  const before = r.tokens[r.at - 1]
  return (
    before !== undefined &&
    isOne(before, [';', 'BEGIN', 'THEN', 'ELSE', 'DO', 'LOOP', 'REPEAT', ':', 'ROW', ')'])
  )
}

/** MySQL: `END label`. A body that goes on in a way not foreseen may do anything. */
function skipLabel(r: Reader): void {
  if (!r.done && r.isName) r.next()
  if (!r.done) r.found.anything('body')
}

function readAlter(r: Reader): void {
  if (r.dialect === 'mysql') {
    r.takeOne('ONLINE', 'OFFLINE', 'IGNORE')
    skipTo(r, ['TABLE', 'VIEW', ...OTHER_OBJECTS])
  }
  if (r.takeOne('EXTENSION', 'SCHEMA', 'DATABASE', 'SUBSCRIPTION')) return distrust(r, 'alter')
  if (r.takeOne('FOREIGN') || r.take('MATERIALIZED')) {
    if (!r.is('TABLE', 'VIEW')) return
  }
  if (!r.takeOne('TABLE', 'VIEW')) return
  takeIfExists(r)
  if (r.take('ALL', 'IN', 'TABLESPACE')) return
  r.take('ONLY')
  const path = r.path()
  r.use(path, 'define')
  readAlterations(r)
}

/** Tables that take part: the new name, a partition, the other side of an exchange. */
function readAlterations(r: Reader): void {
  while (!r.done) {
    if (r.is('(')) {
      r.skipBrackets()
      continue
    }
    if (r.take('RENAME')) {
      if (r.takeOne('COLUMN', 'CONSTRAINT', 'INDEX', 'KEY')) continue
      const named = r.takeOne('TO', 'AS') || r.dialect === 'mysql'
      if (named && r.isName) r.use(r.path(), 'define')
    } else if (r.take('ATTACH', 'PARTITION') || r.take('DETACH', 'PARTITION'))
      r.use(r.path(), 'define')
    else if (r.take('EXCHANGE', 'PARTITION')) {
      r.name()
      if (r.take('WITH', 'TABLE')) r.use(r.path(), 'define')
    } else if (r.is('INHERIT')) {
      r.next()
      if (r.isName) r.use(r.path(), 'define')
    } else r.next()
  }
}

function readDrop(r: Reader): void {
  if (r.dialect === 'mysql' && r.takeOne('TEMPORARY')) r.found.temporary = true
  if (r.takeOne('SCHEMA', 'DATABASE', 'OWNED', 'EXTENSION', 'SERVER', 'FOREIGN', 'SUBSCRIPTION')) {
    if (r.tokens[r.at - 1]?.text !== 'FOREIGN' || !r.takeOne('TABLE')) return distrust(r, 'drop')
    return readNames(r)
  }
  r.takeOne('MATERIALIZED')
  if (!r.takeOne('TABLE', 'TABLES', 'VIEW')) {
    // With CASCADE a dropped type takes columns with it.
    return
  }
  readNames(r)
}

function readNames(r: Reader): void {
  takeIfExists(r)
  do r.use(r.path(), 'define')
  while (r.takeOne(','))
}

function readTruncate(r: Reader): void {
  r.takeOne('TABLE')
  do {
    r.take('ONLY')
    r.use(r.path(), 'truncate')
    if (r.dialect === 'postgres') r.takeOne('*')
  } while (r.takeOne(','))
}

function readRename(r: Reader): void {
  if (!r.takeOne('TABLE', 'TABLES')) return
  takeIfExists(r)
  do {
    r.use(r.path(), 'define')
    while (!r.done && !r.is('TO')) r.next()
    r.expect('TO')
    r.use(r.path(), 'define')
  } while (r.takeOne(','))
}
