import { Unreadable } from './token.js'

const BACKSLASH = 92

/** Where the text that starts after an opening quote ends (the index of the closing quote), or -1. A doubled quote stays inside. */
export function closingQuote(sql: string, from: number, quote: string, escapes: boolean): number {
  const close = quote.charCodeAt(0)
  for (let at = from; at < sql.length; at++) {
    const c = sql.charCodeAt(at)
    if (c === close) {
      if (sql.charCodeAt(at + 1) !== close) return at
      at++
    } else if (escapes && c === BACKSLASH) at++
  }
  return -1
}

/** Doubled quotes as one. */
export function undouble(raw: string, quote: string): string {
  return raw.includes(quote) ? raw.replaceAll(quote + quote, quote) : raw
}

const SIMPLE: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/** What PostgreSQL's `E'...'` says. PostgreSQL 15 documentation, section 4.1.2.2. */
export function unescapePostgres(raw: string): string {
  return raw.replaceAll(
    /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/g,
    (_all, octal?: string, hex?: string, four?: string, eight?: string, other?: string) => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 255)
      const digits = hex ?? four ?? eight
      if (digits !== undefined) return codePoint(Number.parseInt(digits, 16))
      return SIMPLE[other ?? ''] ?? other ?? ''
    },
  )
}

/** What `U&'...'` and `U&"..."` say. PostgreSQL 15 documentation, sections 4.1.1 and 4.1.2.3. */
export function unescapeUnicode(raw: string, escape: string, at: number): string {
  let out = ''
  for (let i = 0; i < raw.length; i++) {
    if (raw.charAt(i) !== escape) {
      out += raw.charAt(i)
      continue
    }
    if (raw.charAt(i + 1) === escape) {
      out += escape
      i++
      continue
    }
    const long = raw.charAt(i + 1) === '+'
    const digits = long ? raw.slice(i + 2, i + 8) : raw.slice(i + 1, i + 5)
    if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length !== (long ? 6 : 4)) {
      throw new Unreadable('unicode escape', at)
    }
    out += codePoint(Number.parseInt(digits, 16))
    i += long ? 7 : 4
  }
  return out
}

function codePoint(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : ''
}

/** PostgreSQL keeps 63 bytes of a name. */
export function truncatePostgres(name: string): string {
  if (name.length <= 21) return name
  const bytes = Buffer.from(name)
  if (bytes.length <= 63) return name
  let end = 63
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}
