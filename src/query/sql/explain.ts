import { isOne, type Reader } from './reader.js'
import type { Kind } from './types.js'

/** EXPLAIN shows a plan; with ANALYZE it runs what it explains, and MariaDB's ANALYZE does so on its own. */
export function readExplain(r: Reader): Kind {
  r.found.refuse('explain', r.token.name)
  if (r.next().text !== 'ANALYZE' && !explainRuns(r)) return 'session'
  while (!r.done && !isStart(r)) {
    if (r.is('(')) r.skipBrackets()
    else r.next()
  }
  return r.done ? 'session' : r.grammar.statement(r)
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

/** ANALYZE of tables; MariaDB's `ANALYZE [FORMAT=JSON]` runs a statement. */
export function readAnalyze(r: Reader): Kind {
  const tables = isOne(r.peek(), ['TABLE', 'LOCAL', 'NO_WRITE_TO_BINLOG'])
  return r.dialect === 'mysql' && !tables ? readExplain(r) : 'session'
}
