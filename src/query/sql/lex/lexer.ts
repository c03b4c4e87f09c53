import type { Dialect } from '../types.js'
import { skipBlock, skipLine } from './comments.js'
import { DIGIT, NAME, OPERATOR, Scan, SPACE, classOf, isNamePart, nameEnd } from './scan.js'
import { readDollar, readPrefixed, readQuotedName, readString, readUnicode } from './strings.js'
import { Unreadable, type Mode, type Token } from './token.js'

/**
 * Cuts a text into words the way its server does: comments (nested in PostgreSQL, conditional in MySQL), dollar quotes,
 * escapes, continued strings, operators that end at a comment. Where a setting of the session decides, the mode says which
 * reading is wanted and `doubts` says that the other one differs.
 *
 * Sources: PostgreSQL 15 chapter 4.1 and what `libpg-query` does, MySQL 8.4 chapters 11.1, 11.2 and 11.7, MariaDB "Comment
 * Syntax", SQLite "SQL As Understood By SQLite"; each seen on the server.
 */
export interface Lexed {
  readonly tokens: readonly Token[]
  /** Where the last word ends: what follows is white space and comments. */
  readonly end: number
  readonly doubts: {
    readonly single: boolean
    readonly double: boolean
    readonly conditional: boolean
  }
  /** A `?` stands where the server sees no parameter. */
  readonly strayMark: boolean
  /** How many values the parameters take. */
  readonly parameters: number
  /** The names of named parameters, without their signs. */
  readonly names: readonly string[]
}

/** Longer texts are not read: nobody sends one twice, and reading it would hold up everything else. */
export const MAX_LENGTH: number = 1024 * 1024

/** @throws {Unreadable} when the text is not one that the server would cut into words. */
export function lex(sql: string, dialect: Dialect, mode: Mode): Lexed {
  // A protocol with texts that end at a zero byte would send another text than the one we read.
  if (sql.length > MAX_LENGTH || sql.includes('\0')) throw new Unreadable('text', 0)
  const scan = new Scan(sql, dialect, mode)
  const open: number[] = []
  while (scan.at < sql.length) {
    const code = sql.charCodeAt(scan.at)
    const kind = classOf(code)
    if (kind === SPACE) scan.at++
    else if (kind === NAME) readWord(scan)
    else if (kind === DIGIT) readNumber(scan)
    else readMark(scan, code, open)
  }
  if (open.length > 0 || scan.conditional) throw new Unreadable('end of text', scan.at)
  const end = scan.tokens.at(-1)?.end ?? 0
  scan.push('end', '', '', scan.at)
  const { tokens, doubts, strayMark, parameters, names } = scan
  return {
    tokens,
    end,
    doubts,
    strayMark,
    parameters,
    names: [...names].map((name) => name.slice(1)),
  }
}

function readWord(scan: Scan): void {
  const { sql, at } = scan
  const next = sql.charCodeAt(at + 1)
  if (next === 39 && readPrefixed(scan, sql.charAt(at).toLowerCase())) return
  if (next === 38 && scan.dialect === 'postgres' && /^u&['"]/i.test(sql.slice(at, at + 3))) {
    return readUnicode(scan, sql.charAt(at + 2))
  }
  const end = nameEnd(sql, at + 1)
  const raw = sql.slice(at, end)
  scan.push('word', raw.toUpperCase(), scan.fold(raw, false), end)
}

/**
 * A number, or MySQL's names that begin with one. What servers or their versions read differently (`1from`, `1_000`) is a number
 * followed by a word, or not read at all; only plain digits are `plain`.
 */
function readNumber(scan: Scan): void {
  const { sql, at, dialect } = scan
  const run = sql.slice(at, nameEnd(sql, at))
  if (dialect === 'mysql' && !/^(?:\d+(?:e\d*)?|0x[0-9a-f]+|0b[01]+)$/i.test(run)) {
    if (/^\d+e\d/i.test(run)) throw new Unreadable('number', at)
    return scan.push('word', run.toUpperCase(), run, at + run.length)
  }
  if (dialect === 'mysql' && sql.charAt(at - 1) === '.' && scan.tokens.at(-1)?.text === '.') {
    return scan.push('word', run, run, at + run.length)
  }
  const rest = sql.slice(at, at + 400)
  const found =
    /^0[xX][0-9a-fA-F_]+|^0[oO][0-7_]+|^0[bB][01_]+/.exec(rest) ??
    /^\d[\d_]*(?:\.(?!\.)(?:\d[\d_]*)?)?(?:[eE][+-]?\d+)?/.exec(rest)
  const text = found?.[0] ?? run
  const end = at + text.length
  if (text.length > 350) throw new Unreadable('number', at)
  const glued = isNamePart(sql.charCodeAt(end))
  if (glued && dialect !== 'postgres') throw new Unreadable('number', at)
  scan.push('number', '', text, end, !glued && /^\d+$/.test(text))
}

function readFraction(scan: Scan): void {
  const found = /^\.\d+(?:[eE][+-]?\d+)?/.exec(scan.sql.slice(scan.at, scan.at + 400))
  const end = scan.at + (found?.[0].length ?? 1)
  if (isNamePart(scan.sql.charCodeAt(end))) throw new Unreadable('number', scan.at)
  scan.push('number', '', scan.sql.slice(scan.at, end), end)
}

function readMark(scan: Scan, code: number, open: number[]): void {
  const { sql, at, dialect } = scan
  const next = sql.charCodeAt(at + 1)
  switch (code) {
    case 39: // '
      return readString(scan, "'")
    case 34: // "
      return dialect === 'mysql' ? readString(scan, '"') : readQuotedName(scan, '"', '"')
    case 96: // `
      if (dialect !== 'postgres') return readQuotedName(scan, '`', '`')
      break
    case 91: // [
      if (dialect === 'sqlite') return readQuotedName(scan, '[', ']')
      break
    case 45: // -
      // MySQL wants white space, a control character or the end after `--`: `5--1` is six.
      if (next === 45 && (dialect !== 'mysql' || !isVisible(sql.charCodeAt(at + 2))))
        return skipLine(scan)
      break
    case 35: // #
      if (dialect === 'mysql') return skipLine(scan)
      break
    case 47: // /
      if (next === 42) return skipBlock(scan)
      break
    case 42: // *
      if (next === 47 && scan.conditional) {
        scan.conditional = false
        scan.at += 2
        return
      }
      break
    case 36: // $
      if (dialect === 'postgres') return readDollar(scan)
      return readNamed(scan)
    case 63: // ?
      if (dialect !== 'postgres') return readQuestion(scan)
      break
    case 92: // \
      if (dialect === 'mysql' && next === 78) return scan.push('word', 'NULL', 'NULL', at + 2)
      break
    case 46: // .
      if (classOf(next) === DIGIT && !(dialect === 'mysql' && afterName(scan))) {
        return readFraction(scan)
      }
      break
    case 58: // :
      if (dialect !== 'postgres' && isNamePart(next)) return readNamed(scan)
      break
    case 64: // @
      if (dialect === 'mysql') return readVariable(scan)
      if (dialect === 'sqlite') return readNamed(scan)
      break
  }
  readOperator(scan, code, open)
}

function isVisible(code: number): boolean {
  return code > 32 && code !== 127
}

/** MySQL: the digits behind `t.` are a name. */
function afterName(scan: Scan): boolean {
  const last = scan.tokens.at(-1)
  if (last === undefined || last.end !== scan.at) return false
  return last.kind !== 'op' || last.text === ']' || last.text === ')'
}

function readQuestion(scan: Scan): void {
  const { sql, at } = scan
  if (scan.dialect === 'mysql') {
    // `??` is a name that the client puts in.
    if (sql.charAt(at + 1) === '?') throw new Unreadable('??', at)
    return scan.push('param', '?', String(++scan.parameters), at + 1)
  }
  const digits = /^\?(\d*)/.exec(sql.slice(at, at + 8))?.[1] ?? ''
  if (digits.length > 5) throw new Unreadable('parameter', at)
  const number = digits === '' ? scan.parameters + 1 : Number(digits)
  scan.parameters = Math.max(scan.parameters, number)
  scan.push('param', '?', String(number), at + 1 + digits.length)
}

/** `:name` (SQLite, and MySQL clients that know it), `@name` and `$name` (SQLite, whose `$a::b(c)` is not read). */
function readNamed(scan: Scan): void {
  const { sql, at } = scan
  const end = nameEnd(sql, at + 1)
  const sign = sql.charAt(at)
  const tcl = sign === '$' && (sql.startsWith('::', end) || sql.startsWith('(', end))
  if (end === at + 1 || tcl || (sign === '$' && scan.dialect === 'mysql'))
    throw new Unreadable(sign, at)
  // The same name is the same parameter, which takes one number.
  const known = scan.names.size
  if (scan.names.add(sql.slice(at, end)).size > known) scan.parameters++
  scan.push('param', sign, sql.slice(at + 1, end), end)
}

function readVariable(scan: Scan): void {
  const text = /^@@?(?:[\w$.\u0080-\uffff]+|`[^`]*`|'[^'\\]*'|"[^"\\]*")?/.exec(
    scan.sql.slice(scan.at, scan.at + 300),
  )?.[0]
  scan.push('variable', '', text ?? '@', scan.at + (text ?? '@').length)
}

const MARKS = {
  postgres: ['::', ':=', '..'],
  mysql: ['->>', '<=>', '<<', '>>', '<=', '>=', '<>', '!=', '||', '&&', ':=', '->'],
  sqlite: ['->>', '->', '||', '<<', '>>', '<=', '>=', '<>', '!=', '=='],
} as const

/** Characters that are a mark of their own, and those with which a longer one may begin. */
const ALONE: ReadonlySet<number> = codes('-+*/%^<>=~!&|,.;:()[]')
const LONGER: ReadonlySet<number> = codes('-<>!|&:=.')

function codes(characters: string): ReadonlySet<number> {
  return new Set(Array.from(characters, (c) => c.charCodeAt(0)))
}

function longest(sql: string, at: number, dialect: Dialect): string {
  return MARKS[dialect].find((mark) => sql.startsWith(mark, at)) ?? sql.charAt(at)
}

function readOperator(scan: Scan, code: number, open: number[]): void {
  const { sql, at, dialect, tokens } = scan
  if (dialect === 'postgres' && classOf(code) === OPERATOR) {
    const text = postgresOperator(sql, at)
    return scan.push('op', text, '', at + text.length)
  }
  const text = LONGER.has(code) ? longest(sql, at, dialect) : sql.charAt(at)
  if (!ALONE.has(code)) throw new Unreadable(text, at)
  const index = tokens.length
  scan.push('op', text, '', at + text.length)
  if (text === '(' || text === '[') open.push(index)
  if (text !== ')' && text !== ']') return
  const opener = open.pop() ?? -1
  const [from, to] = [tokens[opener], tokens[index]]
  if (from === undefined || to === undefined || from.text !== (text === ')' ? '(' : '[')) {
    throw new Unreadable(text, at)
  }
  from.match = index
  to.match = opener
}

/**
 * As many operator characters as there are, up to a comment. One that ends in a sign keeps it only if it has a character of
 * `~!@#%^&|?` or a backtick: `id=-1` is `id = -1`.
 */
function postgresOperator(sql: string, at: number): string {
  let end = at + 1
  while (classOf(sql.charCodeAt(end)) === OPERATOR) {
    if (sql.startsWith('--', end) || sql.startsWith('/*', end)) break
    if (++end - at > 63) throw new Unreadable('operator', at)
  }
  let text = sql.slice(at, end)
  if (/[~!@#%^&|`?]/.test(text.slice(0, -1))) return text
  while (text.length > 1 && /[+-]$/.test(text)) text = text.slice(0, -1)
  return text
}
