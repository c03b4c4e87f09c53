import { readBrackets, readExpressions } from './expression.js'
import { isOne, type Reader } from './reader.js'
import { readReset } from './session.js'
import type { Kind } from './types.js'
import { readUnseen } from './unseen.js'
import { NO_ENDS } from './words.js'

/** Commands of PostgreSQL that are no query, change or definition. */
export function readPostgresCommand(r: Reader): Kind {
  switch (r.token.text) {
    case 'COPY':
      return readCopy(r)
    case 'LOCK':
      return 'lock'
    case 'DECLARE':
      return readDeclare(r)
    case 'RESET':
    case 'DISCARD':
      return readReset(r)
    case 'PREPARE':
    case 'DEALLOCATE':
    case 'LISTEN':
    case 'UNLISTEN':
    case 'NOTIFY':
    case 'CLOSE':
    case 'SHOW':
    case 'CHECKPOINT':
    case 'CLUSTER':
      return 'session'
    default:
      return readUnseen(r)
  }
}

function readDeclare(r: Reader): Kind {
  r.found.refuse('cursor', 'declare')
  while (!r.done && !r.is('FOR')) r.next()
  r.expect('FOR')
  r.grammar.query(r)
  return 'read'
}

function readCopy(r: Reader): Kind {
  r.next()
  r.found.refuse('copy', 'copy')
  if (r.is('(')) {
    const change = isOne(r.peek(), ['INSERT', 'UPDATE', 'DELETE', 'MERGE'])
    if (change) {
      r.next()
      r.grammar.change(r)
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
  if (into && r.takeOne('WHERE')) readExpressions(r, NO_ENDS)
  return into ? 'write' : 'read'
}

/** A program on the server may do anything. */
function checkProgram(r: Reader): void {
  while (!r.done && !r.is('WHERE')) {
    if (r.is('PROGRAM')) r.found.anything('program')
    r.next()
  }
}
