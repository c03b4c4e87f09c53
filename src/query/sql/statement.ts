import { readChange } from './change.js'
import { readDefinition, skipRest } from './definition.js'
import type { ChangeOutline, QueryOutline } from './outline.js'
import { readQuery } from './query.js'
import { readExplain, readAnalyze } from './explain.js'
import { readMysqlCommand } from './mysql-commands.js'
import { readPostgresCommand } from './postgres-commands.js'
import type { Grammar, Reader } from './reader.js'
import { readSet, readSqliteCommand } from './session.js'
import { readTransaction } from './transaction.js'
import type { Kind, TransactionStep } from './types.js'
import { QUERY_STARTS } from './words.js'

export const GRAMMAR: Grammar = {
  query: readQuery,
  change: readChange,
  statement: (r) => readStatement(r).kind,
}

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
    case 'SET':
      return readSet(r)
    case 'VACUUM':
    case 'REINDEX':
      return 'session'
    case 'ANALYZE':
      return readAnalyze(r)
    default:
      if (r.dialect === 'postgres') return readPostgresCommand(r)
      return r.dialect === 'mysql' ? readMysqlCommand(r) : readSqliteCommand(r)
  }
}
