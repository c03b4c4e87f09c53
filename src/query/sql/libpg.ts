import { LRUCache } from 'lru-cache'
import { CacheError } from '../../base/errors.js'
import { analyze } from './analyze.js'
import { conclude } from './conclude.js'
import { Findings } from './findings.js'
import { walkStatement, type Node } from './libpg-walk.js'
import type { Analysis } from './types.js'

/** The slice of `libpg-query` that is used. */
export interface PostgresParser {
  loadModule(): Promise<void>
  parseSync(sql: string): unknown
}

/** Statements whose tree is worth more than our own reading: those that read or change rows. */
const ROWS = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'])

/**
 * Loads PostgreSQL's own parser (the optional peer `libpg-query`) and returns an `analyze` that reads with it what our own reader
 * reads otherwise: the same answers, fewer texts that are not understood. What PostgreSQL 18 calls a syntax error is refused.
 *
 * @throws {CacheError} `CACHE_PEER_MISSING` when the package is not installed.
 */
export async function loadPostgresAnalyzer(
  load: () => Promise<PostgresParser> = loadPackage,
): Promise<(sql: string) => Analysis> {
  const parser = await load()
  await parser.loadModule()
  const memo = new LRUCache<string, Analysis>({ max: 2000 })
  return (sql) => {
    const own = analyze(sql, 'postgres')
    const known = memo.get(own.text)
    if (known !== undefined) return known
    const analysis = Object.freeze(withTree(own, sql, parser))
    memo.set(own.text, analysis)
    return analysis
  }
}

async function loadPackage(): Promise<PostgresParser> {
  try {
    return await import('libpg-query')
  } catch (cause) {
    throw new CacheError(
      'CACHE_PEER_MISSING',
      "install libpg-query to read SQL with PostgreSQL's parser",
      { cause },
    )
  }
}

function withTree(own: Analysis, sql: string, parser: PostgresParser): Analysis {
  // Under standard_conforming_strings = off the server reads another text than the parser.
  if (own.params.doubtful && own.why !== 'syntax') return own
  const statement = onlyStatement(sql, parser)
  if (statement === undefined) return own
  const [name, node] = statement
  const found = new Findings()
  try {
    walkStatement({ [name]: node }, found)
  } catch {
    return own
  }
  const understood = own.why !== 'syntax'
  return conclude({
    dialect: 'postgres',
    text: own.text,
    kind: name === 'SelectStmt' ? 'read' : 'write',
    step: undefined,
    found,
    params: understood
      ? own.params
      : { style: 'dollar', count: 0, names: [], doubtful: false, moments: true },
    // Which rows are meant is only known where our own reader followed the text.
    columns: understood ? own.columns : [],
    change: understood ? own.change : undefined,
  })
}

function onlyStatement(sql: string, parser: PostgresParser): readonly [string, Node] | undefined {
  let tree: { stmts?: readonly { stmt?: Node }[] }
  try {
    tree = parser.parseSync(sql) as typeof tree
  } catch {
    return undefined
  }
  const [first, second] = tree.stmts ?? []
  const entry = Object.entries(first?.stmt ?? {})[0]
  if (second !== undefined || entry === undefined || !ROWS.has(entry[0])) return undefined
  return [entry[0], entry[1] as Node]
}
