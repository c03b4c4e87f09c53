import { describe, expect, test } from 'vitest'
import { analyze, type Dialect, type Equality } from '../../../src/query/sql/index.js'

const columns = (sql: string, dialect: Dialect = 'postgres'): string[] =>
  analyze(sql, dialect).columns.map(show)

function show({ table, column, value }: Equality): string {
  return `${table}.${column} = ${'param' in value ? `$${value.param}` : JSON.stringify(value.literal)}`
}

describe('conditions of a read', () => {
  test.each([
    ['SELECT * FROM t WHERE id = $1', ['t.id = $1']],
    ['SELECT * FROM t WHERE $1 = id', ['t.id = $1']],
    ['SELECT * FROM t WHERE id = 5', ['t.id = 5']],
    ['SELECT * FROM t WHERE id = -5', ['t.id = -5']],
    [`SELECT * FROM t WHERE code = 'A'`, ['t.code = "A"']],
    ['SELECT * FROM t WHERE id = $1::bigint', ['t.id = $1']],
    ['SELECT * FROM t WHERE (id = $1)', ['t.id = $1']],
    ['SELECT * FROM t WHERE ((id = $1) AND (org = ($2)))', ['t.id = $1', 't.org = $2']],
    ['SELECT * FROM t WHERE id = $1 AND name LIKE $2 AND org = $3', ['t.id = $1', 't.org = $3']],
    [
      'SELECT * FROM s.t WHERE s.t.id = $1 AND t.a = 1 AND b = 2',
      ['s.t.id = $1', 's.t.a = 1', 's.t.b = 2'],
    ],
    ['SELECT * FROM t AS x WHERE x.id = $1 LIMIT 1', ['t.id = $1']],
    [
      'SELECT count(*) FROM t WHERE id = $1 GROUP BY a HAVING count(*) > 1 ORDER BY 1',
      ['t.id = $1'],
    ],
    ['SELECT * FROM t WHERE a BETWEEN 1 AND 2 AND id = $1', ['t.id = $1']],
    [
      'WITH c AS (SELECT * FROM u) SELECT * FROM t WHERE t.id = $1 AND a IN (SELECT a FROM c)',
      ['t.id = $1'],
    ],
    ['SELECT * FROM t JOIN u ON u.t = t.id WHERE t.id = $1', ['t.id = $1']],
    [
      'SELECT * FROM t LEFT JOIN u ON u.t = t.id WHERE t.id = $1 AND u.x = 2',
      ['t.id = $1', 'u.x = 2'],
    ],
    ['SELECT (SELECT max(a) FROM u) FROM t WHERE id = $1', ['t.id = $1']],
  ])('%s', (sql, expected) => {
    expect(columns(sql)).toEqual(expected)
  })

  test.each([
    'SELECT * FROM t WHERE id = $1 OR a = 1',
    'SELECT * FROM t AS x (org, id) WHERE x.id = $1',
    'SELECT * FROM t x (org, id) WHERE id = $1',
    'SELECT * FROM ONLY t AS x (org, id) WHERE x.id = $1',
    'SELECT * FROM u JOIN t AS x (org, id) ON true WHERE x.id = $1',
    'SELECT * FROM (t CROSS JOIN u) AS t (org, id) WHERE t.id = $1',
    'SELECT * FROM t WHERE a = 1 AND id = $1 OR b = 2 AND c = 3',
    'SELECT * FROM t WHERE NOT id = $1',
    'SELECT * FROM t WHERE NOT (id = $1 AND a = 1)',
    'SELECT * FROM t WHERE id IN ($1)',
    'SELECT * FROM t WHERE id = ANY ($1)',
    'SELECT * FROM t WHERE id <> $1',
    'SELECT * FROM t WHERE id >= $1',
    'SELECT * FROM t WHERE id IS NOT DISTINCT FROM $1',
    'SELECT * FROM t WHERE lower(id) = $1',
    'SELECT * FROM t WHERE id::text = $1',
    'SELECT * FROM t WHERE id = $1 + 1',
    'SELECT * FROM t WHERE id = $1::numeric',
    'SELECT * FROM t WHERE id = 1.0',
    'SELECT * FROM t WHERE id = 99999999999999999999',
    `SELECT * FROM t WHERE id = E'a'`,
    `SELECT * FROM t WHERE id = 'a' COLLATE "x"`,
    `SELECT * FROM t WHERE id COLLATE "x" = 'a'`,
    'SELECT * FROM t WHERE id = $1 IS TRUE',
    'SELECT * FROM t WHERE (id, a) = ($1, $2)',
    'SELECT * FROM t WHERE a BETWEEN id = 1 AND id = 5',
    'SELECT * FROM t WHERE CASE WHEN true AND id = $1 AND true THEN false ELSE true END',
    'SELECT * FROM t WHERE (SELECT id = $1 AND true)',
    'SELECT * FROM t WHERE id = other',
    'SELECT * FROM t WHERE user = $1',
    // Other rows have a part through the other side, another mention, or what the text does not show.
    'SELECT * FROM t WHERE id = $1 UNION SELECT * FROM u',
    'SELECT * FROM u UNION SELECT * FROM t WHERE id = $1',
    'SELECT * FROM t WHERE id = $1 AND EXISTS (SELECT 1 FROM t)',
    'SELECT * FROM t a, t b WHERE a.id = $1',
    'SELECT * FROM t, u WHERE id = $1',
    'SELECT * FROM t, f(1) WHERE id = $1',
    'SELECT * FROM t, LATERAL (SELECT 1 AS id) x WHERE id = $1',
    'SELECT * FROM (SELECT * FROM t WHERE id = $1) x',
    'SELECT * FROM t WHERE x.id = $1',
    '(SELECT * FROM t WHERE id = $1)',
    'SELECT * FROM (t JOIN u ON true) AS j WHERE id = $1',
  ])('claims nothing for %s', (sql) => {
    expect(columns(sql)).toEqual([])
  })

  test('in MySQL || may be OR, XOR is not AND, and case is left out', () => {
    expect(columns('SELECT * FROM t WHERE Id = ? AND `B` = ?', 'mysql')).toEqual([
      't.id = $1',
      't.b = $2',
    ])
    expect(columns('SELECT * FROM t WHERE id = ? || a = 1', 'mysql')).toEqual([])
    expect(columns('SELECT * FROM t WHERE id = ? XOR a = 1', 'mysql')).toEqual([])
    expect(columns('SELECT * FROM t WHERE id = ? && a = 1', 'mysql')).toEqual([])
    expect(columns('SELECT * FROM t WHERE id = "5"', 'mysql')).toEqual([])
    expect(columns('SELECT * FROM t WHERE BINARY id = ?', 'mysql')).toEqual([])
    expect(columns('SELECT * FROM t WHERE id = :id', 'mysql')).toEqual(['t.id = $id'])
  })

  test('SQLite has == too, and names its parameters', () => {
    expect(columns('SELECT * FROM t WHERE ID == ?2 AND a = :b', 'sqlite')).toEqual([
      't.id = $2',
      't.a = $b',
    ])
    expect(columns('SELECT * FROM t WHERE id IS ?', 'sqlite')).toEqual([])
    expect(columns('SELECT * FROM t WHERE id = $1', 'sqlite')).toEqual(['t.id = $1'])
  })
})

describe('changes', () => {
  const change = (sql: string, dialect: Dialect = 'postgres') => {
    const found = analyze(sql, dialect).change
    return found && { ...found, where: found.where.map(show) }
  }

  test('an update says which rows it finds and what it assigns', () => {
    expect(change('UPDATE t SET a = $1, b = b + 1, "C" = NULL WHERE id = $2')).toEqual({
      table: 't',
      operation: 'update',
      anyRow: false,
      where: ['t.id = $2'],
      assigned: [{ column: 'a', value: { param: 1 } }, { column: 'b' }, { column: 'C' }],
      rows: undefined,
    })
    expect(change('UPDATE t SET (a, b) = (1, 2), c[1] = 3 WHERE id = 1')?.assigned).toEqual([
      { column: 'a' },
      { column: 'b' },
      { column: 'c' },
    ])
    expect(change('UPDATE t x SET a = 1 FROM u WHERE x.id = 1 AND y = 2')?.where).toEqual([
      't.id = 1',
    ])
    expect(change('UPDATE t SET t.A = ? WHERE t.id = ? LIMIT 1', 'mysql')).toMatchObject({
      where: ['t.id = $2'],
      assigned: [{ column: 'a', value: { param: 1 } }],
    })
    expect(
      change('UPDATE t JOIN u ON u.id = t.id SET t.a = 1 WHERE t.id = 1', 'mysql'),
    ).toBeUndefined()
    expect(change('UPDATE t SET ? WHERE id = 1', 'mysql')?.assigned).toBeUndefined()
    expect(change('UPDATE OR REPLACE t SET a = 1 WHERE id = 1', 'sqlite')?.anyRow).toBe(true)
    expect(change('UPDATE t SET a = 1 WHERE id = 1 OR b = 2')?.where).toEqual([])
    expect(change('UPDATE t SET a = (SELECT max(a) FROM t) WHERE id = 1')?.where).toEqual([])
  })

  test('a delete says which rows it finds', () => {
    expect(change('DELETE FROM s.t WHERE id = $1 RETURNING *')).toMatchObject({
      table: 's.t',
      operation: 'delete',
      anyRow: false,
      where: ['s.t.id = $1'],
    })
    expect(change('DELETE FROM t USING u WHERE id = $1')?.where).toEqual([])
    expect(change('DELETE FROM t')?.where).toEqual([])
    expect(change('DELETE t FROM t WHERE id = 1', 'mysql')).toBeUndefined()
  })

  test('an insert says what its rows have', () => {
    expect(change(`INSERT INTO t (id, name) VALUES ($1, 'x'), (DEFAULT, lower('y'))`)).toEqual({
      table: 't',
      operation: 'insert',
      anyRow: false,
      where: [],
      assigned: undefined,
      rows: [
        [
          { column: 'id', value: { param: 1 } },
          { column: 'name', value: { literal: 'x' } },
        ],
        [{ column: 'id' }, { column: 'name' }],
      ],
    })
    expect(change('INSERT INTO t VALUES (1, 2)')?.rows).toEqual([
      [
        { column: 0, value: { literal: 1 } },
        { column: 1, value: { literal: 2 } },
      ],
    ])
    expect(change('INSERT INTO t SET a = ?, b = 2', 'mysql')?.rows).toEqual([
      [
        { column: 'a', value: { param: 1 } },
        { column: 'b', value: { literal: 2 } },
      ],
    ])
    expect(change('INSERT INTO t (a) VALUES ROW(1), ROW(2)', 'mysql')?.rows).toHaveLength(2)
    expect(change('INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING')?.anyRow).toBe(false)
  })

  test.each<readonly [Dialect, string]>([
    ['postgres', 'INSERT INTO t (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 1'],
    ['postgres', 'INSERT INTO t (id) SELECT 1'],
    ['postgres', 'INSERT INTO t (id) VALUES (1) UNION VALUES (2)'],
    ['postgres', 'INSERT INTO t (id) OVERRIDING USER VALUE VALUES (1)'],
    ['postgres', 'INSERT INTO t DEFAULT VALUES'],
    ['mysql', 'INSERT INTO t (id) VALUES (1) ON DUPLICATE KEY UPDATE a = 1'],
    ['mysql', 'REPLACE INTO t (id) VALUES (1)'],
    ['mysql', 'INSERT INTO t (id) VALUES ?'],
    ['sqlite', 'INSERT OR REPLACE INTO t (id) VALUES (1)'],
    ['sqlite', 'REPLACE INTO t (id) VALUES (1)'],
  ])('%s: any row may be touched by %s', (dialect, sql) => {
    expect(change(sql, dialect)?.anyRow ?? true).toBe(true)
  })

  test('a change inside a query, or of several tables, is not described', () => {
    expect(
      change('WITH x AS (DELETE FROM t WHERE id = 1 RETURNING *) SELECT * FROM x'),
    ).toBeUndefined()
    expect(change('WITH x AS (DELETE FROM u) UPDATE t SET a = 1 WHERE id = 1')).toBeUndefined()
    expect(change('SELECT 1 FROM t')).toBeUndefined()
    expect(change('TRUNCATE t')).toBeUndefined()
  })
})
