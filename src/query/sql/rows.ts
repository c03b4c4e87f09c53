import { equalities, foldColumn, readValue } from './equality.js'
import type { Token } from './lex/token.js'
import type { ChangeOutline, Range } from './outline.js'
import { isOne } from './reader.js'
import type { Assignment, Change, Dialect } from './types.js'

/** Says which rows a change can touch, as far as its words are certain about it. */
export function describeChange(
  tokens: readonly Token[],
  outline: ChangeOutline,
  dialect: Dialect,
  alone: boolean,
): Change {
  const { operation, table } = outline
  const rows = operation === 'insert' ? readRows(tokens, outline, dialect) : undefined
  const where =
    outline.where && alone
      ? equalities(tokens, outline.where, [outline], !outline.others, dialect)
      : []
  return {
    table,
    operation,
    anyRow: outline.anyRow || (operation === 'insert' && rows === undefined),
    where,
    assigned:
      operation === 'update' && outline.set
        ? readAssigned(tokens, outline.set, dialect)
        : undefined,
    rows,
  }
}

/** Cuts a range at its commas, looking over brackets. */
function split(tokens: readonly Token[], [from, to]: Range): Range[] {
  const parts: Range[] = []
  let start = from
  for (let at = from; at < to; at++) {
    const token = tokens[at]
    if (token === undefined) break
    if (isOne(token, [','])) {
      parts.push([start, at])
      start = at + 1
    }
    if (token.match > at) at = token.match
  }
  if (to > start) parts.push([start, to])
  return parts
}

/** `a = 1, t.b = 2`, or undefined when one of them is not a plain column. */
function readAssigned(
  tokens: readonly Token[],
  range: Range,
  dialect: Dialect,
): Assignment[] | undefined {
  const found: Assignment[] = []
  for (const [from, to] of split(tokens, range)) {
    let equals = from
    while (equals < to && !isOne(tokens[equals] ?? tokens[from]!, ['='])) {
      if (isOne(tokens[equals] ?? tokens[from]!, ['('])) {
        const several = readSeveral(tokens, equals, to, dialect)
        if (several === undefined) return undefined
        found.push(...several)
        break
      }
      equals++
    }
    if (found.length > 0 && isOne(tokens[equals] ?? tokens[from]!, ['('])) continue
    const column = columnBefore(tokens, from, equals, dialect)
    if (column === undefined) return undefined
    // Of an element or a field the rest of the column stays.
    const whole = dialect === 'mysql' || equals === from + 1
    found.push(whole ? assignment(column, tokens, [equals + 1, to], dialect) : { column })
  }
  return found
}

/** `(a, b) = ...`: the columns, whose values are not told. */
function readSeveral(
  tokens: readonly Token[],
  open: number,
  to: number,
  dialect: Dialect,
): Assignment[] | undefined {
  const close = tokens[open]?.match ?? -1
  if (close < open || close >= to) return undefined
  const columns: Assignment[] = []
  for (const [from, end] of split(tokens, [open + 1, close])) {
    const column = columnBefore(tokens, from, end, dialect)
    if (column === undefined) return undefined
    columns.push({ column })
  }
  return columns
}

/** The column that is assigned: the last name of a path, or the first in PostgreSQL, where `a.b` is a field and `a[1]` an element. */
function columnBefore(
  tokens: readonly Token[],
  from: number,
  to: number,
  dialect: Dialect,
): string | undefined {
  const at = dialect === 'mysql' ? to - 1 : from
  const token = tokens[at]
  if (token === undefined || from >= to) return undefined
  if (token.kind !== 'word' && token.kind !== 'quoted') return undefined
  return foldColumn(token.name, dialect)
}

function assignment(
  column: string | number,
  tokens: readonly Token[],
  [from, to]: Range,
  dialect: Dialect,
): Assignment {
  const value = readValue(tokens, from, to, dialect)
  return value === undefined ? { column } : { column, value }
}

function readRows(
  tokens: readonly Token[],
  outline: ChangeOutline,
  dialect: Dialect,
): Assignment[][] | undefined {
  if (outline.set) {
    const assigned = readAssigned(tokens, outline.set, dialect)
    return assigned && [assigned]
  }
  if (outline.values === undefined) return undefined
  const columns = outline.columns && readColumns(tokens, outline.columns, dialect)
  if (outline.columns && columns === undefined) return undefined
  const rows: Assignment[][] = []
  for (const [from, to] of split(tokens, outline.values)) {
    const open = isOne(tokens[from] ?? tokens[0]!, ['ROW']) ? from + 1 : from
    const token = tokens[open]
    if (token === undefined || !isOne(token, ['(']) || token.match !== to - 1) return undefined
    const values = split(tokens, [open + 1, to - 1])
    rows.push(values.map((value, i) => assignment(columns?.[i] ?? i, tokens, value, dialect)))
    if (columns !== undefined && values.length > columns.length) return undefined
  }
  return rows
}

function readColumns(
  tokens: readonly Token[],
  range: Range,
  dialect: Dialect,
): string[] | undefined {
  const columns: string[] = []
  for (const [from, to] of split(tokens, range)) {
    const column = columnBefore(tokens, from, to, dialect)
    if (column === undefined || (dialect !== 'mysql' && to !== from + 1)) return undefined
    columns.push(column)
  }
  return columns
}
