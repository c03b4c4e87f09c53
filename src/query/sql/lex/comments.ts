import type { Scan } from './scan.js'
import { Unreadable } from './token.js'

/** `-- ...` and MySQL's `# ...`. PostgreSQL ends it at a carriage return too, the others at a line feed only. */
export function skipLine(scan: Scan): void {
  const { sql } = scan
  const start = scan.at
  let end = start
  while (end < sql.length) {
    const c = sql.charCodeAt(end)
    if (c === 10 || (c === 13 && scan.dialect === 'postgres')) break
    end++
  }
  scan.inside(start, end)
  scan.at = end
}

/** A comment in `/*`: nested in PostgreSQL; in SQLite the end of the text ends it; in MySQL it may be code. */
export function skipBlock(scan: Scan): void {
  const { sql, dialect } = scan
  const start = scan.at
  if (dialect === 'mysql') {
    // Both servers read a version of five or six digits. MySQL takes `/*M!` for a plain comment.
    const opener = /^\/\*(?:!|M!)(?:\d{5,6})?/.exec(sql.slice(start, start + 12))
    if (opener) return conditional(scan, opener[0])
    if (scan.conditional) throw new Unreadable('nested comment', start)
  }
  let depth = 1
  let at = start + 2
  for (; depth > 0; at++) {
    if (at >= sql.length) {
      if (dialect !== 'sqlite') throw new Unreadable('unterminated comment', start)
      break
    }
    const c = sql.charCodeAt(at)
    if (c === 42 && sql.charCodeAt(at + 1) === 47) {
      depth--
      at++
    } else if (c === 47 && dialect === 'postgres' && sql.charCodeAt(at + 1) === 42) {
      depth++
      at++
    }
  }
  scan.inside(start, at)
  scan.at = at
}

/** MySQL 8.4 section 11.7 and MariaDB "Comment Syntax": `/*!` is code, `/*!80000` from that version on, `/*M!` in MariaDB. */
function conditional(scan: Scan, opener: string): void {
  const { sql } = scan
  if (scan.conditional) throw new Unreadable('nested comment', scan.at)
  const always = opener === '/*!'
  if (!always) {
    // Several versions in one text make more readings than are worth having.
    if (scan.condition !== '' && scan.condition !== opener) throw new Unreadable('version', scan.at)
    scan.condition = opener
    scan.doubts.conditional = true
  }
  if (always || scan.mode.conditional) {
    scan.conditional = true
    scan.at += opener.length
    return
  }
  const close = sql.indexOf('*/', scan.at)
  const inner = sql.slice(scan.at + 2, close).includes('/*')
  if (close === -1 || inner) throw new Unreadable('nested comment', scan.at)
  scan.inside(scan.at, close)
  scan.at = close + 2
}
