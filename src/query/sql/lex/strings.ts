import {
  closingQuote,
  truncatePostgres,
  undouble,
  unescapePostgres,
  unescapeUnicode,
} from './quoted.js'
import { SPACE, classOf, nameEnd, type Scan } from './scan.js'
import { Unreadable } from './token.js'

/** `'...'`, and MySQL's `"..."`. */
export function readString(scan: Scan, quote: string): void {
  if (scan.dialect === 'postgres') readPostgresString(scan, scan.at + 1, scan.mode.single, false)
  else if (scan.dialect === 'mysql') readMysqlString(scan, scan.at + 1, quote)
  else {
    const end = close(scan, scan.at + 1, quote, false)
    scan.push('string', '', undouble(scan.inside(scan.at + 1, end), quote), end + 1, true)
  }
}

/** `E'..' N'..' B'..' X'..'`: a letter directly before a quote. False when it is no prefix. */
export function readPrefixed(scan: Scan, letter: string): boolean {
  const from = scan.at + 2
  const { dialect } = scan
  if (letter === 'e' && dialect === 'postgres') readPostgresString(scan, from, true, true)
  else if (letter === 'n' && dialect === 'postgres') {
    readPostgresString(scan, from, scan.mode.single, true)
  } else if (letter === 'n' && dialect === 'mysql') readMysqlString(scan, from, "'")
  else if (letter === 'x' || (letter === 'b' && dialect !== 'sqlite')) {
    const end = scan.sql.indexOf("'", from)
    if (end === -1 || !/^[0-9a-fA-F\s]*$/.test(scan.sql.slice(from, end))) {
      throw new Unreadable('bit string', scan.at)
    }
    scan.push('string', '', '', end + 1)
  } else return false
  return true
}

function close(scan: Scan, from: number, quote: string, escapes: boolean): number {
  const end = closingQuote(scan.sql, from, quote, escapes)
  if (end === -1) throw new Unreadable('unterminated', from, true)
  return end
}

/**
 * A string, and what continues it: another quote after white space with a line break goes on under the same rules, so the
 * second piece of `E'a'⏎'b\'c'` has escapes too.
 */
function readPostgresString(scan: Scan, from: number, escapes: boolean, prefixed: boolean): void {
  const always = prefixed && escapes
  const raw: string[] = []
  let plain = !prefixed
  let start = from
  for (;;) {
    const end = close(scan, start, "'", escapes)
    const piece = scan.inside(start, end)
    raw.push(piece)
    if (!always && piece.includes('\\')) {
      plain = false
      scan.doubts.single ||= closingQuote(scan.sql, start, "'", !escapes) !== end
    }
    const next = continuation(scan.sql, end + 1)
    if (next === -1) {
      const text = undouble(raw.join(''), "'")
      scan.push('string', '', escapes ? unescapePostgres(text) : text, end + 1, plain)
      return
    }
    plain = false
    start = next + 1
  }
}

/** The index of the quote that continues a string which ended before `from`, or -1. */
function continuation(sql: string, from: number): number {
  let line = false
  for (let at = from; at < sql.length; at++) {
    const c = sql.charCodeAt(at)
    if (c === 39) return line ? at : -1
    if (c === 45 && sql.charCodeAt(at + 1) === 45) {
      while (at < sql.length && sql.charCodeAt(at) !== 10 && sql.charCodeAt(at) !== 13) at++
      line = true
    } else if (classOf(c) !== SPACE) return -1
    else line ||= c === 10 || c === 13
  }
  return -1
}

function readMysqlString(scan: Scan, from: number, quote: string): void {
  const which = quote === "'" ? 'single' : 'double'
  const escapes = scan.mode[which]
  const end = close(scan, from, quote, escapes)
  const raw = scan.inside(from, end)
  let plain = which === 'single' && from === scan.at + 1
  if (raw.includes('\\')) {
    plain = false
    scan.doubts[which] ||= closingQuote(scan.sql, from, quote, !escapes) !== end
  }
  scan.push(which === 'single' ? 'string' : 'either', '', undouble(raw, quote), end + 1, plain)
}

/** `U&'...'` and `U&"..."`, with the `UESCAPE` that may follow. */
export function readUnicode(scan: Scan, quote: string): void {
  const { sql } = scan
  const end = close(scan, scan.at + 3, quote, false)
  const raw = undouble(scan.inside(scan.at + 3, end), quote)
  const uescape = /^(?:\s|--[^\n\r]*[\n\r])*uescape\s*'([^'])'/i.exec(sql.slice(end + 1, end + 200))
  const text = unescapeUnicode(raw, uescape?.[1] ?? '\\', scan.at)
  const after = end + 1 + (uescape?.[0].length ?? 0)
  if (quote === '"') return scan.push('quoted', '"', truncatePostgres(text), after)
  if (!uescape && continuation(sql, after) !== -1) throw new Unreadable('U&', scan.at)
  scan.push('string', '', text, after)
}

/** A name in quotes, backticks or brackets. */
export function readQuotedName(scan: Scan, open: string, closing: string): void {
  const end = close(scan, scan.at + 1, closing, false)
  const raw = scan.inside(scan.at + 1, end)
  const name = open === '[' ? raw : undouble(raw, open)
  // SQLite takes `""` for an empty string where no column has that name.
  if (name === '' && scan.dialect !== 'sqlite') throw new Unreadable('empty name', scan.at)
  scan.push('quoted', open, scan.fold(name, true), end + 1)
}

/** `$1`, `$tag$...$tag$`. */
export function readDollar(scan: Scan): void {
  const { sql } = scan
  const start = scan.at
  const digits = /^\$(\d{1,5})(?!\d)/.exec(sql.slice(start, start + 7))
  if (digits?.[1] !== undefined) {
    scan.parameters = Math.max(scan.parameters, Number(digits[1]))
    return scan.push('param', '$', digits[1], start + digits[0].length)
  }
  let end = start + 1
  if (sql.charCodeAt(end) !== 36) {
    const stop = nameEnd(sql, end)
    end = sql.indexOf('$', end)
    if (end === -1 || end >= stop) throw new Unreadable('$', start)
  }
  const tag = sql.slice(start, end + 1)
  const closing = sql.indexOf(tag, end + 1)
  if (closing === -1 || /^\$\d/.test(tag)) throw new Unreadable('$', start)
  scan.push('string', '', scan.inside(end + 1, closing), closing + tag.length)
}
