/**
 * What an answer costs from `keepfresh/sqlite` beside the database itself: `node benchmarks/sqlite.ts`, or with names of cells. Each cell is
 * the median of rounds that take turns, in one process; files are in the directory for temporary ones.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import BetterSqlite3 from 'better-sqlite3'
import { cachedDatabase } from '../adapters/sqlite/index.js'

const ROWS = 100_000
const ROUNDS = 5
const ROUND_NS = 60_000_000

const QUERIES: readonly (readonly [name: string, sql: string, value: (i: number) => number[]])[] = [
  ['a row by its key', 'SELECT * FROM item WHERE id = ?', (i) => [(i % 500) + 1]],
  ['20 rows by an index', 'SELECT * FROM item WHERE org = ? LIMIT 20', (i) => [i % 500]],
  [
    '20 of 200, sorted',
    'SELECT * FROM item WHERE id BETWEEN ? AND ? ORDER BY amount LIMIT 20',
    (i) => [(i % 500) + 1, (i % 500) + 200],
  ],
  [
    'a sum over 1,000',
    'SELECT count(*) AS n, sum(amount) AS s FROM item WHERE id <= ? + 1000',
    (i) => [i % 500],
  ],
  ['a sum over 100,000', 'SELECT region, sum(amount) AS s FROM item GROUP BY region', () => []],
]

interface Statement {
  all(...values: number[]): unknown
}
interface Opened {
  prepare(sql: string): unknown
  close(): unknown
}

const directory = mkdtempSync(join(tmpdir(), 'keepfresh-sqlite-'))

function open(client: 'node' | 'better', mode: string): DatabaseSync | BetterSqlite3.Database {
  const path = join(directory, `${client}-${mode}.db`)
  const db = client === 'node' ? new DatabaseSync(path) : new BetterSqlite3(path)
  db.exec(`PRAGMA journal_mode = ${mode}; PRAGMA synchronous = OFF;
    CREATE TABLE IF NOT EXISTS item (id INTEGER PRIMARY KEY, org INT, region INT, amount INT, name TEXT);
    CREATE INDEX IF NOT EXISTS by_org ON item (org)`)
  db.exec(`WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${ROWS})
    INSERT INTO item SELECT n, n % 5000, n % 7, n % 1000, 'name of ' || n FROM s`)
  return db
}

/** Nanoseconds a call takes, in one round. */
function time(run: (i: number) => unknown): number {
  const began = process.hrtime.bigint()
  let calls = 0
  let taken = 0
  do {
    for (let i = 0; i < 20; i++) run(calls + i)
    calls += 20
    taken = Number(process.hrtime.bigint() - began)
  } while (taken < ROUND_NS)
  return taken / calls
}

function medians(
  contenders: Readonly<Record<string, (i: number) => unknown>>,
): Record<string, number> {
  const rounds: Record<string, number[]> = {}
  for (const run of Object.values(contenders)) for (let i = 0; i < 600; i++) run(i)
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(contenders)) (rounds[name] ??= []).push(time(run))
  }
  return Object.fromEntries(
    Object.entries(rounds).map(([name, times]) => {
      const sorted = times.toSorted((a, b) => a - b)
      return [name, sorted[sorted.length >> 1] ?? 0]
    }),
  )
}

const us = (ns: number | undefined): string => ((ns ?? 0) / 1_000).toFixed(1).padStart(9)

try {
  for (const client of ['node', 'better'] as const) {
    for (const mode of ['WAL', 'DELETE']) {
      const raw = open(client, mode)
      const asked = cachedDatabase(raw, { values: 'copy' })
      const frozen = cachedDatabase(raw)
      const alone = cachedDatabase(raw, { onlyWriter: true })
      console.log(
        `\n${client === 'node' ? 'node:sqlite' : 'better-sqlite3'}, journal mode ${mode}: microseconds`,
      )
      console.log(`${''.padEnd(20)} database      copy    freeze  onlyWriter`)
      for (const [name, sql, value] of QUERIES) {
        const statement = (db: Opened): ((i: number) => unknown) => {
          const made = db.prepare(sql) as Statement
          return (i) => made.all(...value(i))
        }
        const ns = medians({
          raw: statement(raw),
          copy: statement(asked),
          freeze: statement(frozen),
          alone: statement(alone),
        })
        console.log(
          `${name.padEnd(20)}${us(ns['raw'])} ${us(ns['copy'])} ${us(ns['freeze'])} ${us(ns['alone'])}`,
        )
      }
      raw.close()
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}
