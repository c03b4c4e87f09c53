import { describe, expect, test } from 'vitest'
import { CLIENTS, file, open, plain, wrap, type Database } from './clients.js'

/**
 * Random reads, writes, transactions and definitions through the wrapper, past it and from another connection, in no order. Each answer
 * is held against what the database itself says at that moment.
 */
const READS: readonly (readonly [string, readonly (readonly unknown[])[]])[] = [
  ['SELECT * FROM item WHERE id = ?', [[1], [2n], ['3'], ['04'], [5], [1.5], [null]]],
  ['SELECT * FROM item WHERE id = :id', [[{ id: 1 }], [{ ':id': 4 }]]],
  [
    'SELECT name FROM item WHERE org = ? AND code = ? ORDER BY id',
    [
      [1, 'a'],
      [2, 'B'],
      ['1', 'b'],
    ],
  ],
  ['SELECT count(*) AS n, sum(amount) AS s FROM item WHERE org = ?', [[1], [2], [3], ['2']]],
  ['SELECT count(*) AS n FROM item WHERE id = ?', [[1], [6], [7]]],
  ['SELECT EXISTS (SELECT 1 FROM item WHERE id = ?) AS e', [[2], [6]]],
  ['SELECT i.id, o.name FROM item i JOIN org o ON o.id = i.org WHERE i.id = ?', [[1], [2], [6]]],
  ['SELECT i.id, o.name FROM item i LEFT JOIN org o ON o.id = i.org WHERE i.id = ?', [[1], [3]]],
  [
    'SELECT o.id, i.id AS item FROM org o LEFT JOIN item i ON i.org = o.id AND i.id = ? ORDER BY 1',
    [[1], [6]],
  ],
  ['SELECT id FROM cheap WHERE org = ? ORDER BY id', [[1], [2]]],
  ['SELECT count(*) AS n FROM note', [[]]],
  ['SELECT max(id) AS m FROM item', [[]]],
  ['SELECT * FROM code WHERE code = ?', [['a'], ['A'], ['b']]],
  [
    'SELECT * FROM pair WHERE a = ? AND b = ?',
    [
      [1, 1],
      [1, 2],
      ['1', 2],
      [2, 2],
    ],
  ],
  ['SELECT id FROM item WHERE name LIKE ? ORDER BY id', [['x%'], ['X%']]],
  [
    'WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT sum(amount) AS s FROM item, t WHERE id = n',
    [[]],
  ],
]

const WRITES: readonly (readonly [string, readonly (readonly unknown[])[]])[] = [
  ['UPDATE item SET amount = amount + 1 WHERE id = ?', [[1], ['2'], [3n], ['04'], [5], [99]]],
  [
    'UPDATE item SET name = ?, org = ? WHERE id = ?',
    [
      ['x', 2, 1],
      ['y', 1, 2],
      ['X', null, 3],
    ],
  ],
  [
    'UPDATE item SET id = ? WHERE id = ?',
    [
      [7, 1],
      [1, 7],
      [6, 2],
      [2, 6],
    ],
  ],
  ['UPDATE item SET amount = 3 WHERE org = ?', [[1], [2], ['2']]],
  ['UPDATE item SET amount = 0 WHERE id = 1 OR id = 2', [[]]],
  [
    'INSERT INTO item (org, code, name) VALUES (?, ?, ?)',
    [
      [1, 'a', 'n'],
      [2, 'B', 'm'],
      ['2', 'b', 'x'],
    ],
  ],
  [
    'INSERT INTO item (id, org, code) VALUES (?, ?, ?)',
    [
      [1, 1, 'a'],
      [6, 2, 'b'],
      ['7', 3, 'c'],
    ],
  ],
  [
    'INSERT OR REPLACE INTO item (id, org, name) VALUES (?, ?, ?)',
    [
      [1, 2, 'r'],
      [2, 1, 's'],
    ],
  ],
  [
    'INSERT INTO item (id, org) VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET amount = 77',
    [[3], [6]],
  ],
  [
    'INSERT OR IGNORE INTO pair VALUES (?, ?, 0)',
    [
      [1, 1],
      [1, 2],
      [2, 2],
    ],
  ],
  [
    'UPDATE pair SET b = ?, n = n + 1 WHERE a = ? AND b = ?',
    [
      [2, 1, 1],
      [1, 1, 2],
      [3, 2, 2],
    ],
  ],
  ['DELETE FROM pair WHERE a = ?', [[1], [2]]],
  [
    'INSERT OR REPLACE INTO code VALUES (?, ?)',
    [
      ['a', 1],
      ['A', 2],
      ['b', 3],
    ],
  ],
  ['UPDATE code SET n = n + 1 WHERE code = ?', [['a'], ['B']]],
  ['DELETE FROM item WHERE id = ?', [[1], [2], ['3'], [6], [7]]],
  ['DELETE FROM item WHERE id > ?', [[7]]],
  ['DELETE FROM org WHERE id = ?', [[1], [3]]],
  [
    'INSERT OR IGNORE INTO org VALUES (?, ?)',
    [
      [1, 'o'],
      [2, 'p'],
      [3, 'q'],
    ],
  ],
  [
    'UPDATE org SET name = ? WHERE id = ? RETURNING *',
    [
      ['k', 1],
      ['l', 2],
    ],
  ],
  ['UPDATE cheap SET amount = 2 WHERE id = ?', [[1], [2]]],
  ['DELETE FROM note', [[]]],
  ['INSERT INTO item (id, org, name) SELECT id + 5, id, name FROM org', [[]]],
]

const DEFINITIONS: readonly string[] = [
  'DROP VIEW cheap; CREATE VIEW cheap AS SELECT id, org, amount FROM item WHERE amount < 10',
  'DROP VIEW cheap; CREATE VIEW cheap AS SELECT id, org, amount FROM item WHERE amount > 10',
  'DROP TRIGGER IF EXISTS n',
  'DROP TRIGGER IF EXISTS n; CREATE TRIGGER n AFTER UPDATE ON item BEGIN INSERT INTO note VALUES (NEW.id); END',
  'CREATE INDEX IF NOT EXISTS by_org ON item (org)',
  'PRAGMA case_sensitive_like = ON',
  'PRAGMA case_sensitive_like = OFF',
  'CREATE TEMP TABLE IF NOT EXISTS pair (a, b, n)',
  'DROP TABLE IF EXISTS temp.pair',
  'VACUUM',
]

const STEPS: readonly string[] = [
  'BEGIN',
  'BEGIN IMMEDIATE',
  'COMMIT',
  'COMMIT',
  'END',
  'ROLLBACK',
  'SAVEPOINT a',
  'SAVEPOINT a',
  'SAVEPOINT b',
  'ROLLBACK TO a',
  'ROLLBACK TO b',
  'RELEASE a',
  'RELEASE b',
]

const SCHEMA = `
  CREATE TABLE org (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE item (id INTEGER PRIMARY KEY, org INT REFERENCES org(id) ON DELETE CASCADE, code TEXT, name TEXT, amount INT DEFAULT 0);
  CREATE TABLE note (item INT);
  CREATE TABLE code (code TEXT COLLATE NOCASE PRIMARY KEY, n INT);
  CREATE TABLE pair (a INT, b INT, n INT DEFAULT 0, PRIMARY KEY (a, b)) WITHOUT ROWID;
  CREATE VIEW cheap AS SELECT id, org, amount FROM item WHERE amount < 10;
  CREATE TRIGGER n AFTER UPDATE ON item BEGIN INSERT INTO note VALUES (NEW.id); END;
  CREATE TRIGGER c INSTEAD OF UPDATE ON cheap BEGIN UPDATE item SET amount = NEW.amount WHERE id = NEW.id; END;
`

/** What the rows are again every now and then, so that keys are asked for that exist. */
const ROWS = `
  DELETE FROM item; DELETE FROM org; DELETE FROM code; DELETE FROM pair; DELETE FROM note;
  INSERT INTO org VALUES (1, 'one'), (2, 'two'), (3, 'three');
  INSERT INTO item (id, org, code, name) VALUES (1, 1, 'a', 'x'), (2, 1, 'b', 'y'), (3, 2, 'a', 'xx'), (4, 2, 'b', 'X'), (5, 3, 'c', 'z');
  INSERT INTO code VALUES ('a', 1), ('b', 2);
  INSERT INTO pair VALUES (1, 1, 0), (2, 2, 0);
`

const SEED = Number(process.env['SQLITE_SEED'] ?? 7)
const STEPS_TAKEN = Number(process.env['SQLITE_STEPS'] ?? 2_000)

function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function attempt(run: () => unknown): { readonly answer: unknown } | { readonly error: string } {
  try {
    return { answer: plain(run()) }
  } catch (error) {
    return { error: (error as Error).message }
  }
}

describe.each(CLIENTS)('through %s', (client) => {
  test.each(['WAL', 'DELETE'])(
    'no answer is stale, with journal mode %s',
    { timeout: 60_000 + STEPS_TAKEN * 20 },
    (mode) => {
      const path = file()
      const raw = open(client, path)
      raw.exec(`PRAGMA journal_mode = ${mode}; PRAGMA synchronous = OFF; PRAGMA busy_timeout = 0`)
      raw.exec(SCHEMA + ROWS)
      const db = wrap(raw, { partitions: { item: ['org', 'code'] } })
      const other = open(client, path)
      other.exec('PRAGMA busy_timeout = 0; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON')
      const next = numbers(SEED)
      const pick = <T>(list: readonly T[]): T => list[next(list.length)]!
      const history: string[] = []
      /** What is asked for a while, so that much of it is kept. */
      let asked: readonly (readonly [string, readonly unknown[]])[] = []
      let reads = 0

      const check = (): void => {
        const [sql, values] = pick(asked)
        const ask = (database: Database): unknown =>
          attempt(() => database.prepare(sql).all(...values))
        reads++
        const answer = ask(db)
        const truth = ask(raw)
        if (JSON.stringify(answer) !== JSON.stringify(truth))
          expect({ sql, values, answer, history: history.slice(-12) }).toEqual({ truth })
      }

      const write = (database: Database): void => {
        const [sql, choices] = pick(WRITES)
        const values = pick(choices)
        history.push(
          `${database === db ? '' : database === raw ? 'raw ' : 'other '}${sql} ${JSON.stringify(values, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v))}`,
        )
        attempt(() => {
          const statement = database.prepare(sql)
          return sql.includes('RETURNING') ? statement.all(...values) : statement.run(...values)
        })
      }

      for (let step = 0; step < STEPS_TAKEN; step++) {
        if (step % 50 === 0) {
          attempt(() => db.exec('ROLLBACK'))
          db.exec(ROWS)
          asked = Array.from({ length: 12 }, () => {
            const [sql, choices] = pick(READS)
            return [sql, pick(choices)]
          })
        }
        const kind = next(1_000)
        if (kind < 240) write(db)
        else if (kind < 270) {
          const sql = pick(STEPS)
          history.push(sql)
          attempt(() => db.exec(sql))
        } else if (kind < 275) write(other)
        else if (kind < 280) write(raw)
        else if (kind < 290) {
          const sql = pick(DEFINITIONS)
          const by = next(4) === 0 && !sql.includes('TEMP') ? other : db
          history.push(`${by === db ? '' : 'other '}${sql}`)
          attempt(() => by.exec(sql))
        } else if (kind < 350) {
          history.push('COMMIT')
          attempt(() => db.exec('COMMIT'))
        } else for (let again = 0; again < 8; again++) check()
      }
      const { hits, misses } = db.cached.stats()
      if (process.env['SQLITE_STEPS'] !== undefined)
        console.log(client, mode, { reads, hits, misses })
      expect(hits).toBeGreaterThan(reads / 4)
      other.close()
      db.close()
    },
  )
})
