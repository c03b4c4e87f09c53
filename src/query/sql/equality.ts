import type { Token } from './lex/token.js'
import { isOne } from './reader.js'
import type { Range, Source } from './outline.js'
import type { Dialect, Equality, Value } from './types.js'

/**
 * Finds the conditions `column = value` that hold for every row a WHERE lets through. It looks for a chain of ANDs, with brackets
 * around the whole or a part, and takes from it only what has exactly that form. Under an OR, in MySQL also `||` and XOR, nothing
 * is certain; BETWEEN and CASE have words of their own that look like the chain.
 *
 * @param sources The tables in sight. A column without a table in front counts only if `lone`: one table and nothing else in sight.
 */
export function equalities(
  tokens: readonly Token[],
  range: Range,
  sources: readonly Source[],
  lone: boolean,
  dialect: Dialect,
): Equality[] {
  const found: Equality[] = []
  const finder: Finder = { tokens, sources, lone, dialect, found }
  collect(finder, range[0], range[1], 0)
  return found
}

interface Finder {
  readonly tokens: readonly Token[]
  readonly sources: readonly Source[]
  readonly lone: boolean
  readonly dialect: Dialect
  readonly found: Equality[]
}

const NOT_A_CHAIN: Readonly<Record<Dialect, readonly string[]>> = {
  postgres: ['OR', 'CASE'],
  mysql: ['OR', '||', 'XOR', 'CASE', ':='],
  sqlite: ['OR', 'CASE'],
}

function collect(finder: Finder, from: number, to: number, depth: number): void {
  const { tokens } = finder
  const first = tokens[from]
  if (first === undefined || depth > 20) return
  if (isOne(first, ['(']) && first.match === to - 1)
    return collect(finder, from + 1, to - 1, depth + 1)
  const cuts: number[] = []
  let between = false
  for (let at = from; at < to; at++) {
    const token = tokens[at]
    if (token === undefined) return
    if (isOne(token, NOT_A_CHAIN[finder.dialect])) return
    if (isOne(token, ['BETWEEN'])) between = true
    else if (isOne(token, ['AND'])) {
      if (between) between = false
      else cuts.push(at)
    }
    if (token.match > at) at = token.match
  }
  if (cuts.length === 0) return single(finder, from, to)
  let start = from
  for (const cut of [...cuts, to]) {
    collect(finder, start, cut, depth + 1)
    start = cut + 1
  }
}

/** One condition of the form `column = value` or `value = column`. */
function single(finder: Finder, from: number, to: number): void {
  const { tokens } = finder
  for (let at = from; at < to; at++) {
    const token = tokens[at]
    if (token === undefined) return
    if (!isOne(token, ['=', '=='])) continue
    const left = columnAt(finder, from, at)
    if (left) add(finder, left, readValue(tokens, at + 1, to, finder.dialect))
    else {
      const right = columnAt(finder, at + 1, to)
      if (right) add(finder, right, readValue(tokens, from, at, finder.dialect))
    }
    return
  }
}

function add(
  finder: Finder,
  column: { table: string; column: string },
  value: Value | undefined,
): void {
  if (value !== undefined) finder.found.push({ ...column, value })
}

function columnAt(
  finder: Finder,
  from: number,
  to: number,
): { table: string; column: string } | undefined {
  const { tokens, sources, lone, dialect } = finder
  const path: Token[] = []
  for (let at = from; at < to; at++) {
    const token = tokens[at]
    if (token === undefined) return undefined
    if ((at - from) % 2 === 1) {
      if (!isOne(token, ['.'])) return undefined
    } else if (token.kind !== 'word' && token.kind !== 'quoted') return undefined
    else path.push(token)
  }
  if ((to - from) % 2 === 0) return undefined
  const last = path.at(-1)
  if (last === undefined || path.length > 3) return undefined
  const column = foldColumn(last.name, dialect)
  const only = sources[0]
  if (path.length === 1) {
    // A bare word may be a constant or a call without brackets.
    if (
      last.kind === 'word' &&
      /^(?:TRUE|FALSE|NULL|USER|DEFAULT|CURRENT_|LOCAL|SESSION_)/.test(last.text)
    )
      return undefined
    return lone && only !== undefined && sources.length === 1
      ? { table: only.table, column }
      : undefined
  }
  const written = path.slice(0, -1).map((token) => token.name)
  const source = sources.filter((candidate) => refersTo(candidate, written))
  const [meant] = source
  return source.length === 1 && meant !== undefined ? { table: meant.table, column } : undefined
}

/** `alias.column`, or `schema.table.column` as the text names the table. */
function refersTo(source: Source, written: readonly string[]): boolean {
  return written.length === 1
    ? source.alias === written[0]
    : source.table === written.join('.') && source.table.endsWith(source.alias)
}

/** Names of columns do not depend on case in MySQL and SQLite. */
export function foldColumn(name: string, dialect: Dialect): string {
  return dialect === 'postgres' ? name : name.toLowerCase()
}

/** Types a value may be cast to without becoming another value. */
const HARMLESS_CASTS = new Set([
  'int2',
  'int4',
  'int8',
  'int',
  'integer',
  'bigint',
  'smallint',
  'uuid',
])

/** A parameter, a whole number or a plain string; undefined for anything else. */
export function readValue(
  tokens: readonly Token[],
  from: number,
  to: number,
  dialect: Dialect,
): Value | undefined {
  let start = from
  let end = to
  while (
    end - start > 2 &&
    isOne(tokens[start] ?? END, ['(']) &&
    tokens[start]?.match === end - 1
  ) {
    start++
    end--
  }
  const first = tokens[start]
  if (first === undefined || start >= end) return undefined
  const length = end - start
  if (length === 3 && dialect === 'postgres' && isOne(tokens[start + 1] ?? END, ['::'])) {
    const type = tokens[start + 2]
    if (type?.kind !== 'word' || !HARMLESS_CASTS.has(type.name) || first.kind !== 'param')
      return undefined
  } else if (length === 2 && isOne(first, ['-']) && tokens[start + 1]?.kind === 'number') {
    return wholeNumber(tokens[start + 1] ?? END, '-')
  } else if (length !== 1) return undefined
  if (first.kind === 'param') return { param: parameter(first, dialect) }
  if (first.kind === 'number') return wholeNumber(first, '')
  return first.kind === 'string' && first.plain ? { literal: first.name } : undefined
}

const END: Token = { kind: 'end', text: '', name: '', start: 0, end: 0, plain: false, match: -1 }

function parameter(token: Token, dialect: Dialect): number | string {
  const numbered = token.text === '?' || (token.text === '$' && dialect === 'postgres')
  return numbered ? Number(token.name) : token.name
}

function wholeNumber(token: Token, sign: string): Value | undefined {
  const number = Number(token.name)
  if (!token.plain || !Number.isSafeInteger(number)) return undefined
  return { literal: sign === '-' && number > 0 ? -number : number }
}
