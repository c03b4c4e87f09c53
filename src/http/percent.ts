/**
 * Percent-encoding in paths and queries (RFC 3986 section 2.1), for keys: two spellings get one form only where every
 * server would take them for the same.
 */

const PERCENT = 0x25

/** The value of a hexadecimal digit, or -1. */
function hex(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** The byte that `%xx` at `at` stands for, or -1 when that is no encoding. */
export function percentByte(text: string, at: number): number {
  const high = hex(text.charCodeAt(at + 1))
  const low = hex(text.charCodeAt(at + 2))
  return high < 0 || low < 0 ? -1 : high * 16 + low
}

/**
 * `text` with its percent-encodings in upper case; `undefined` when one of them is none.
 *
 * Nothing is decoded: `%2F` is not `/`, and whether `%41` is `A` is for the router to say.
 */
export function normalisePercent(text: string): string | undefined {
  let at = text.indexOf('%')
  if (at === -1) return text
  let result = ''
  let from = 0
  for (; at !== -1; at = text.indexOf('%', at + 3)) {
    if (percentByte(text, at) < 0) return undefined
    result += text.slice(from, at) + text.slice(at, at + 3).toUpperCase()
    from = at + 3
  }
  return result + text.slice(from)
}

/** A component of a form-encoded query, decoded; `undefined` when it is not well formed, in encoding or in UTF-8. */
export function decodeComponent(text: string): string | undefined {
  let plain = true
  for (let at = 0; plain && at < text.length; at++) {
    const code = text.charCodeAt(at)
    plain = code !== PERCENT && code !== 0x2b
  }
  if (plain) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
