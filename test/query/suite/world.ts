/**
 * A small world of tables with foreign keys that cascade, a trigger, a view, partitions by column; reads that find rows by key, by another
 * column, through joins and aggregates; and writes whose keys move, rows that come back, values in odd forms.
 */
export type Text = (parameter: (n: number) => string) => string

export const READS: readonly (readonly [Text, readonly unknown[]])[] = [
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

export const WRITES: readonly (readonly [Text, readonly (readonly unknown[])[]])[] = [
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

export const TABLES = (key: string, text: string): string[] => [
  `CREATE TABLE org (id int PRIMARY KEY, name ${text})`,
  `CREATE TABLE item (id ${key}, org int REFERENCES org(id), code ${text}, name ${text}, amount int DEFAULT 0)`,
  `CREATE TABLE note (item int, text ${text})`,
  `CREATE TABLE part (id int PRIMARY KEY, parent int)`,
  'CREATE VIEW cheap AS SELECT id, org, amount FROM item WHERE amount < 10',
]

export const ROWS: readonly string[] = [
  `INSERT INTO org VALUES (1, 'one'), (2, 'two'), (3, 'three')`,
  `INSERT INTO item (id, org, code, name, amount) VALUES (1, 1, 'a', 'i1', 1), (2, 1, 'A', 'i2', 2), (3, 2, 'b', 'i3', 3), (4, 2, 'a', 'i4', 4), (5, 3, 'b', 'i5', 20)`,
  'INSERT INTO part VALUES (1, NULL), (2, 1), (3, 2)',
]

/** A generator of numbers below a bound, the same each time for a seed. */
export function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
