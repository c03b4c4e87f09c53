import { normalisePercent, percentByte } from './percent.js'

/** Why a request target has no key; it is then not cached. */
export type TargetRefusal =
  /** Not a path: `*`, an authority (also one behind two slashes), another scheme, or longer than allowed. */
  | 'form'
  /** A character that may not stand in a path or query: a space, a control, a backslash, a fragment, raw Unicode. */
  | 'character'
  /** A percent sign without two hexadecimal digits, or an encoded NUL. */
  | 'encoding'
  /** A `.` or `..` segment, plain or encoded: what it leads to depends on who reads it. */
  | 'dot-segment'
  /** The host is none of those configured. */
  | 'host'
  /** More query parameters than allowed. */
  | 'parameters'

const SLASH = 0x2f

/** True for the characters a path or a query may hold as they are (RFC 3986 section 3.3, and what browsers leave plain). */
export function isTargetCode(code: number): boolean {
  if (code <= 0x20 || code >= 0x7f) return false
  return code !== 0x22 && code !== 0x23 && code !== 0x3c && code !== 0x3e && code !== 0x5c
}

/**
 * The path in its one form: percent-encodings in upper case, all else as it stands.
 *
 * Empty segments, a slash at the end and encoded separators stay apart from paths without them: routers take them for
 * different pages. What routers disagree about is refused.
 */
export function normalisePath(path: string): { readonly path: string } | TargetRefusal {
  if (path.charCodeAt(0) !== SLASH || path.charCodeAt(1) === SLASH) return 'form'
  let plain = true
  let dots = false
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at)
    if (!isTargetCode(code)) return 'character'
    if (code === 0x25) plain = false
    else if (code === 0x2e) dots = true
  }
  if (plain && !dots) return { path }
  const normal = normalisePercent(path)
  if (normal === undefined || hasEncodedNul(normal)) return 'encoding'
  return hasDotSegment(normal) ? 'dot-segment' : { path: normal }
}

function hasEncodedNul(path: string): boolean {
  return path.includes('%00')
}

/** True when a segment is `.` or `..` once dots, slashes and backslashes are decoded, and parameters (`..;x`) cut off. */
function hasDotSegment(path: string): boolean {
  let dots = 0
  let only = true
  for (let at = 0; at <= path.length; at++) {
    let code = at === path.length ? SLASH : path.charCodeAt(at)
    if (code === 0x25) {
      code = percentByte(path, at)
      at += 2
    }
    if (code === SLASH || code === 0x5c || code === 0x3b) {
      if (only && (dots === 1 || dots === 2)) return true
      dots = 0
      only = code !== 0x3b
    } else if (code === 0x2e) dots++
    else only = false
  }
  return false
}
