import type { Reader } from './reader.js'
import type { TransactionStep } from './types.js'

/** Reads a statement that begins, ends or marks a transaction; undefined when it is none. */
export function readTransaction(r: Reader): TransactionStep | undefined {
  const { at } = r
  const step = readStep(r)
  if (step === undefined) {
    r.at = at
    return undefined
  }
  return step
}

function readStep(r: Reader): TransactionStep | undefined {
  if (r.takeOne('BEGIN')) return readBegin(r)
  if (r.take('START', 'TRANSACTION')) return rest(r, { action: 'begin', chain: false })
  if (r.takeOne('COMMIT') || (r.dialect !== 'mysql' && r.takeOne('END')))
    return readEnd(r, 'commit')
  if (r.dialect === 'postgres' && r.takeOne('ABORT')) return readEnd(r, 'rollback')
  if (r.takeOne('ROLLBACK')) return readEnd(r, 'rollback')
  if (r.takeOne('SAVEPOINT')) return named(r, 'savepoint')
  if (r.takeOne('RELEASE')) {
    r.takeOne('SAVEPOINT')
    return named(r, 'release')
  }
  if (r.dialect === 'postgres' && r.take('PREPARE', 'TRANSACTION')) return named(r, 'prepare')
  if (r.dialect === 'mysql' && r.takeOne('XA')) return readXa(r)
  return undefined
}

/** MariaDB's `BEGIN NOT ATOMIC` begins a block of statements. */
function readBegin(r: Reader): TransactionStep | undefined {
  if (r.dialect === 'mysql') {
    r.takeOne('WORK')
    return r.done ? { action: 'begin', chain: false } : undefined
  }
  return rest(r, { action: 'begin', chain: false })
}

function rest(r: Reader, step: TransactionStep): TransactionStep {
  while (!r.done) {
    if (r.is('(')) r.fail()
    r.next()
  }
  return step
}

function readEnd(r: Reader, action: 'commit' | 'rollback'): TransactionStep | undefined {
  if (r.takeOne('PREPARED'))
    return named(r, action === 'commit' ? 'commit-prepared' : 'rollback-prepared')
  r.takeOne('WORK', 'TRANSACTION')
  if (action === 'rollback' && r.takeOne('TO')) {
    r.takeOne('SAVEPOINT')
    return named(r, 'rollback-to')
  }
  const chain = r.take('AND', 'CHAIN')
  if (!chain) r.take('AND', 'NO', 'CHAIN')
  if (!r.take('NO', 'RELEASE')) r.takeOne('RELEASE')
  // SQLite's END may be followed by the transaction's name, which means nothing.
  if (r.dialect === 'sqlite' && !r.done) r.next()
  return r.done ? { action, chain } : undefined
}

function named(r: Reader, action: TransactionStep['action']): TransactionStep | undefined {
  const { kind, name } = r.token
  if (kind === 'op' || kind === 'end') return undefined
  r.next()
  return r.done ? { action, name, chain: false } : undefined
}

function readXa(r: Reader): TransactionStep | undefined {
  const action = r.takeOne('START', 'BEGIN')
    ? 'begin'
    : r.takeOne('COMMIT')
      ? 'commit-prepared'
      : r.takeOne('ROLLBACK')
        ? 'rollback-prepared'
        : r.takeOne('PREPARE')
          ? 'prepare'
          : undefined
  return action === undefined ? undefined : rest(r, { action, chain: false })
}
