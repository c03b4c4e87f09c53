import { sample } from 'fast-check'
import { Pool, type QueryArrayConfig } from 'pg'
import { expect, test } from 'vitest'
import { createCache } from '../../index.js'
import { cachedPool } from '../../adapters/pg/index.js'
import { analyze } from '../../src/query/sql/index.js'
import { statements } from '../query/sql/generate.js'
import { budget } from '../query/suite/random.js'
import { quiet } from '../support/pools.js'
import { startPostgres } from '../support/servers/postgres.js'

const SCHEMA = [
  'CREATE SCHEMA attic',
  ...['books', '"weird table"', '"Loans"', '"a""b"', 'attic.books', 'c1', 'c2'].flatMap((name) => [
    `CREATE TABLE ${name} (id int PRIMARY KEY, title text, "from" text, "x y" int)`,
    `INSERT INTO ${name} SELECT g, 't' || g, 'f' || g, g FROM generate_series(1, 3) g`,
  ]),
]

/**
 * Statements as they come from a grammar of PostgreSQL, nested and odd: those that are answered from the cache answer what the database
 * would, now and after whatever the others have written.
 */
test(
  'no generated statement is answered with what the database would not say',
  { timeout: 600_000 },
  async () => {
    const { seed, steps } = budget(400)
    await using server = await startPostgres()
    for (const sql of SCHEMA) await server.query(sql)
    const cache = createCache()
    const poolOf = (max: number): Pool =>
      quiet(new Pool({ connectionString: server.url, max, statement_timeout: 2_000 }))
    const direct = poolOf(1)
    const db = cachedPool(poolOf(4), { cache, scope: 'library' })
    const known = new Map<string, readonly unknown[]>()
    const stale: string[] = []
    let written = 0

    /** Rows in no order, or the code of the error. */
    const ask = async (pool: Pool, sql: string, values: readonly unknown[]): Promise<string> => {
      try {
        const query: QueryArrayConfig = { text: sql, values: [...values], rowMode: 'array' }
        const { rows } = await pool.query<unknown[]>(query)
        return rows
          .map((row) => JSON.stringify(row))
          .toSorted()
          .join('\n')
      } catch (error) {
        return `error ${(error as { code?: string }).code}`
      }
    }
    const compare = async (sql: string, values: readonly unknown[]): Promise<void> => {
      const wanted = await ask(direct, sql, values)
      const given = await ask(db, sql, values)
      if (given !== wanted) stale.push(`${sql}\ngave ${given}\nnot ${wanted}`)
    }

    for (const sql of sample(statements(), { seed, numRuns: steps })) {
      const values = ['1', '2'].slice(0, analyze(sql, 'postgres').params.count)
      const explained = await db.explain(sql, values)
      const first = await ask(explained.cached ? direct : db, sql, values)
      if (first.startsWith('error')) continue
      if (explained.cached) {
        known.set(sql, values)
        await compare(sql, values)
        await compare(sql, values)
      } else if (explained.invalidates.length > 0) {
        written++
        for (const [one, its] of [...known].slice(-40)) await compare(one, its)
      }
      if (stale.length > 2) break
    }
    expect(stale).toEqual([])
    const { hits } = cache.stats()
    if (process.env['QUERY_RANDOM_STEPS'] !== undefined)
      console.log(`${known.size} reads kept, ${written} writes, ${hits} hits`)
    expect(known.size).toBeGreaterThan(steps / 60)
    expect(written).toBeGreaterThan(0)
    expect(hits).toBeGreaterThan(known.size / 2)
    await db.end()
    await direct.end()
    await cache.close()
  },
)
