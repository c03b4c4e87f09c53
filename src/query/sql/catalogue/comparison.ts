import type { Column, Comparison } from './types.js'

const NONE: Comparison = { as: 'none' }
const LONGEST = 10_000

function integer(bits: number, unsigned = false): Comparison {
  const half = 2n ** BigInt(bits - 1)
  return unsigned
    ? { as: 'integer', least: 0n, most: 2n * half - 1n }
    : { as: 'integer', least: -half, most: half - 1n }
}

/** What a number of JavaScript holds, for servers that compare a text with a number as doubles. */
const SAFE: Comparison = {
  as: 'integer',
  least: BigInt(Number.MIN_SAFE_INTEGER),
  most: BigInt(Number.MAX_SAFE_INTEGER),
}

function bounded(comparison: Comparison): Comparison {
  if (comparison.as !== 'integer' || SAFE.as !== 'integer') return comparison
  const least = comparison.least < SAFE.least ? SAFE.least : comparison.least
  const most = comparison.most > SAFE.most ? SAFE.most : comparison.most
  return { as: 'integer', least, most }
}

const POSTGRES: Readonly<Record<string, Comparison>> = {
  int2: integer(16),
  int4: integer(32),
  int8: integer(64),
  oid: integer(32, true),
  uuid: { as: 'uuid' },
  bool: { as: 'boolean' },
}

/**
 * @param type The name of the base type. @param kind `pg_type.typtype` of it.
 * @param deterministic Whether its collation takes only equal bytes for equal.
 * @param modifier `atttypmod`, the length plus four.
 */
export function postgresComparison(
  type: string,
  kind: string,
  deterministic: boolean,
  modifier: number,
): Comparison {
  const known = POSTGRES[type]
  if (known !== undefined) return known
  const text = (type === 'text' || type === 'varchar' || kind === 'e') && deterministic
  if (!text) return NONE
  return {
    as: 'text',
    longest: type === 'varchar' && modifier > 4 ? modifier - 4 : LONGEST,
    ascii: false,
  }
}

const MYSQL_BITS: Readonly<Record<string, number>> = {
  tinyint: 8,
  smallint: 16,
  mediumint: 24,
  int: 32,
  bigint: 64,
}

/**
 * @param full The type with its length and UNSIGNED, as `int(10) unsigned`.
 * A text is taken at its word only under a binary collation, and then only in ASCII: other characters may not survive the
 * conversion between the connection's character set and the column's.
 */
export function mysqlComparison(
  type: string,
  full: string,
  collation: string | null,
  length: number | null,
): Comparison {
  const bits = MYSQL_BITS[type.toLowerCase()]
  if (bits !== undefined) return bounded(integer(bits, /unsigned|zerofill/i.test(full)))
  if (type.toLowerCase() === 'uuid') return { as: 'uuid' }
  if (!/^(?:char|varchar|tinytext|text|mediumtext|longtext)$/i.test(type) || collation === null)
    return NONE
  const longest = Math.min(length ?? 0, LONGEST)
  if (/_bin$/i.test(collation)) return { as: 'text', longest, ascii: true }
  return /_(?:ci|cs)$/i.test(collation) ? { as: 'folded', longest } : NONE
}

/**
 * By the affinity of the declared type ("Datatypes In SQLite", section 3.1).
 *
 * @param binary Nothing in the table's definition names a collation.
 */
export function sqliteComparison(type: string, binary: boolean): Comparison {
  const declared = type.toUpperCase()
  if (declared.includes('INT')) return SAFE
  if (/CHAR|CLOB|TEXT/.test(declared))
    return binary ? { as: 'text', longest: LONGEST, ascii: false } : NONE
  if (declared === '' || declared === 'ANY' || declared.includes('BLOB')) return NONE
  return SAFE
}

/**
 * The one text for all values that a column takes for equal, so that a row read by one of them and written by another is the same
 * row. Undefined when that is not certain: then the value stands for any row.
 *
 * A read whose value is undefined here depends on the whole table; a write touches all rows.
 */
export function canonicalValue(column: Column, value: unknown): string | undefined {
  const { comparison } = column
  switch (comparison.as) {
    case 'integer': {
      const whole = wholeNumber(value)
      if (whole === undefined || whole < comparison.least || whole > comparison.most)
        return undefined
      return String(whole)
    }
    case 'text': {
      if (typeof value !== 'string' || value.length > comparison.longest) return undefined
      // Trailing spaces and, in MySQL, characters outside ASCII may be lost or not count.
      if (/\s$/.test(value) || value.includes('\0') || !value.isWellFormed()) return undefined
      return comparison.ascii && !/^[\x20-\x7e]*$/.test(value) ? undefined : value
    }
    case 'folded':
      if (typeof value !== 'string' || value.length > comparison.longest) return undefined
      return /^[0-9A-Za-z]+$/.test(value) ? value.toLowerCase() : undefined
    case 'uuid':
      if (typeof value !== 'string') return undefined
      return /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i.test(value)
        ? value.toLowerCase()
        : undefined
    case 'boolean':
      return typeof value === 'boolean' ? String(value) : undefined
    case 'none':
      return undefined
  }
  return undefined
}

/** Whole numbers, and texts that are one in its shortest form: `'05'` and `' 5'` are left to the server. */
function wholeNumber(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined
  if (typeof value !== 'string') return undefined
  return /^(?:0|-?[1-9]\d{0,18})$/.test(value) ? BigInt(value) : undefined
}
