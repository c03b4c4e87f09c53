import type { Dialect } from '../types.js'
import { truncatePostgres } from './quoted.js'
import type { Mode, Token, TokenKind } from './token.js'

/** A text being cut into words: where we are, what was found, what is in doubt. The functions beside this file move it on. */
export class Scan {
  readonly sql: string
  readonly dialect: Dialect
  readonly mode: Mode
  readonly tokens: Token[] = []
  /** The other reading of a setting would end somewhere else. */
  readonly doubts: { single: boolean; double: boolean; conditional: boolean }
  /** A `?` stands where the server sees no parameter. */
  strayMark = false
  /** The opener of the conditional comments met, `/*!80000`. */
  condition = ''
  /** Inside a conditional comment that is code. */
  conditional = false
  at = 0
  /** The highest parameter number given so far. */
  parameters = 0
  /** Named parameters met, with their signs. */
  readonly names: Set<string> = new Set()

  constructor(sql: string, dialect: Dialect, mode: Mode) {
    this.sql = sql
    this.dialect = dialect
    this.mode = mode
    this.doubts = { single: false, double: false, conditional: false }
  }

  push(kind: TokenKind, text: string, name: string, end: number, plain = false): void {
    this.tokens.push({ kind, text, name, start: this.at, end, plain, match: -1 })
    this.at = end
  }

  /** The raw text of a string, comment or quoted name; takes note of a `?` in it. */
  inside(from: number, to: number): string {
    const raw = this.sql.slice(from, to)
    if (this.dialect === 'mysql' && !this.strayMark) this.strayMark = raw.includes('?')
    return raw
  }

  /** A name as its server compares it. */
  fold(raw: string, quoted: boolean): string {
    if (this.dialect === 'mysql') return raw
    if (this.dialect === 'sqlite') return lowerAscii(raw)
    return truncatePostgres(quoted ? raw : lowerAscii(raw))
  }
}

/** Lower case of the letters A to Z only, as SQLite and PostgreSQL (in UTF-8) fold names. */
export function lowerAscii(name: string): string {
  for (let i = 0; i < name.length; i++) {
    if (name.charCodeAt(i) > 127) return name.replaceAll(/[A-Z]+/g, (s) => s.toLowerCase())
  }
  return name.toLowerCase()
}

export const SPACE = 1
export const NAME = 2
export const DIGIT = 3
/** A character PostgreSQL makes operators of. */
export const OPERATOR = 4

const CLASS = new Uint8Array(128)
for (const c of ' \t\n\r\f\v') CLASS[c.charCodeAt(0)] = SPACE
for (let c = 65; c <= 90; c++) {
  CLASS[c] = NAME
  CLASS[c + 32] = NAME
}
CLASS[95] = NAME
for (let c = 48; c <= 57; c++) CLASS[c] = DIGIT
for (const c of '+-*/<>=~!@#%^&|`?') CLASS[c.charCodeAt(0)] = OPERATOR

/** Everything beyond ASCII is part of a name in all three dialects. NaN, past the end, is nothing. */
export function classOf(code: number): number {
  return code >= 128 ? NAME : (CLASS[code] ?? 0)
}

/** Whether a name may go on with it: letters, digits and, in all three dialects, `$`. */
export function isNamePart(code: number): boolean {
  if (code === 36) return true
  const c = classOf(code)
  return c === NAME || c === DIGIT
}

/** The end of the name or number that goes on at `from`. */
export function nameEnd(sql: string, from: number): number {
  let end = from
  while (isNamePart(sql.charCodeAt(end))) end++
  return end
}
