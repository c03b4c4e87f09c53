import { LRUCache } from 'lru-cache'
import { union } from './combine.js'
import { SPACE, classOf } from './lex/scan.js'
import { Unreadable, type Mode } from './lex/token.js'
import { readText } from './read.js'
import type { Analysis, Dialect, Refusal } from './types.js'

/** Bounds of the memory of analyses, per process. */
const MEMO = { entries: 5000, characters: 8 * 1024 * 1024 } as const

const memos: Readonly<Record<Dialect, LRUCache<string, Analysis>>> = {
  postgres: newMemo(),
  mysql: newMemo(),
  sqlite: newMemo(),
}

function newMemo(): LRUCache<string, Analysis> {
  return new LRUCache({
    max: MEMO.entries,
    maxSize: MEMO.characters,
    maxEntrySize: MEMO.characters / 16,
    sizeCalculation: (_analysis, text) => text.length + 200,
  })
}

/**
 * Says what a text reads and writes and whether its answer may be kept, from the text alone. Nothing is assumed that the text does
 * not show: what is not understood is `unknown`, and where a setting of the session decides how a text is read, all readings count.
 *
 * It never throws. Its time grows with the length of the text and no faster. The analysis of a text is made once and kept, within
 * bounds; comments at the end (`traceparent=...`) do not make another text.
 */
export function analyze(sql: string, dialect: Dialect): Analysis {
  const memo = memos[dialect]
  const known = memo.get(sql) ?? withoutComment(memo, sql)
  if (known !== undefined) return known
  const analysis = freeze(readAll(sql, dialect))
  memo.set(analysis.text, analysis)
  return analysis
}

/**
 * A known text with a comment behind it. The comment must be a plain one with nothing nested in it, and the text before it must have
 * been read to its very end, so that the comment cannot be a part of a string there.
 */
function withoutComment(memo: LRUCache<string, Analysis>, sql: string): Analysis | undefined {
  if (!sql.endsWith('*/')) return undefined
  const start = sql.lastIndexOf('/*')
  if (start <= 0 || sql.indexOf('*/', start + 2) !== sql.length - 2) return undefined
  if (/^\/\*(?:!|M!|\+)/.test(sql.slice(start, start + 4))) return undefined
  let end = start
  while (end > 0 && classOf(sql.charCodeAt(end - 1)) === SPACE) end--
  const analysis = memo.get(sql.slice(0, end))
  return analysis !== undefined && !analysis.refusals.some(isSyntax) ? analysis : undefined
}

const isSyntax = (refusal: Refusal): boolean => refusal.reason === 'syntax'

function readAll(sql: string, dialect: Dialect): Analysis {
  const [first, ...others] = modesOf(dialect)
  const reading = readIn(sql, dialect, first)
  if (reading === undefined) return notUnderstood(sql, dialect)
  if (!reading.doubtful) return reading.analysis
  // A setting decides how the text is read: what any reading does, it may do.
  let all = reading.analysis
  for (const mode of others) {
    const other = readIn(sql, dialect, mode)
    if (other !== undefined) all = union(all, other.analysis)
  }
  return { ...all, text: sql }
}

/** The usual settings first. */
function modesOf(dialect: Dialect): [Mode, ...Mode[]] {
  const usual = { single: false, double: false, conditional: false }
  if (dialect === 'postgres') return [usual, { ...usual, single: true }]
  if (dialect === 'sqlite') return [usual]
  const escapes = { single: true, double: true }
  // NO_BACKSLASH_ESCAPES ends both escapes, ANSI_QUOTES that of double quotes.
  return [
    { ...escapes, conditional: true },
    { ...escapes, conditional: false },
    { single: true, double: false, conditional: true },
    { single: true, double: false, conditional: false },
    { ...usual, conditional: true },
    usual,
  ]
}

/** Undefined for a text that its server could not cut into words in this mode, so that it would do nothing. */
function readIn(
  sql: string,
  dialect: Dialect,
  mode: Mode,
): { analysis: Analysis; doubtful: boolean } | undefined {
  try {
    const { analysis, doubts } = readText(sql, dialect, mode)
    return { analysis, doubtful: doubts.single || doubts.double || doubts.conditional }
  } catch (error) {
    // Whatever goes wrong in reading a text is a reason not to trust it, never one to fail a request.
    if (error instanceof Unreadable && error.impossible) return undefined
    return { analysis: notUnderstood(sql, dialect), doubtful: false }
  }
}

function notUnderstood(sql: string, dialect: Dialect): Analysis {
  return {
    dialect,
    text: sql,
    kind: 'unknown',
    reads: [],
    writes: [],
    effects: 'unknown',
    cacheable: false,
    why: 'syntax',
    refusals: [{ reason: 'syntax', detail: 'not understood' }],
    functions: [],
    operators: [],
    types: [],
    fields: [],
    relations: [],
    columns: [],
    statements: 1,
    parts: [],
    session: 'changed',
    temporary: true,
    params: { style: 'none', count: 0, names: [], doubtful: true, moments: true },
  }
}

function freeze(analysis: Analysis): Analysis {
  for (const value of Object.values(analysis)) if (typeof value === 'object') Object.freeze(value)
  return Object.freeze(analysis)
}
