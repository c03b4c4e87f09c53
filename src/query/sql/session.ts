import { readBrackets, readExpressions } from './expression.js'
import type { Reader } from './reader.js'
import type { Kind } from './types.js'
import { readUnseen } from './unseen.js'
import { NO_ENDS } from './words.js'

/** SET of a setting, a variable, a role; in MariaDB also of settings for one statement, which it runs. */
export function readSet(r: Reader): Kind {
  r.next()
  if (r.dialect === 'mysql') return readMysqlSet(r)
  // SET LOCAL, SET TRANSACTION and SET CONSTRAINTS end with the transaction.
  r.found.changeSession(r.is('LOCAL', 'TRANSACTION', 'CONSTRAINTS') ? 'transaction' : 'changed')
  return 'session'
}

function readMysqlSet(r: Reader): Kind {
  if (r.take('STATEMENT')) {
    while (!r.done && !r.is('FOR')) {
      if (r.is('(')) readBrackets(r, 'plain')
      else r.next()
    }
    r.expect('FOR')
    const kind = r.grammar.statement(r)
    r.found.refuse('session', 'set statement')
    return kind === 'read' ? 'session' : kind
  }
  r.found.changeSession(r.is('TRANSACTION') ? 'transaction' : 'changed')
  // The values are expressions, which may call anything.
  while (!r.done) {
    readExpressions(r, NO_ENDS)
    if (!r.done) r.next()
  }
  return 'session'
}

/** PostgreSQL's RESET and DISCARD. Only DISCARD ALL leaves nothing behind. */
export function readReset(r: Reader): Kind {
  r.found.changeSession(r.take('DISCARD', 'ALL') ? 'reset' : 'changed')
  return 'session'
}

/** Pragmas that only tell. */
const TELLING =
  /^(?:table_info|table_xinfo|table_list|index_list|index_info|index_xinfo|foreign_key_list|foreign_key_check|integrity_check|quick_check|optimize|wal_checkpoint|database_list|function_list|module_list|collation_list|compile_options)$/

export function readSqliteCommand(r: Reader): Kind {
  if (!r.is('PRAGMA')) {
    r.found.changeSession('changed')
    return readUnseen(r)
  }
  r.next()
  const name = r.path().at(-1)?.name ?? ''
  if (!r.done && !TELLING.test(name)) r.found.changeSession('changed')
  return 'session'
}
