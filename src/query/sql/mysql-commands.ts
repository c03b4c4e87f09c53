import { readExpressions } from './expression.js'
import { isOne, type Reader } from './reader.js'
import type { Kind } from './types.js'
import { readUnseen } from './unseen.js'
import { NO_ENDS } from './words.js'

/** Commands of MySQL and MariaDB that are no query, change or definition. */
export function readMysqlCommand(r: Reader): Kind {
  switch (r.token.text) {
    case 'LOCK':
      // Other tables cannot be read until they are unlocked.
      r.found.changeSession('changed')
      return 'lock'
    case 'UNLOCK':
      return 'lock'
    case 'USE':
      r.found.changeSession('changed')
      return 'session'
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
    case 'XA':
    case 'SIGNAL':
    case 'RESIGNAL':
    case 'PREPARE':
    case 'DEALLOCATE':
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
      return readUnseen(r)
  }
}

function readLoad(r: Reader): Kind {
  r.next()
  if (!r.is('DATA', 'XML')) return readUnseen(r)
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
