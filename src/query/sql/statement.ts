import { readChange } from './change.js'
import { readDefinition, skipRest } from './definition.js'
import { readBrackets, readCall, readExpressions } from './expression.js'
import type { ChangeOutline, QueryOutline } from './outline.js'
import { readQuery } from './query.js'
import { isOne, type Grammar, type Reader } from './reader.js'
import { readTransaction } from './transaction.js'
import type { Kind, TransactionStep } from './types.js'
import { NO_ENDS, QUERY_STARTS } from './words.js'

export const GRAMMAR: Grammar = { query: readQuery, change: readChange }

/** What one statement is, before its findings are weighed. */
export interface Statement {
  readonly kind: Kind
  readonly step?: TransactionStep
  readonly query?: QueryOutline
  readonly change?: ChangeOutline
}

/** Reads one statement up to its semicolon or the end. Its findings are the reader's. */
export function readStatement(r: Reader): Statement {
  const { token } = r
  if (token.kind === 'op' && token.text === '(') return readReading(r)
  if (token.kind !== 'word') r.fail()
  if (QUERY_STARTS[r.dialect].has(token.text)) return readReading(r)
  if (r.is('INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'MERGE')) {
    const change = readChange(r)
    return change === undefined ? { kind: 'write' } : { kind: 'write', change }
  }
  if (r.is('TRUNCATE')) {
    readDefinition(r)
    return { kind: 'write' }
  }
  const step = readTransaction(r)
  if (step !== undefined) return { kind: 'tx', step }
  const kind = readCommand(r)
  skipRest(r)
  return { kind }
}

/** A query, which may turn out to be a change with a WITH in front. */
function readReading(r: Reader): Statement {
  const query: QueryOutline = { sources: [], others: false, where: undefined }
  r.outline = query
  readQuery(r)
  r.outline = undefined
  return { kind: 'read', query }
}

function readCommand(r: Reader): Kind {
  switch (r.token.text) {
    case 'CREATE':
    case 'ALTER':
    case 'DROP':
    case 'RENAME':
    case 'REFRESH':
    case 'COMMENT':
    case 'GRANT':
    case 'REVOKE':
    case 'SECURITY':
      readDefinition(r)
      return 'ddl'
    case 'EXPLAIN':
    case 'DESCRIBE':
    case 'DESC':
      return readExplain(r)
    case 'PRAGMA':
      return r.dialect === 'sqlite' ? 'session' : unknown(r)
    case 'SET':
      return readSet(r)
    case 'VACUUM':
    case 'ANALYZE':
    case 'REINDEX':
      return readMaintenance(r)
    default:
      if (r.dialect === 'postgres') return readPostgres(r)
      return r.dialect === 'mysql' ? readMysql(r) : unknown(r)
  }
}

/** CALL, EXECUTE, ATTACH and all that we do not know: anything may happen. */
function unknown(r: Reader): Kind {
  const { name } = r.token
  if (!r.takeOne('CALL')) {
    r.found.anything(name)
    return 'unknown'
  }
  // The catalogue may know the procedure.
  r.found.anything('call')
  const path = r.path()
  if (r.is('(')) readCall(r, path)
  else r.found.functions.add(path.map((part) => part.name).join('.'))
  return 'unknown'
}

/** EXPLAIN shows a plan; with ANALYZE it runs what it explains, and MariaDB's ANALYZE does so on its own. */
function readExplain(r: Reader): Kind {
  r.found.refuse('explain', r.token.name)
  if (r.next().text !== 'ANALYZE' && !explainRuns(r)) return 'session'
  while (!r.done && !isStart(r)) {
    if (r.is('(')) r.skipBrackets()
    else r.next()
  }
  return r.done ? 'session' : readStatement(r).kind
}

/** Whether ANALYZE stands before what is explained, on its own or in the brackets of options. */
function explainRuns(r: Reader): boolean {
  const end = r.is('(') ? r.token.match : r.tokens.length
  for (let at = r.at; at < end; at++) {
    const token = r.tokens[at] ?? r.token
    if (isOne(token, ['ANALYZE', 'ANALYSE'])) return true
    if (isOne(token, STARTS)) return false
  }
  return false
}

const STARTS = [
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'REPLACE',
  'WITH',
  'VALUES',
  'TABLE',
  'MERGE',
  'EXECUTE',
  'CREATE',
  'DECLARE',
  'REFRESH',
]

function isStart(r: Reader): boolean {
  return r.is(...STARTS) || (r.is('(') && isOne(r.peek(), ['SELECT', 'WITH', 'VALUES', '(']))
}

function readSet(r: Reader): Kind {
  r.next()
  if (r.dialect === 'mysql') {
    // MariaDB runs a statement under other settings.
    if (r.take('STATEMENT')) {
      while (!r.done && !r.is('FOR')) {
        if (r.is('(')) readBrackets(r, 'plain')
        else r.next()
      }
      r.expect('FOR')
      const { kind } = readStatement(r)
      r.found.refuse('session', 'set statement')
      return kind === 'read' ? 'session' : kind
    }
    // The values are expressions, which may call anything.
    while (!r.done) {
      readExpressions(r, NO_ENDS)
      if (!r.done) r.next()
    }
  }
  return 'session'
}

function readMaintenance(r: Reader): Kind {
  // MariaDB: ANALYZE [FORMAT=JSON] statement runs it.
  if (
    r.dialect === 'mysql' &&
    r.is('ANALYZE') &&
    !isOne(r.peek(), ['TABLE', 'LOCAL', 'NO_WRITE_TO_BINLOG'])
  ) {
    return readExplain(r)
  }
  return 'session'
}

function readPostgres(r: Reader): Kind {
  switch (r.token.text) {
    case 'COPY':
      return readCopy(r)
    case 'LOCK':
      return 'lock'
    case 'DECLARE':
      return readDeclare(r)
    case 'PREPARE':
    case 'DEALLOCATE':
    case 'RESET':
    case 'DISCARD':
    case 'LISTEN':
    case 'UNLISTEN':
    case 'NOTIFY':
    case 'CLOSE':
    case 'SHOW':
    case 'CHECKPOINT':
    case 'CLUSTER':
      return 'session'
    default:
      return unknown(r)
  }
}

function readDeclare(r: Reader): Kind {
  r.found.refuse('cursor', 'declare')
  while (!r.done && !r.is('FOR')) r.next()
  r.expect('FOR')
  readQuery(r)
  return 'read'
}

function readCopy(r: Reader): Kind {
  r.next()
  r.found.refuse('copy', 'copy')
  if (r.is('(')) {
    const change = isOne(r.peek(), ['INSERT', 'UPDATE', 'DELETE', 'MERGE'])
    if (change) {
      r.next()
      readChange(r)
      r.expect(')')
    } else readBrackets(r, 'plain')
    checkProgram(r)
    return change ? 'write' : 'read'
  }
  r.takeOne('BINARY')
  const path = r.path()
  if (r.is('(')) r.skipBrackets()
  const into = r.is('FROM')
  if (!into && !r.is('TO')) r.fail()
  r.use(path, into ? 'insert' : 'read')
  checkProgram(r)
  if (into && r.is('WHERE')) readExpressions(r, NO_ENDS)
  return into ? 'write' : 'read'
}

/** A program on the server may do anything. */
function checkProgram(r: Reader): void {
  while (!r.done && !r.is('WHERE')) {
    if (r.is('PROGRAM')) r.found.anything('program')
    r.next()
  }
}

function readMysql(r: Reader): Kind {
  switch (r.token.text) {
    case 'LOCK':
    case 'UNLOCK':
      return 'lock'
    case 'LOAD':
      return readLoad(r)
    case 'DO':
      r.next()
      readExpressions(r, NO_ENDS)
      return 'session'
    case 'HANDLER':
      r.next()
      r.found.refuse('cursor', 'handler')
      r.use(r.path(), 'read')
      return 'read'
    case 'REPAIR':
      return readRepair(r)
    case 'PREPARE':
    case 'DEALLOCATE':
    case 'USE':
    case 'SHOW':
    case 'HELP':
    case 'FLUSH':
    case 'KILL':
    case 'RESET':
    case 'OPTIMIZE':
    case 'CHECK':
    case 'CHECKSUM':
    case 'CACHE':
    case 'PURGE':
      return 'session'
    default:
      return unknown(r)
  }
}

function readLoad(r: Reader): Kind {
  r.next()
  if (!r.is('DATA', 'XML')) return unknown(r)
  while (!r.done && !(r.is('INTO') && isOne(r.peek(), ['TABLE']))) r.next()
  r.expect('INTO', 'TABLE')
  const table = r.use(r.path(), 'insert')
  if (r.tokens.slice(0, r.at).some((token) => token.text === 'REPLACE')) r.note(table, 'delete')
  // What is assigned in SET is an expression.
  while (!r.done && !r.is('SET')) r.next()
  if (r.takeOne('SET')) readExpressions(r, NO_ENDS)
  return 'write'
}

function readRepair(r: Reader): Kind {
  r.next()
  r.takeOne('LOCAL', 'NO_WRITE_TO_BINLOG')
  r.expect('TABLE')
  do r.use(r.path(), 'truncate')
  while (r.takeOne(','))
  return 'write'
}
