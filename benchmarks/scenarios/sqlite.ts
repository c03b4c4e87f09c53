import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import BetterSqlite3 from 'better-sqlite3'
import { cachedDatabase } from '../../adapters/sqlite/index.js'
import { inTurns, repeat, type Loop } from '../lib/loops.js'
import type { Claim, Part, Scenario } from '../lib/scenario.js'
import { spreadOf } from '../lib/statistics.js'

const ROWS = 100_000

const QUERIES: readonly (readonly [name: string, sql: string, value: (i: number) => number[]])[] = [
  ['a row by its key', 'SELECT * FROM item WHERE id = ?', (i) => [(i % 500) + 1]],
  ['20 rows by an index', 'SELECT * FROM item WHERE org = ? LIMIT 20', (i) => [i % 500]],
  [
    '20 of 200 rows, sorted',
    'SELECT * FROM item WHERE id BETWEEN ? AND ? ORDER BY amount LIMIT 20',
    (i) => [(i % 500) + 1, (i % 500) + 200],
  ],
  [
    'a sum over 1,000 rows',
    'SELECT count(*) AS n, sum(amount) AS s FROM item WHERE id <= ? + 1000',
    (i) => [i % 500],
  ],
  [
    'a sum over 100,000 rows',
    'SELECT region, sum(amount) AS s FROM item GROUP BY region',
    () => [],
  ],
]

type Database = DatabaseSync | BetterSqlite3.Database

interface Statement {
  all(...values: number[]): unknown[]
}

export const sqlite: Scenario = {
  kind: 'other',
  name: 'sqlite',
  byName: true,
  asks: 'What does an answer of SQLite cost from process memory, beside the database itself?',
  async run({ isQuick }) {
    const directory = mkdtempSync(join(tmpdir(), 'keepfresh-sqlite-'))
    const looking = { rounds: isQuick ? 1 : 15, roundMs: isQuick ? 1 : 10, clock: 'cpu' } as const
    const parts: Part[] = []
    const claims: Claim[] = []
    try {
      for (const client of ['node:sqlite', 'better-sqlite3'] as const) {
        for (const mode of ['WAL', 'DELETE'] as const) {
          const raw = open(client, mode, join(directory, `${mode}-${client.slice(0, 4)}.db`))
          const databases: readonly Database[] = [
            raw,
            cachedDatabase(raw),
            cachedDatabase(raw, { values: 'copy' }),
            cachedDatabase(raw, { onlyWriter: true }),
          ]
          const rows: { name: string; cells: string[] }[] = []
          for (const [name, sql, value] of QUERIES) {
            const statements = databases.map((db) => db.prepare(sql) as unknown as Statement)
            const counts = new Set(statements.map((each) => each.all(...value(7)).length))
            claims.push({
              claim: `${client}, ${mode}: ${name}, the same by each way`,
              holds: counts.size === 1,
            })
            const times = await inTurns(
              statements.map((each) => asking(each, value)),
              looking,
            )
            const cells = times.map((ns) => (spreadOf(ns).median / 1_000).toPrecision(2))
            rows.push({ name, cells: cells.map((µs) => Number(µs).toLocaleString('en')) })
          }
          const title = `${client}, ${mode === 'WAL' ? 'write-ahead log' : 'rollback journal'}`
          const columns = [
            'the database',
            'from memory',
            'from memory, copied',
            'with `onlyWriter`',
          ]
          parts.push({ title, columns, rows })
          raw.close()
        }
      }
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
    const [first, ...rest] = parts as [Part, ...Part[]]
    return {
      columns: first.columns,
      rows: first.rows.map((row) => ({ ...row, plotted: undefined })),
      plots: 'µs of CPU per read',
      verdicts: [],
      claims,
      data: parts,
      notes: [`µs of CPU per read, medians. The first table is of ${first.title}.`],
      parts: rest,
    }
  },
}

function asking(statement: Statement, value: (i: number) => number[]): Loop {
  let i = 0
  return repeat(() => statement.all(...value(i++)))
}

function open(client: 'node:sqlite' | 'better-sqlite3', mode: string, path: string): Database {
  const db = client === 'node:sqlite' ? new DatabaseSync(path) : new BetterSqlite3(path)
  db.exec(`PRAGMA journal_mode = ${mode}; PRAGMA synchronous = OFF;
    CREATE TABLE item (id INTEGER PRIMARY KEY, org INT, region INT, amount INT, name TEXT);
    CREATE INDEX by_org ON item (org);
    WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${ROWS})
    INSERT INTO item SELECT n, n % 5000, n % 7, n % 1000, 'name of ' || n FROM s`)
  return db
}
