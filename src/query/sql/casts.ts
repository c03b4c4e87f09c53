import { isMoment } from './moments.js'
import type { Reader } from './reader.js'
import { typeKind, type TypeKind } from './types-of-values.js'

/**
 * Reads the name of a type and notes what turning a value into it depends on.
 *
 * @param constant The value is a constant or a parameter as it stands.
 */
export function readType(r: Reader, constant: boolean): void {
  if (r.dialect !== 'postgres') return readForeignType(r)
  r.take('SETOF')
  const kind = readTypeName(r)
  if (kind === 'settings' || (kind === 'moment' && !constant)) r.found.refuse('settings', 'cast')
  if (kind === 'catalogue') r.found.refuse('catalogue', 'cast')
  while (r.is('[', 'ARRAY')) {
    if (r.is('[')) r.skipBrackets()
    else r.next()
  }
}

function readTypeName(r: Reader): TypeKind {
  const path = r.path()
  const last = path.at(-1)
  const schema = path.at(-2)?.name
  const name = last?.name ?? ''
  if (schema !== undefined && schema !== 'pg_catalog') {
    r.found.types.add(`${schema}.${name}`)
    r.found.distrust('type', `${schema}.${name}`)
    return 'unknown'
  }
  // `"char"` and `char` are two types, both pure; other quoted names are the same type as the unquoted word.
  const kind = typeKind(name)
  if (kind === 'unknown') {
    r.found.types.add(name)
    r.found.distrust('type', name)
  }
  if (last?.kind === 'word') readTypeWords(r, last.text)
  if (r.is('(')) r.skipBrackets()
  if (last?.kind === 'word' && (last.text === 'TIME' || last.text === 'TIMESTAMP')) {
    if (r.take('WITH', 'TIME', 'ZONE')) return 'settings'
    r.take('WITHOUT', 'TIME', 'ZONE')
  }
  return kind
}

const FIELDS = ['YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE', 'SECOND'] as const

function readTypeWords(r: Reader, first: string): void {
  if (first === 'DOUBLE') r.take('PRECISION')
  else if (first === 'CHARACTER' || first === 'CHAR' || first === 'BIT' || first === 'NCHAR') {
    r.take('VARYING')
  } else if (first === 'INTERVAL') {
    if (r.takeOne(...FIELDS) && r.take('TO')) r.takeOne(...FIELDS)
  }
}

/** MySQL's and SQLite's types depend on nothing; words up to the end of the cast. */
function readForeignType(r: Reader): void {
  while (!r.is(')', ',') && r.token.kind !== 'end') {
    if (r.is('(')) r.skipBrackets()
    else if (r.isName) r.next()
    else r.fail()
  }
}

/** A word before a string in PostgreSQL: `date '2024-01-01'`. The word is a type unless it is an operator. */
export function noteTypedLiteral(r: Reader, name: string, text: string): void {
  const kind = typeKind(name)
  if (kind === 'settings') r.found.refuse('settings', name)
  else if (kind === 'catalogue') r.found.refuse('catalogue', name)
  else if (kind === 'unknown') {
    r.found.types.add(name)
    r.found.distrust('type', name)
  }
  noteText(r, text)
}

/** A string anywhere in a PostgreSQL text may be taken for a moment. */
export function noteText(r: Reader, text: string): void {
  if (r.dialect === 'postgres' && isMoment(text)) r.found.refuse('time', text)
}
