import { DatabaseSync } from 'node:sqlite'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { readCatalogue, type CatalogueRow } from '../../../src/query/sql/catalogue/build.js'
import { canonicalValue } from '../../../src/query/sql/catalogue/comparison.js'
import { CATALOGUE_SQL } from '../../../src/query/sql/catalogue/queries.js'
import type { Column } from '../../../src/query/sql/catalogue/types.js'
import { startMariadb } from '../../support/servers/mariadb.js'
import { startPostgres } from '../../support/servers/postgres.js'

/**
 * Two values that a server takes for equal must never have two canonical texts. Each value is put into each column, and each is
 * looked for: what is found by another text than its own is the mistake that would leave a stale row.
 */
// prettier-ignore
const VALUES: readonly unknown[] = [
  0, 1, -1, 5, 5.5, 127, 128, 255, 256, 32767, 40_000, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER, 2 ** 53, 1e21, -0,
  5n, 9_007_199_254_740_993n, 9_223_372_036_854_775_807n, '9007199254740992', '9007199254740993', '9223372036854775807',
  '5', '05', ' 5', '5 ', '5.0', '5e0', '+5', '-0', '5abc', '', '0', 'a', 'A', 'á', 'a ', ' a', 'a\t', 'a\0', 'ab', 'AB',
  'true', 't', true, false, null, 'abcdefghijkl', 'abcdefghijklmno', 'straße', 'strasse', 'ß', 'ss', 'ł', '?', 'é', 'e\u0301', '\ud800',
  '550e8400-e29b-41d4-a716-446655440000', '550E8400-E29B-41D4-A716-446655440000',
  '{550e8400-e29b-41d4-a716-446655440000}', '550e8400e29b41d4a716446655440000',
]

interface Try {
  /** Puts a value in; false when the server does not take it. */
  put(column: string, value: unknown): Promise<boolean>
  /** Whether the row is found by a value; undefined when the server does not take it. */
  finds(column: string, value: unknown): Promise<boolean | undefined>
}

async function mistakes(columns: readonly Column[], server: Try): Promise<string[]> {
  const found: string[] = []
  let hits = 0
  for (const column of columns) {
    // A value without a text of its own stands for any row, so it cannot be mistaken.
    const told = VALUES.filter((value) => canonicalValue(column, value) !== undefined)
    for (const kept of told) {
      if (!(await server.put(column.name, kept))) continue
      for (const sought of told) {
        if ((await server.finds(column.name, sought)) !== true) continue
        hits++
        if (canonicalValue(column, kept) !== canonicalValue(column, sought)) {
          found.push(`${column.name}: ${String(kept)} is found by ${String(sought)}`)
        }
      }
    }
  }
  expect(hits).toBeGreaterThan(20)
  return found
}

const columnsOf = (
  dialect: 'postgres' | 'mysql' | 'sqlite',
  rows: unknown,
  table: string,
): readonly Column[] =>
  readCatalogue(dialect, rows as CatalogueRow[]).relations.get(table)?.columns ?? []

describe('values that a server takes for equal have one text', () => {
  test('PostgreSQL', { timeout: 120_000 }, async () => {
    await using server = await startPostgres()
    const client = new Client({ connectionString: server.url })
    await using _client = { [Symbol.asyncDispose]: () => client.end() }
    await client.connect()
    await client.query(`
      CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      CREATE TYPE mood AS ENUM ('a', 'A', 'ab', '5');
      CREATE DOMAIN code AS varchar(12);
      CREATE TABLE v (i2 int2, i4 int4, i8 int8, n numeric, f float8, t text, v varchar(12), c char(5), u uuid, b bool, m mood, d code, l text COLLATE loose)`)
    const attempt = async <T>(run: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await run()
      } catch {
        return undefined
      }
    }
    const columns = columnsOf(
      'postgres',
      (await client.query(CATALOGUE_SQL.postgres)).rows,
      'public.v',
    )
    expect(columns.map((c) => c.comparison.as).join(' ')).toBe(
      'integer integer integer none none text text none uuid boolean text text none',
    )
    const found = await mistakes(columns, {
      async put(column, value) {
        await client.query('TRUNCATE v')
        return (
          (await attempt(() => client.query(`INSERT INTO v (${column}) VALUES ($1)`, [value]))) !==
          undefined
        )
      },
      async finds(column, value) {
        const result = await attempt(() =>
          client.query(`SELECT 1 FROM v WHERE ${column} = $1`, [value]),
        )
        return result && result.rows.length > 0
      },
    })
    expect(found).toEqual([])
  })

  test.each(['query', 'execute'] as const)(
    'MariaDB, by mysql2’s %s',
    { timeout: 120_000 },
    async (way) => {
      await using server = await startMariadb()
      const connection = await createConnection({ uri: server.url, supportBigNumbers: true })
      await using _connection = { [Symbol.asyncDispose]: () => connection.end() }
      await connection.query("SET sql_mode = ''")
      await connection.query(`CREATE TABLE v (t tinyint, tu tinyint unsigned, i int, b bigint, bu bigint unsigned, d decimal(10,2), f double,
      vb varchar(12) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, vl varchar(12) CHARACTER SET latin1 COLLATE latin1_bin,
      vg varchar(12) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, vu varchar(12) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci,
      vn varchar(12) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_nopad_ci, c char(12) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, u uuid, y varbinary(12))`)
      const [rows] = await connection.query<RowDataPacket[]>(CATALOGUE_SQL.mysql)
      const columns = columnsOf('mysql', rows, 'test.v')
      expect(columns.map((c) => c.comparison.as).join(' ')).toBe(
        'integer integer integer integer integer none none text text folded folded folded text uuid none',
      )
      const run = async (sql: string, value: unknown): Promise<unknown> => {
        try {
          const values = [value as string]
          return way === 'query'
            ? (await connection.query(sql, values))[0]
            : (await connection.execute(sql, values))[0]
        } catch {
          return undefined
        }
      }
      const found = await mistakes(columns, {
        async put(column, value) {
          await connection.query('DELETE FROM v')
          return (await run(`INSERT INTO v (${column}) VALUES (?)`, value)) !== undefined
        },
        async finds(column, value) {
          const result = await run(`SELECT 1 FROM v WHERE ${column} = ?`, value)
          return Array.isArray(result) ? result.length > 0 : undefined
        },
      })
      expect(found).toEqual([])
    },
  )

  const SQLITE = `CREATE TABLE v (pk INTEGER PRIMARY KEY, i INT, t TEXT, r REAL, n NUMERIC, d DECIMAL(10,2), b BLOB, x, vc VARCHAR(12), dt DATE)`
  const SQLITE_KINDS = 'integer integer text integer integer integer none none text integer'

  test('SQLite', async () => {
    const database = new DatabaseSync(':memory:')
    database.exec(SQLITE)
    const columns = columnsOf('sqlite', database.prepare(CATALOGUE_SQL.sqlite).all(), 'main.v')
    expect(columns.map((c) => c.comparison.as).join(' ')).toBe(SQLITE_KINDS)
    const run = (sql: string, value: unknown): unknown[] | undefined => {
      try {
        return database.prepare(sql).all(value as string)
      } catch {
        return undefined
      }
    }
    expect(await mistakes(columns, trySqlite(run))).toEqual([])
    database.close()
  })

  function trySqlite(run: (sql: string, value: unknown) => unknown[] | undefined): Try {
    return {
      put(column, value) {
        run('DELETE FROM v WHERE ? = 1', 1)
        return Promise.resolve(run(`INSERT INTO v (${column}) VALUES (?)`, value) !== undefined)
      },
      finds(column, value) {
        const rows = run(`SELECT 1 FROM v WHERE ${column} = ?`, value)
        return Promise.resolve(rows && rows.length > 0)
      },
    }
  }
})
