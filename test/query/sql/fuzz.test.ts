import { DatabaseSync, constants } from 'node:sqlite'
import { assert, oneof, property, string } from 'fast-check'
import { loadModule, parseSync } from 'libpg-query'
import { beforeAll, describe, expect, test } from 'vitest'
import { analyze } from '../../../src/query/sql/analyze.js'
import { conclude } from '../../../src/query/sql/conclude.js'
import { Findings } from '../../../src/query/sql/findings.js'
import { walkStatement, type Node } from '../../../src/query/sql/libpg-walk.js'
import type { Analysis, Dialect } from '../../../src/query/sql/types.js'
import { awakeMs } from '../../support/awake.js'
import { MYSQL } from './corpus/mysql.js'
import { POSTGRES } from './corpus/postgres.js'
import { SQLITE_SCHEMA } from './corpus/schema.js'
import { SQLITE } from './corpus/sqlite.js'
import { statements } from './generate.js'
import { mutations } from './mutate.js'

const texts = (cases: readonly { sql: string }[]): string[] => cases.map((c) => c.sql)
const RUNS = Number(process.env['SQL_FUZZ_RUNS'] ?? 4000)

describe('against PostgreSQL 18, as libpg-query parses', () => {
  beforeAll(() => loadModule())

  const ROWS = ['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']

  function parsed(sql: string): Analysis | undefined {
    let tree: { stmts?: readonly { stmt?: unknown }[] }
    try {
      tree = parseSync(sql)
    } catch {
      return undefined
    }
    const [entry, second] = tree.stmts ?? []
    const [name, node] = Object.entries((entry?.stmt ?? {}) as Node)[0] ?? []
    if (name === undefined || second !== undefined || !ROWS.includes(name)) return undefined
    const found = new Findings()
    walkStatement({ [name]: node }, found)
    const { params } = analyze(sql, 'postgres')
    const kind = name === 'SelectStmt' ? 'read' : 'write'
    return conclude({
      dialect: 'postgres',
      text: sql,
      kind,
      step: undefined,
      found,
      params,
      columns: [],
      change: undefined,
    })
  }

  /** What the tree knows and we do not say. */
  function missing(sql: string): string[] {
    const own = analyze(sql, 'postgres')
    if (own.why === 'syntax') return []
    const tree = parsed(sql)
    if (tree === undefined) return []
    // What only looks like a cast (`LIKE 'x'` without a left side) is a syntax error later on.
    const types = tree.refusals.some((refusal) => refusal.reason === 'type')
    return [
      ...tree.reads.filter((name) => !own.reads.includes(name)).map((name) => `reads ${name}`),
      ...tree.writes.filter((name) => !own.writes.includes(name)).map((name) => `writes ${name}`),
      ...(own.effects === 'known' && tree.effects === 'unknown' ? ['effects'] : []),
      ...(own.cacheable && !tree.cacheable && tree.why !== 'settings' && !types
        ? ['cacheable']
        : []),
      ...tree.fields.filter((name) => !own.fields.includes(name)).map((name) => `field ${name}`),
    ]
  }

  test('no table, effect or refusal is missed in any mutation that still parses', () => {
    let understood = 0
    assert(
      property(mutations(texts(POSTGRES)), (sql) => {
        if (parsed(sql) !== undefined) understood++
        expect(missing(sql)).toEqual([])
      }),
      { numRuns: RUNS },
    )
    expect(understood).toBeGreaterThan(RUNS / 40)
  })

  test('what a grammar makes is understood, and its tables are the tree’s, no more and no fewer', () => {
    let valid = 0
    let refused = 0
    assert(
      property(statements(), (sql) => {
        const tree = parsed(sql)
        const own = analyze(sql, 'postgres')
        if (tree !== undefined) valid++
        if (tree !== undefined && own.why === 'syntax') refused++
        expect(missing(sql)).toEqual([])
        // `(WITH c ...) ORDER BY ...` sees c; we take it for a table there, which is too much and harmless.
        const known = tree !== undefined && own.why !== 'syntax' && !sql.includes('(WITH')
        const extra = [...own.reads, ...own.writes].filter(
          (name) => known && ![...tree.reads, ...tree.writes].includes(name),
        )
        expect(extra).toEqual([])
      }),
      { numRuns: RUNS },
    )
    expect(valid).toBeGreaterThan(RUNS / 8)
    expect(refused / valid).toBeLessThan(0.01)
  })
})

describe('against SQLite, as its authorizer is asked', () => {
  const database = new DatabaseSync(':memory:')
  // Foreign keys make it ask for tables that stand behind the text.
  database.exec(
    SQLITE_SCHEMA.replaceAll(/REFERENCES \w+\(\w+\)(?: ON DELETE (?:CASCADE|SET NULL))?/g, ''),
  )
  database.exec('CREATE TABLE hidden(id INTEGER PRIMARY KEY, title TEXT)')
  const names = database.prepare(
    "SELECT iif(schema = 'main', '', schema || '.') || name AS name, type FROM pragma_table_list",
  )
  const tables = new Map(names.all().map((row) => [String(row['name']), String(row['type'])]))
  const WRITES: readonly number[] = [
    constants.SQLITE_INSERT,
    constants.SQLITE_UPDATE,
    constants.SQLITE_DELETE,
  ]
  const plain = (name: string): string => name.replace(/^main\./, '')

  /** What SQLite asked for and we do not say; undefined when it could not prepare the text. */
  function missing(sql: string): string[] | undefined {
    const read = new Set<string>()
    const written = new Set<string>()
    database.setAuthorizer((action, first, _second, schema) => {
      const name =
        `${schema === null || schema === 'main' ? '' : `${schema}.`}${first}`.toLowerCase()
      // The names of a WITH come without a schema too.
      const perhaps = schema === null && /with/i.test(sql)
      if (action === constants.SQLITE_READ && tables.get(name) === 'table' && !perhaps)
        read.add(name)
      else if (WRITES.includes(action) && tables.get(name) === 'table') written.add(name)
      return constants.SQLITE_OK
    })
    try {
      database.prepare(sql)
    } catch {
      return undefined
    } finally {
      database.setAuthorizer(null)
    }
    const own = analyze(sql, 'sqlite')
    if (own.effects === 'unknown' || own.kind === 'ddl') return []
    if ([...own.reads, ...own.writes].some((name) => tables.get(plain(name)) !== 'table')) return []
    const writes = own.writes.map(plain)
    const all = [...own.reads.map(plain), ...writes]
    return [
      ...[...read].filter((name) => !all.includes(name)).map((name) => `reads ${name}`),
      ...[...written].filter((name) => !writes.includes(name)).map((name) => `writes ${name}`),
    ]
  }

  test('no table is missed in any mutation that SQLite prepares', () => {
    // The authorizer sees the first statement of a text only.
    const single = texts(SQLITE).filter((sql) => !/;|^(?:PRAGMA|DETACH|EXPLAIN)/.test(sql))
    let prepared = 0
    assert(
      property(mutations(single), (sql) => {
        const found = missing(sql)
        if (found !== undefined) prepared++
        expect(found ?? []).toEqual([])
      }),
      { numRuns: RUNS },
    )
    expect(prepared).toBeGreaterThan(RUNS / 40)
  })
})

describe('any text', () => {
  const dialects: readonly [Dialect, readonly { sql: string }[]][] = [
    ['postgres', POSTGRES],
    ['mysql', MYSQL],
    ['sqlite', SQLITE],
  ]

  test.each(dialects)(
    'is answered without an error in %s, and the same each time',
    (dialect, cases) => {
      const any = oneof(mutations(texts(cases)), string({ unit: 'grapheme', maxLength: 200 }))
      assert(
        property(any, (sql) => {
          const analysis = analyze(sql, dialect)
          expect(analyze(sql, dialect)).toEqual(analysis)
          if (analysis.cacheable) expect(analysis.effects).toBe('known')
          if (analysis.writes.length > 0) expect(analysis.cacheable).toBe(false)
          // A comment behind the text makes no other text.
          if (analysis.why !== 'syntax') {
            expect(analyze(`${analysis.text} /* trace=1 */`, dialect).reads).toEqual(analysis.reads)
          }
        }),
        { numRuns: RUNS / 4 },
      )
    },
  )

  const LONG: Readonly<Record<string, (n: number) => string>> = {
    'open brackets': (n) => `SELECT ${'('.repeat(n)}`,
    brackets: (n) => `SELECT ${'('.repeat(n)}1${')'.repeat(n)}`,
    subqueries: (n) => `SELECT * FROM ${'(SELECT * FROM '.repeat(n)} t ${')'.repeat(n)}`,
    'nested comments': (n) => `SELECT 1 ${'/*'.repeat(n)}${'*/'.repeat(n)}`,
    comments: (n) => `SELECT 1 ${'/*x*/--\n'.repeat(n)}`,
    'escaped quotes': (n) => `SELECT '${"\\''".repeat(n)}'`,
    strings: (n) => `SELECT ${"'\\' ".repeat(n)}`,
    'continued strings': (n) => `SELECT ${"'a'\n".repeat(n)}`,
    operators: (n) => `SELECT ${'+-'.repeat(n)}1`,
    'commas in brackets': (n) => `INSERT INTO t VALUES ${'(1,2),'.repeat(n)}(1,2)`,
    tables: (n) => `SELECT * FROM ${'a, '.repeat(n)}b`,
    'different tables': (n) =>
      `SELECT * FROM ${Array.from({ length: n }, (_, i) => `t${i}`).join(', ')}`,
    withs: (n) =>
      `WITH ${Array.from({ length: n }, (_, i) => `c${i} AS (SELECT * FROM c${i - 1})`).join(', ')} SELECT 1`,
    'unknown functions': (n) =>
      `SELECT ${Array.from({ length: n }, (_, i) => `f${i}(1)`).join(', ')}`,
    ands: (n) => `SELECT 1 FROM t WHERE ${'a = 1 AND '.repeat(n)}b = 2`,
    'dollar quotes': (n) => `SELECT ${Array.from({ length: n }, (_, i) => `$a${i}$ x`).join(' ')}`,
    statements: (n) => 'SELECT 1;'.repeat(n),
    cases: (n) => `SELECT ${'CASE WHEN 1 THEN '.repeat(n)}`,
    digits: (n) => `SELECT ${'9'.repeat(n)}`,
    parameters: (n) => `SELECT ${'?,'.repeat(n)}?`,
    'names of parameters': (n) =>
      `SELECT ${Array.from({ length: n }, (_, i) => `:a${i}`).join(',')}`,
  }

  test.each(Object.keys(LONG))('takes time in proportion to its length: %s', (name) => {
    const make = LONG[name] ?? String
    for (const dialect of ['postgres', 'mysql', 'sqlite'] as const) {
      const time = (n: number): number => {
        const start = awakeMs()
        analyze(make(n), dialect)
        return awakeMs() - start
      }
      time(500)
      const least = Math.min(time(251), time(252), time(253))
      const most = Math.min(time(16_001), time(16_002))
      // 64 times the length: 64 times the time, with room for a busy machine; a quadratic one takes 4096 times.
      expect(most).toBeLessThan(Math.max(least * 700, 500))
    }
  })
})
