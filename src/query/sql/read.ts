import { combine } from './combine.js'
import { conclude } from './conclude.js'
import { equalities } from './equality.js'
import { Findings } from './findings.js'
import { lex, type Lexed } from './lex/lexer.js'
import type { Mode, Token } from './lex/token.js'
import { Reader } from './reader.js'
import { describeChange } from './rows.js'
import { GRAMMAR, readStatement, type Statement } from './statement.js'
import type { Analysis, Change, Dialect, Equality, Params } from './types.js'

/** A text with more statements is a script, which may do anything. */
const MAX_STATEMENTS = 500

/** Reads a whole text in one mode. Throws `Unreadable` when it is not understood. */
export function readText(
  sql: string,
  dialect: Dialect,
  mode: Mode,
): { analysis: Analysis; doubts: Lexed['doubts'] } {
  const lexed = lex(sql, dialect, mode)
  const r = new Reader(lexed.tokens, dialect, GRAMMAR)
  const parts: Analysis[] = []
  const shared = { dialect, text: sql.slice(0, lexed.end) }
  while (r.token.kind !== 'end') {
    if (r.take(';')) continue
    r.found = new Findings()
    const statement = readStatement(r)
    if (!r.done || parts.length >= MAX_STATEMENTS) r.fail()
    parts.push(
      conclude({
        ...shared,
        kind: statement.kind,
        step: statement.step,
        found: r.found,
        params: paramsOf(lexed, r.found, dialect),
        columns: columnsOf(statement, lexed.tokens, r.found, dialect),
        change: changeOf(statement, lexed.tokens, r.found, dialect),
      }),
    )
  }
  const [first] = parts
  const analysis =
    first === undefined ? nothing(shared, lexed) : parts.length === 1 ? first : combine(parts)
  return { analysis, doubts: lexed.doubts }
}

/** A text of comments and semicolons does nothing. */
function nothing(shared: Pick<Analysis, 'dialect' | 'text'>, lexed: Lexed): Analysis {
  const found = new Findings()
  const params = paramsOf(lexed, found, shared.dialect)
  const empty = { step: undefined, columns: [], change: undefined, kind: 'session' } as const
  return conclude({ ...shared, ...empty, found, params })
}

function paramsOf(lexed: Lexed, found: Findings, dialect: Dialect): Params {
  const style =
    lexed.names.length > 0
      ? 'named'
      : lexed.parameters === 0
        ? 'none'
        : dialect === 'postgres'
          ? 'dollar'
          : 'question'
  return {
    style,
    count: lexed.parameters,
    names: lexed.names,
    doubtful: dialect === 'mysql' && lexed.strayMark,
    moments: dialect === 'postgres' ? lexed.parameters > 0 : found.moments,
  }
}

function columnsOf(
  { query }: Statement,
  tokens: readonly Token[],
  found: Findings,
  dialect: Dialect,
): readonly Equality[] {
  if (query?.where === undefined || query.sources.length === 0) return []
  const all = equalities(tokens, query.where, query.sources, !query.others, dialect)
  return all.filter((equality) => isOnce(found, equality.table))
}

function changeOf(
  { change }: Statement,
  tokens: readonly Token[],
  found: Findings,
  dialect: Dialect,
): Change | undefined {
  return change && describeChange(tokens, change, dialect, isOnce(found, change.table))
}

/** A table named twice has rows in the answer that a condition on one of the two is not about. */
function isOnce(found: Findings, table: string): boolean {
  return found.relations.get(table)?.mentions === 1
}
