import { classify } from '../functions.js'
import { lex } from '../lex/lexer.js'
import type { Token } from '../lex/token.js'
import { isOne } from '../reader.js'
import { typeKind } from '../types-of-values.js'
import type { Dialect, Operation } from '../types.js'
import { BEFORE_BRACKET } from '../words.js'

/** What a body of statements may do, read from the names it mentions. */
export interface BodyEffects {
  /** Every name that may be a table, as written: `['a']`, `['s', 'a']`. A variable of the same name is one too many. */
  readonly mentions: readonly (readonly string[])[]
  /** Names behind INSERT INTO, UPDATE, DELETE FROM, MERGE INTO and TRUNCATE; where several may be meant, one at least is. */
  readonly writes: readonly {
    readonly paths: readonly (readonly string[])[]
    readonly operation: Operation
  }[]
  /** Calls of functions that are not known, and of procedures. */
  readonly calls: readonly (readonly string[])[]
}

/** Words behind which, or with which, anything may happen. */
const ANYTHING: Readonly<Record<Dialect, ReadonlySet<string>>> = {
  postgres: new Set(
    `EXECUTE COPY DO CREATE ALTER DROP REFRESH GRANT REVOKE IMPORT REINDEX CLUSTER VACUUM`.split(
      ' ',
    ),
  ),
  mysql: new Set(
    `PREPARE EXECUTE CREATE ALTER DROP RENAME LOAD GRANT REVOKE HANDLER INSTALL`.split(' '),
  ),
  sqlite: new Set(['ATTACH', 'DETACH']),
}

/** Words of the procedural languages before a bracket that make no call of it. */
const PROCEDURAL = new Set(
  `IF ELSIF ELSEIF WHILE UNTIL RETURN RETURNS CASE LOOP PERFORM RAISE BY SET LIMIT OFFSET VALUES VALUE INTO KEY OVER FILTER
  WHERE HAVING SELECT FROM JOIN DO CONFLICT COLUMNS INDEX NEXT SLICE IN DECLARE DEFAULT ASSERT`
    .trim()
    .split(/\s+/),
)

/**
 * Reads the body of a function, procedure or trigger that is not a single query: its words only, so that whatever the control flow,
 * each table it touches is among the mentions. Undefined when it may do anything: SQL made at run time, definitions, a body that
 * cannot be read, a setting of the session that is changed.
 *
 * @param parameters Names besides those declared in the body that are its own (MySQL).
 */
export function readBody(
  body: string,
  dialect: Dialect,
  parameters: readonly string[] = [],
): BodyEffects | undefined {
  let tokens: readonly Token[]
  try {
    tokens = lex(body, dialect, {
      single: dialect === 'mysql',
      double: dialect === 'mysql',
      conditional: true,
    }).tokens
  } catch {
    return undefined
  }
  const mentions: string[][] = []
  const writes: { paths: string[][]; operation: Operation }[] = []
  const calls: string[][] = []
  const variables = dialect === 'mysql' ? variablesOf(tokens, parameters) : undefined
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]
    if (token === undefined || !isName(token)) continue
    const bare = token.kind === 'word' && !isOne(tokens[at - 1] ?? token, ['.'])
    if (bare && ANYTHING[dialect].has(token.text) && !isHarmless(tokens, at)) return undefined
    if (bare && dialect === 'postgres' && setsSession(tokens, at)) return undefined
    if (bare && variables !== undefined && token.text === 'SET') {
      if (!setsOwn(tokens, at, variables)) return undefined
    }
    const write = bare ? writeAt(tokens, at, dialect) : undefined
    if (write !== undefined) {
      if (write.paths.length === 0) return undefined
      const paths = write.paths.map(namesOf)
      writes.push({ paths, operation: write.operation })
      mentions.push(...paths)
      at = write.to - 1
      continue
    }
    if (bare && token.text === 'CALL') {
      const path = pathAt(tokens, at + 1)
      if (path.length === 0) return undefined
      calls.push(namesOf(path))
      at += path.length * 2 - 1
      continue
    }
    const path = pathAt(tokens, at)
    const end = at + path.length * 2 - 2
    if (isOne(tokens[end + 1] ?? token, ['(']) && !isKeyword(path, tokens[at - 1], dialect)) {
      const call = callEffect(path, tokens, end + 1, dialect)
      if (call === 'anything') return undefined
      if (call === 'unknown') calls.push(namesOf(path))
    }
    mentions.push(namesOf(path))
    at = end
  }
  return { mentions, writes, calls }
}

function isName(token: Token): boolean {
  return token.kind === 'word' || token.kind === 'quoted' || token.kind === 'either'
}

function namesOf(path: readonly Token[]): string[] {
  return path.map((token) => token.name)
}

function pathAt(tokens: readonly Token[], at: number): Token[] {
  const path: Token[] = []
  for (let i = at; path.length < 4; i += 2) {
    const token = tokens[i]
    if (token === undefined || !isName(token)) break
    path.push(token)
    if (!isOne(tokens[i + 1] ?? token, ['.'])) break
  }
  return path
}

/** `SET ROLE a` as a statement of its own; not that of an UPDATE. */
function setsSession(tokens: readonly Token[], at: number): boolean {
  const token = tokens[at]
  if (token === undefined) return false
  const before = tokens[at - 1]
  const begins = before === undefined || isOne(before, [';', 'BEGIN', 'THEN', 'ELSE', 'LOOP', '>>'])
  return begins && isOne(token, ['SET', 'RESET', 'DISCARD'])
}

/** MySQL: the names that a body's `SET` may assign without a trace: what it declares, its parameters, columns of the row at hand. */
function variablesOf(tokens: readonly Token[], parameters: readonly string[]): ReadonlySet<string> {
  const names = new Set(['new', ...parameters.map((name) => name.toLowerCase())])
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== 'word' || token.text !== 'DECLARE') continue
    let to = at
    do names.add((tokens[++to]?.name ?? '').toLowerCase())
    while (isOne(tokens[++to] ?? token, [',']))
  }
  return names
}

/** Whether the SET at a word begins no statement, or assigns only such names and `@x`, which no cached answer reads. */
function setsOwn(tokens: readonly Token[], at: number, variables: ReadonlySet<string>): boolean {
  if (!beginsSet(tokens, at)) return true
  let i = at
  do {
    const target = tokens[++i]
    if (target === undefined) return false
    // `@@x` is a setting by another name.
    const isUser = target.kind === 'variable' && !target.name.startsWith('@@')
    if (!isUser && !(isName(target) && variables.has(target.name.toLowerCase()))) return false
    while (i < tokens.length && !isOne(tokens[i]!, [',', ';']))
      i = Math.max(tokens[i]!.match, i) + 1
  } while (isOne(tokens[i] ?? tokens[at]!, [',']))
  return true
}

/** Not that of an UPDATE or an INSERT, the type, or the one of CHARACTER SET. */
function beginsSet(tokens: readonly Token[], at: number): boolean {
  const set = tokens[at]!
  if (isOne(tokens[at + 1] ?? set, ['(']) || isOne(tokens[at - 1] ?? set, ['CHARACTER', 'CHAR']))
    return false
  for (let i = at - 1; i >= 0; i--) {
    const token = tokens[i]!
    if (isOne(token, [';', 'BEGIN', 'THEN', 'ELSE', 'DO', 'LOOP', 'REPEAT'])) return true
    if (isOne(token, ['UPDATE', 'INSERT', 'REPLACE'])) return false
  }
  return true
}

/** `ON CONFLICT DO`, and MySQL's `DECLARE EXIT HANDLER`. */
function isHarmless(tokens: readonly Token[], at: number): boolean {
  const token = tokens[at]
  if (token === undefined) return false
  if (isOne(token, ['HANDLER'])) return isOne(tokens[at - 1] ?? token, ['CONTINUE', 'EXIT'])
  if (!isOne(token, ['DO'])) return false
  return isOne(tokens[at + 1] ?? token, ['NOTHING', 'UPDATE'])
}

interface Write {
  readonly operation: Operation
  readonly paths: readonly (readonly Token[])[]
  /** Where reading goes on. */
  readonly to: number
}

/** The tables that a statement at a word writes. The columns in brackets behind an INSERT's are no call, so they are taken too. */
function writeAt(tokens: readonly Token[], at: number, dialect: Dialect): Write | undefined {
  const token = tokens[at]
  const next = tokens[at + 1]
  if (token === undefined || next === undefined) return undefined
  const before = tokens[at - 1]
  const one = (operation: Operation, ...skipped: string[]): Write => {
    let from = at + 1
    while (isOne(tokens[from] ?? token, skipped)) from++
    const path = pathAt(tokens, from)
    const to = from + Math.max(0, path.length * 2 - 1)
    const columns = operation === 'insert' && isOne(tokens[to] ?? token, ['('])
    return {
      operation,
      paths: path.length > 0 ? [path] : [],
      to: columns ? (tokens[to]?.match ?? to) + 1 : to,
    }
  }
  switch (token.text) {
    case 'INSERT':
    case 'REPLACE':
      // `REPLACE(` is a function; an INSERT without a name is an event or an action of MERGE.
      if (isOne(next, ['(', 'ON', ';', ',', 'VALUES']) || next.kind === 'end') return undefined
      return one('insert', ...CONFLICTS, 'INTO', 'LOW_PRIORITY', 'HIGH_PRIORITY', 'DELAYED')
    case 'UPDATE':
      // FOR UPDATE, FOR NO KEY UPDATE, DO UPDATE, ON DUPLICATE KEY UPDATE, THEN UPDATE SET.
      if (before !== undefined && isOne(before, ['FOR', 'DO', 'KEY'])) return undefined
      if (isOne(next, ['SET'])) return undefined
      return dialect === 'mysql'
        ? several(tokens, at, 'update', ['SET'])
        : one('update', ...CONFLICTS, 'ONLY', '(')
    case 'DELETE':
      // MERGE ... THEN DELETE.
      if (isOne(next, ['WHEN', ';', 'RETURNING']) || next.kind === 'end') return undefined
      return dialect === 'mysql'
        ? several(tokens, at, 'delete', ['WHERE', ';', 'ORDER', 'LIMIT', 'END'])
        : one('delete', 'FROM', 'ONLY')
    case 'MERGE':
      return one('update', 'INTO', 'ONLY')
    case 'TRUNCATE':
      return isOne(next, ['('])
        ? undefined
        : several(tokens, at, 'truncate', [';', 'END', 'CASCADE', 'RESTART', 'RESTRICT'])
    default:
      return undefined
  }
}

const CONFLICTS = ['OR', 'REPLACE', 'IGNORE', 'ABORT', 'FAIL', 'ROLLBACK'] as const

/** All names up to a word, as targets: an alias or a table only read is one too many. */
function several(
  tokens: readonly Token[],
  at: number,
  operation: Operation,
  ends: readonly string[],
): Write {
  const paths: Token[][] = []
  let to = at + 1
  while (to < tokens.length && !isOne(tokens[to]!, ends) && tokens[to]?.kind !== 'end') {
    const path = pathAt(tokens, to)
    if (path.length > 0) paths.push(path)
    to += Math.max(1, path.length * 2 - 1)
  }
  return { operation, paths, to }
}

function isKeyword(path: readonly Token[], before: Token | undefined, dialect: Dialect): boolean {
  const [only] = path
  if (only === undefined || path.length > 1 || only.kind !== 'word') return false
  if (BEFORE_BRACKET[dialect].has(only.text) || PROCEDURAL.has(only.text)) return true
  // The columns of a table that is written were taken with it; those behind AS and of a WITH are names.
  return before !== undefined && isOne(before, ['AS', 'INTO', 'WITH', 'RECURSIVE'])
}

function callEffect(
  path: readonly Token[],
  tokens: readonly Token[],
  open: number,
  dialect: Dialect,
): 'nothing' | 'unknown' | 'anything' {
  const written = namesOf(path).join('.')
  const folded = dialect === 'postgres' ? written : written.toLowerCase()
  const name = dialect === 'postgres' ? folded.replace(/^pg_catalog\./, '') : folded
  const to = tokens[open]?.match ?? open
  const kind = classify(dialect, name, { tokens, from: open + 1, to, glued: true })
  if (kind === 'unknown') {
    // `varchar(20)` of a declaration.
    return dialect === 'postgres' && typeKind(name) !== 'unknown' ? 'nothing' : 'unknown'
  }
  // A session that was changed by a trigger is nobody's to foresee.
  return kind === 'sets' ? 'anything' : 'nothing'
}
