/**
 * The characters HTTP is written in: tokens, whitespace and the two ways to write an argument.
 *
 * RFC 9110 section 5.6.2 (tokens), 5.6.3 (whitespace), 5.6.4 (quoted strings). Everything here is one pass over the
 * text, without regular expressions that could be made to backtrack.
 */

const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~"
const tokenTable = new Uint8Array(128)
for (let code = 0; code < 128; code++) {
  const character = String.fromCharCode(code)
  if (/[0-9A-Za-z]/.test(character) || TOKEN_CHARACTERS.includes(character)) tokenTable[code] = 1
}

const HTAB = 0x09
const SPACE = 0x20
const DQUOTE = 0x22
const BACKSLASH = 0x5c

/** True when `code` may stand in a token. */
export function isTokenCode(code: number): boolean {
  return code < 128 && tokenTable[code] === 1
}

/** True when `text` is a token: at least one character, and no space, separator, control or non-ASCII character. */
export function isToken(text: string): boolean {
  if (text.length === 0) return false
  for (let at = 0; at < text.length; at++) if (!isTokenCode(text.charCodeAt(at))) return false
  return true
}

/** True for the ASCII digits. */
export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** True for the two characters of optional whitespace, space and tab. */
export function isWhitespaceCode(code: number): boolean {
  return code === SPACE || code === HTAB
}

/** `text` without optional whitespace at its ends. Unlike `String.trim` it takes only spaces and tabs. */
export function trimWhitespace(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isWhitespaceCode(text.charCodeAt(start))) start++
  while (end > start && isWhitespaceCode(text.charCodeAt(end - 1))) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

/**
 * The index just behind the quoted string that opens at `start`, or `text.length` when it is never closed.
 *
 * A backslash takes the next character with it.
 */
export function endOfQuoted(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === DQUOTE) return at + 1
  }
  return text.length
}

/** What a quoted string says, without its quotes and escapes; `undefined` when `text` is not exactly one quoted string. */
export function unquote(text: string): string | undefined {
  if (text.length < 2 || text.charCodeAt(0) !== DQUOTE) return undefined
  let content = ''
  let from = 1
  for (let at = 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === DQUOTE) return at === text.length - 1 ? content + text.slice(from, at) : undefined
    if (code === BACKSLASH) {
      if (at + 1 >= text.length - 1) return undefined
      content += text.slice(from, at)
      from = ++at
    }
  }
  return undefined
}

/** `text` as a token where it is one, else as a quoted string. The caller has checked that it holds no control character. */
export function tokenOrQuoted(text: string): string {
  return isToken(text) ? text : `"${text.replace(/[\\"]/g, String.raw`\$&`)}"`
}
