import { readExpressions } from './expression.js'
import { readAlias, readTables } from './from.js'
import type { Reader } from './reader.js'
import { readBrackets } from './expression.js'
import { CLAUSE_ENDS, JOIN_ENDS, SET_ENDS } from './words.js'

/** PostgreSQL's MERGE, behind the word. */
export function readMerge(r: Reader): void {
  r.expect('INTO')
  r.takeOne('ONLY')
  const path = r.path()
  r.takeOne('*')
  const table = r.use(path, 'update')
  readAlias(r)
  r.expect('USING')
  // The condition's ON is read with the table, as that of a join.
  readTables(r)
  do {
    r.expect('WHEN')
    r.takeOne('NOT')
    r.expect('MATCHED')
    if (r.takeOne('BY')) r.takeOne('SOURCE', 'TARGET')
    if (r.takeOne('AND')) readExpressions(r, THEN)
    r.expect('THEN')
    readAction(r, table)
  } while (r.is('WHEN'))
  if (r.takeOne('RETURNING')) readExpressions(r, CLAUSE_ENDS.postgres)
}

const THEN: ReadonlySet<string> = new Set([...JOIN_ENDS.postgres, 'THEN'])

function readAction(r: Reader, table: string): void {
  if (r.take('DO', 'NOTHING')) return
  if (r.takeOne('DELETE')) return r.note(table, 'delete')
  if (r.take('UPDATE', 'SET')) return readExpressions(r, SET_ENDS.postgres)
  r.expect('INSERT')
  r.note(table, 'insert')
  if (r.is('(')) r.skipBrackets()
  if (r.takeOne('OVERRIDING')) {
    r.takeOne('SYSTEM', 'USER')
    r.expect('VALUE')
  }
  if (r.take('DEFAULT', 'VALUES')) return
  r.expect('VALUES')
  if (!r.is('(')) r.fail()
  readBrackets(r, 'call')
}
