import { DatabaseSync } from 'node:sqlite'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { analyze } from '../../../src/query/sql/analyze.js'
import { readCatalogue, type CatalogueRow } from '../../../src/query/sql/catalogue/build.js'
import { CATALOGUE_SQL } from '../../../src/query/sql/catalogue/queries.js'
import { createResolver } from '../../../src/query/sql/catalogue/resolve.js'
import type { Dialect } from '../../../src/query/sql/types.js'
import { startMariadb } from '../../support/servers/mariadb.js'
import { startPostgres } from '../../support/servers/postgres.js'
import { mayAffect, type Run } from './affects.js'

/**
 * Random writes to a live database, and reads before and after: whenever an answer changes, the analyses must have said that the write
 * may affect the read. Rows found by key, by another column, through joins, views, aggregates and triggers; keys that move, rows that
 * come back, values in odd forms.
 */
type Text = (parameter: (n: number) => string) => string

const READS: readonly (readonly [Text, readonly unknown[]])[] = [
  [(p) => `SELECT * FROM item WHERE id = ${p(1)}`, [1]],
  [(p) => `SELECT * FROM item WHERE id = ${p(1)}`, ['2']],
  [(p) => `SELECT * FROM item WHERE id = ${p(1)}`, ['03']],
  [() => 'SELECT * FROM item WHERE id = 4', []],
  [() => `SELECT * FROM item WHERE id = '5'`, []],
  [(p) => `SELECT name FROM item WHERE code = ${p(1)}`, ['a']],
  [(p) => `SELECT name FROM item WHERE code = ${p(1)}`, ['A']],
  [(p) => `SELECT count(*) AS n, sum(amount) AS s FROM item WHERE org = ${p(1)}`, [1]],
  [(p) => `SELECT max(amount) AS m FROM item WHERE org = ${p(1)} AND code = ${p(2)}`, [2, 'b']],
  [
    (p) =>
      `SELECT i.id, o.name FROM item i JOIN org o ON o.id = i.org WHERE o.id = ${p(1)} ORDER BY i.id`,
    [1],
  ],
  [
    (p) => `SELECT i.id, o.name FROM item i LEFT JOIN org o ON o.id = i.org WHERE i.id = ${p(1)}`,
    [2],
  ],
  [
    (p) =>
      `SELECT o.id, i.id AS item FROM org o LEFT JOIN item i ON i.org = o.id AND i.amount > 3 WHERE o.id = ${p(1)} ORDER BY 2`,
    [2],
  ],
  [
    (p) =>
      `SELECT o.id FROM org o WHERE o.id = ${p(1)} AND EXISTS (SELECT 1 FROM item WHERE item.org = o.id)`,
    [1],
  ],
  [(p) => `SELECT id FROM item WHERE id = ${p(1)} UNION SELECT id FROM org ORDER BY 1`, [1]],
  [(p) => `SELECT * FROM cheap WHERE id = ${p(1)}`, [1]],
  [() => 'SELECT count(*) AS n FROM cheap', []],
  [() => 'SELECT count(*) AS n FROM item', []],
  [() => 'SELECT count(*) AS n FROM note', []],
  [(p) => `SELECT * FROM note WHERE item = ${p(1)} ORDER BY text`, [1]],
  [(p) => `SELECT * FROM part WHERE id = ${p(1)}`, [3]],
  [
    (p) =>
      `SELECT a.id, b.id AS other FROM item a, item b WHERE a.id = ${p(1)} AND b.org = a.org ORDER BY 2`,
    [1],
  ],
  [
    () =>
      'SELECT id FROM org WHERE id NOT IN (SELECT org FROM item WHERE org IS NOT NULL) ORDER BY id',
    [],
  ],
]

const WRITES: readonly (readonly [Text, readonly (readonly unknown[])[]])[] = [
  [
    (p) => `UPDATE item SET amount = amount + 1 WHERE id = ${p(1)}`,
    [[1], ['2'], [3], ['03'], [4], [5], [99]],
  ],
  [
    (p) => `UPDATE item SET name = ${p(1)} WHERE org = ${p(2)}`,
    [
      ['x', 1],
      ['y', 2],
      ['z', 3],
    ],
  ],
  [
    (p) => `UPDATE item SET org = ${p(1)} WHERE id = ${p(2)}`,
    [
      [1, 2],
      [2, 1],
      [3, 4],
      ['1', 5],
      [null, 3],
    ],
  ],
  [
    (p) => `UPDATE item SET id = ${p(1)} WHERE id = ${p(2)}`,
    [
      [7, 1],
      [1, 7],
      [2, 8],
      [8, 2],
    ],
  ],
  [
    (p) => `UPDATE item SET code = ${p(1)} WHERE code = ${p(2)}`,
    [
      ['A', 'a'],
      ['a', 'A'],
      ['b', 'a'],
      ['a', 'b'],
      ['b ', 'b'],
    ],
  ],
  [() => `UPDATE item SET code = lower(code), org = org WHERE id = 2`, [[]]],
  [() => `UPDATE item SET amount = 0 WHERE id = 1 OR id = 2`, [[]]],
  [
    (p) => `INSERT INTO item (id, org, code, amount) VALUES (${p(1)}, ${p(2)}, ${p(3)}, 5)`,
    [
      [1, 1, 'a'],
      ['2', 2, 'b'],
      [3, '1', 'A'],
      [4, 2, 'a'],
      [5, 3, 'b'],
    ],
  ],
  [(p) => `INSERT INTO item (org, code, amount) VALUES (${p(1)}, 'a', 1)`, [[1], [2]]],
  [(p) => `INSERT INTO item (id, org) SELECT id + 3, id FROM org WHERE id = ${p(1)}`, [[1], [2]]],
  [(p) => `DELETE FROM item WHERE id = ${p(1)}`, [[1], ['2'], [3], [4], [5], ['05']]],
  [
    (p) => `DELETE FROM item WHERE org = ${p(1)} AND code = ${p(2)}`,
    [
      [1, 'a'],
      [2, 'b'],
      [1, 'A'],
    ],
  ],
  [
    (p) => `UPDATE org SET name = ${p(1)} WHERE id = ${p(2)}`,
    [
      ['n', 1],
      ['m', 2],
      ['o', 3],
    ],
  ],
  [(p) => `DELETE FROM org WHERE id = ${p(1)}`, [[3], [2], [1]]],
  [(p) => `INSERT INTO org (id, name) VALUES (${p(1)}, 'again')`, [[1], [2], [3]]],
  [
    (p) => `INSERT INTO part (id, parent) VALUES (${p(1)}, ${p(2)})`,
    [
      [1, null],
      [2, 1],
      [3, 2],
      [4, 3],
    ],
  ],
  [(p) => `DELETE FROM part WHERE id = ${p(1)}`, [[1], [2], [4]]],
  [(p) => `UPDATE cheap SET amount = 2 WHERE id = ${p(1)}`, [[1], [2]]],
  [() => 'DELETE FROM note', [[]]],
]

const TABLES = (key: string, text: string): string[] => [
  `CREATE TABLE org (id int PRIMARY KEY, name ${text})`,
  `CREATE TABLE item (id ${key}, org int REFERENCES org(id), code ${text}, name ${text}, amount int DEFAULT 0)`,
  `CREATE TABLE note (item int, text ${text})`,
  `CREATE TABLE part (id int PRIMARY KEY, parent int)`,
  'CREATE VIEW cheap AS SELECT id, org, amount FROM item WHERE amount < 10',
]

const ROWS: readonly string[] = [
  `INSERT INTO org VALUES (1, 'one'), (2, 'two'), (3, 'three')`,
  `INSERT INTO item (id, org, code, name, amount) VALUES (1, 1, 'a', 'i1', 1), (2, 1, 'A', 'i2', 2), (3, 2, 'b', 'i3', 3), (4, 2, 'a', 'i4', 4), (5, 3, 'b', 'i5', 20)`,
  'INSERT INTO part VALUES (1, NULL), (2, 1), (3, 2)',
]

interface Database {
  readonly dialect: Dialect
  readonly home: string
  /** The rows, or undefined when the statement failed. */
  run(sql: string, values: readonly unknown[]): Promise<unknown[] | undefined>
  catalogue(): Promise<readonly CatalogueRow[]>
}

/** A generator of numbers below a bound, the same each time for a seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

async function play(
  database: Database,
  rounds: number,
): Promise<{ stale: string[]; changes: number; spared: number; pairs: number }> {
  const { dialect } = database
  const resolver = createResolver(readCatalogue(dialect, await database.catalogue()), [
    database.home,
  ])
  const parameter = (n: number): string =>
    dialect === 'postgres' ? `$${n}` : dialect === 'sqlite' ? `?${n}` : '?'
  const prepare = (text: Text, values: readonly unknown[]): Run & { readonly sql: string } => {
    const sql = text(parameter)
    return { sql, values, resolved: resolver(analyze(sql, dialect)) }
  }
  const reads = READS.map(([text, values]) => prepare(text, values))
  for (const read of reads)
    expect({ sql: read.sql, cacheable: read.resolved.cacheable }).toEqual({
      sql: read.sql,
      cacheable: true,
    })
  const answer = async (read: Run & { readonly sql: string }): Promise<string> =>
    JSON.stringify(await database.run(read.sql, read.values))
  const next = numbers(20)
  const known = await Promise.all(reads.map(answer))
  const result = { stale: [] as string[], changes: 0, spared: 0, pairs: 0 }
  for (let round = 0; round < rounds; round++) {
    const [text, choices] = WRITES[next(WRITES.length)] ?? [() => '', []]
    const write = prepare(text, choices[next(choices.length)] ?? [])
    expect(write.resolved.effects).toBe('known')
    if ((await database.run(write.sql, write.values)) === undefined) continue
    for (const [i, read] of reads.entries()) {
      const fresh = await answer(read)
      const affected = mayAffect(read, write)
      result.pairs++
      if (!affected && read.resolved.reads.some((table) => write.resolved.writes.includes(table)))
        result.spared++
      if (fresh === known[i]) continue
      result.changes++
      if (!affected)
        result.stale.push(
          `${read.sql} ${JSON.stringify(read.values)} after ${write.sql} ${JSON.stringify(write.values)}`,
        )
      known[i] = fresh
    }
  }
  return result
}

const ROUNDS = Number(process.env['SQL_STALE_ROUNDS'] ?? 300)

async function check(database: Database): Promise<void> {
  const { stale, changes, spared, pairs } = await play(database, ROUNDS)
  expect(stale).toEqual([])
  // The test has teeth only if answers do change, and is of use only if many reads are spared on tables that were written.
  expect(changes).toBeGreaterThan(ROUNDS / 2)
  expect(spared / pairs).toBeGreaterThan(0.02)
}

test('no answer changes unseen in PostgreSQL', { timeout: 120_000 }, async () => {
  await using server = await startPostgres()
  const client = new Client({ connectionString: server.url })
  await using _client = { [Symbol.asyncDispose]: () => client.end() }
  await client.connect()
  await client.query(
    [
      ...TABLES('int GENERATED BY DEFAULT AS IDENTITY (START 50) PRIMARY KEY', 'varchar(20)').map(
        (sql) =>
          sql.replace(
            'REFERENCES org(id)',
            'REFERENCES org(id) ON DELETE CASCADE ON UPDATE CASCADE',
          ),
      ),
      'ALTER TABLE part ADD FOREIGN KEY (parent) REFERENCES part(id) ON DELETE CASCADE',
      `CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO note VALUES (NEW.id, NEW.name); RETURN NEW; END'`,
      'CREATE TRIGGER n AFTER UPDATE ON item FOR EACH ROW EXECUTE FUNCTION noted()',
      ...ROWS,
    ].join(';\n'),
  )
  const attempt = async (
    sql: string,
    values: readonly unknown[],
  ): Promise<unknown[] | undefined> => {
    try {
      return (await client.query(sql, [...values])).rows
    } catch {
      return undefined
    }
  }
  await check({
    dialect: 'postgres',
    home: 'public',
    run: attempt,
    catalogue: async () => (await client.query(CATALOGUE_SQL.postgres)).rows as CatalogueRow[],
  })
})

test('no answer changes unseen in MariaDB', { timeout: 120_000 }, async () => {
  await using server = await startMariadb()
  const connection = await createConnection({ uri: server.url })
  await using _connection = { [Symbol.asyncDispose]: () => connection.end() }
  const setup = [
    ...TABLES(
      'int AUTO_INCREMENT PRIMARY KEY',
      'varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
    ).map((sql) => sql.replace(' REFERENCES org(id)', '')),
    'ALTER TABLE item AUTO_INCREMENT = 50',
    'ALTER TABLE item ADD FOREIGN KEY (org) REFERENCES org(id) ON DELETE CASCADE ON UPDATE CASCADE',
    'ALTER TABLE part ADD FOREIGN KEY (parent) REFERENCES part(id) ON DELETE CASCADE',
    'CREATE TRIGGER n AFTER UPDATE ON item FOR EACH ROW INSERT INTO note VALUES (NEW.id, NEW.name)',
    ...ROWS,
  ]
  for (const sql of setup) await connection.query(sql)
  await check({
    dialect: 'mysql',
    home: 'test',
    async run(sql, values) {
      try {
        const [rows] = await connection.query<RowDataPacket[]>(sql, [...values])
        return Array.isArray(rows) ? rows : []
      } catch {
        return undefined
      }
    },
    catalogue: async () =>
      (await connection.query<RowDataPacket[]>(CATALOGUE_SQL.mysql))[0] as CatalogueRow[],
  })
})

test('no answer changes unseen in SQLite', { timeout: 120_000 }, async () => {
  const database = new DatabaseSync(':memory:')
  const setup = [
    'PRAGMA foreign_keys = ON',
    ...TABLES('INTEGER PRIMARY KEY', 'TEXT').map((sql) =>
      sql
        .replace('REFERENCES org(id)', 'REFERENCES org(id) ON DELETE CASCADE ON UPDATE CASCADE')
        .replace('parent int', 'parent int REFERENCES part(id) ON DELETE CASCADE'),
    ),
    'CREATE TRIGGER n AFTER UPDATE ON item BEGIN INSERT INTO note VALUES (NEW.id, NEW.name); END',
    'CREATE TRIGGER c INSTEAD OF UPDATE ON cheap BEGIN UPDATE item SET amount = NEW.amount WHERE id = NEW.id; END',
    ...ROWS,
  ]
  for (const sql of setup) database.exec(sql)
  await check({
    dialect: 'sqlite',
    home: 'main',
    run(sql, values) {
      try {
        return Promise.resolve(database.prepare(sql).all(...(values as string[])))
      } catch {
        return Promise.resolve(undefined)
      }
    },
    catalogue: () =>
      Promise.resolve(database.prepare(CATALOGUE_SQL.sqlite).all() as unknown as CatalogueRow[]),
  })
  database.close()
})
