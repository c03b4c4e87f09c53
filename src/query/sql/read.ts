import { BY_KIND, combine } from './combine.js'
import { equalities } from './equality.js'
import { Findings, relationName } from './findings.js'
import { lex, type Lexed } from './lex/lexer.js'
import type { Mode, Token } from './lex/token.js'
import { Reader } from './reader.js'
import { describeChange } from './rows.js'
import { GRAMMAR, readStatement, type Statement } from './statement.js'
import type { Analysis, Dialect, Kind, Params, Reason, Refusal } from './types.js'

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
    if (!r.done) r.fail()
    parts.push(
      conclude(
        statement,
        r.found,
        { ...shared, params: paramsOf(lexed, r.found, dialect) },
        lexed.tokens,
      ),
    )
  }
  const [first] = parts
  if (first === undefined) return r.fail('empty')
  return { analysis: parts.length === 1 ? first : combine(parts), doubts: lexed.doubts }
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

type Shared = Pick<Analysis, 'dialect' | 'text' | 'params'>

function conclude(
  statement: Statement,
  found: Findings,
  shared: Shared,
  tokens: readonly Token[],
): Analysis {
  const relations = [...found.relations.values()].filter(
    (relation) => relation.operations.length > 0,
  )
  const reads = relations.filter((r) => r.operations.includes('read')).map(relationName)
  const written = relations.filter((r) => r.operations.some((operation) => operation !== 'read'))
  const writes = written.map(relationName)
  const kind = kindOf(statement.kind, found, writes.length > 0)
  const reason = BY_KIND[kind]
  const refusals = withFirst(reason, kind, found.refusals)
  const once = (name: string): boolean => found.relations.get(name)?.mentions === 1
  const change =
    kind === 'write' && statement.change && writes.length === 1 ? statement.change : undefined
  return {
    ...shared,
    kind,
    reads,
    writes,
    effects: found.unknown ? 'unknown' : 'known',
    cacheable: refusals.length === 0,
    ...(refusals[0] === undefined ? {} : { why: refusals[0].reason }),
    refusals,
    functions: [...found.functions],
    operators: [...found.operators],
    types: [...found.types],
    fields: [...found.fields],
    relations,
    columns: columnsOf(statement, tokens, once, shared.dialect),
    ...(change === undefined
      ? {}
      : { change: describeChange(tokens, change, shared.dialect, once(change.table)) }),
    ...(statement.step === undefined ? {} : { step: statement.step }),
    statements: 1,
    parts: [],
    temporary: found.temporary,
  }
}

function kindOf(kind: Kind, found: Findings, writes: boolean): Kind {
  if (kind !== 'read') return kind
  if (found.has('ddl')) return 'ddl'
  if (writes || found.has('writes')) return 'write'
  if (found.unknown) return 'unknown'
  if (found.has('lock')) return 'lock'
  return found.sets ? 'session' : 'read'
}

/** The reasons, the kind's own first. Where the kind is only what is left of others (`unknown`, `session`), theirs come first. */
function withFirst(
  reason: Reason | undefined,
  kind: Kind,
  refusals: readonly Refusal[],
): readonly Refusal[] {
  if (reason === undefined) return refusals
  if ((kind === 'unknown' || kind === 'session') && refusals.length > 0) return refusals
  const own = refusals.find((refusal) => refusal.reason === reason)
  return [own ?? { reason, detail: kind }, ...refusals.filter((refusal) => refusal !== own)]
}

function columnsOf(
  { query }: Statement,
  tokens: readonly Token[],
  once: (name: string) => boolean,
  dialect: Dialect,
): Analysis['columns'] {
  if (query?.where === undefined || query.sources.length === 0) return []
  const found = equalities(tokens, query.where, query.sources, !query.others, dialect)
  return found.filter((equality) => once(equality.table))
}
