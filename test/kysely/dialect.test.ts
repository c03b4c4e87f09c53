import BetterSqlite3 from 'better-sqlite3'
import { Kysely, MysqlDialect, PostgresDialect, sql, SqliteDialect, type Dialect } from 'kysely'
import { createPool } from 'mysql2'
import { Pool } from 'pg'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { createCache, type Cache } from '../../index.js'
import { cachedDialect } from '../../adapters/kysely/index.js'
import type { Queries } from '../../src/query/index.js'
import { quiet } from '../support/pools.js'
import { startMariadb } from '../support/servers/mariadb.js'
import { startPostgres } from '../support/servers/postgres.js'

interface Tables {
  item: { id: number; org: number; name: string }
  org: { id: number; name: string }
}

const ended: (() => Promise<unknown>)[] = []
afterAll(() => Promise.all(ended.map((end) => end())))
const once = <T extends { stop(): Promise<unknown> }>(
  start: () => Promise<T>,
): (() => Promise<T>) => {
  let started: Promise<T> | undefined
  return () => {
    started ??= start().then((server) => {
      ended.push(() => server.stop())
      return server
    })
    return started
  }
}
const postgres = once(startPostgres)
const mariadb = once(startMariadb)

/** Each with what counts the connections it hands out. */
const DIALECTS: Readonly<
  Record<string, () => Promise<{ dialect: Dialect; taken?: () => number }>>
> = {
  async PostgreSQL() {
    const server = await postgres()
    const pool = quiet(new Pool({ connectionString: server.url, max: 3 }))
    let taken = 0
    pool.on('acquire', () => taken++)
    return { dialect: new PostgresDialect({ pool }), taken: () => taken }
  },
  async MariaDB() {
    const server = await mariadb()
    const pool = createPool({ uri: server.url, connectionLimit: 3 })
    let taken = 0
    pool.on('acquire', () => taken++)
    return { dialect: new MysqlDialect({ pool }), taken: () => taken }
  },
  SQLite: () =>
    Promise.resolve({ dialect: new SqliteDialect({ database: new BetterSqlite3(':memory:') }) }),
}

describe.each(Object.keys(DIALECTS))('Kysely on %s', (name) => {
  let cache: Cache
  let queries: Queries
  let db: Kysely<Tables>
  let taken: (() => number) | undefined

  beforeEach(async () => {
    cache = createCache()
    const made = await DIALECTS[name]!()
    taken = made.taken
    db = new Kysely<Tables>({
      dialect: cachedDialect(made.dialect, {
        cache,
        scope: 'shop',
        onQueries: (one) => (queries = one),
      }),
    })
    for (const text of [
      'drop table if exists item',
      'drop table if exists org',
      'create table org (id int primary key, name varchar(20))',
      'create table item (id int primary key, org int, name varchar(20))',
      "insert into org values (1, 'one'), (2, 'two')",
      "insert into item values (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c')",
    ])
      await sql.raw(text).execute(db)
    return () => db.destroy()
  })

  const row = (id: number) => db.selectFrom('item').select('name').where('id', '=', id).execute()

  test('reads come from the cache, without a connection, until a write touches them', async () => {
    expect(await row(1)).toEqual([{ name: 'a' }])
    const before = taken?.()
    const { hits } = cache.stats()
    expect(await row(1)).toEqual([{ name: 'a' }])
    expect(cache.stats().hits).toBe(hits + 1)
    expect(taken?.()).toBe(before)
    const { numUpdatedRows } = await db
      .updateTable('item')
      .set({ name: 'x' })
      .where('id', '=', 2)
      .executeTakeFirstOrThrow()
    expect(numUpdatedRows).toBe(1n)
    await row(1)
    expect(cache.stats().hits).toBe(hits + 2)
    await db.updateTable('item').set({ name: 'y' }).where('id', '=', 1).execute()
    expect(await row(1)).toEqual([{ name: 'y' }])
  })

  test('joins, common table expressions and fragments depend on all their tables', async () => {
    const joined = () =>
      db
        .with('named', (q) => q.selectFrom('org').selectAll())
        .selectFrom('item')
        .innerJoin('named', 'named.id', 'item.org')
        .select(['item.id', 'named.name'])
        .orderBy('item.id')
        .execute()
    const fragment = () =>
      sql<{
        n: number
      }>`select max(id) as n from ${sql.table('item')} where org in (select id from org where name <> ${'x'})`.execute(
        db,
      )
    const first = await joined()
    expect(first).toHaveLength(3)
    expect((await fragment()).rows[0]!.n).toBe(3)
    const { hits } = cache.stats()
    expect(await joined()).toEqual(first)
    await fragment()
    expect(cache.stats().hits).toBe(hits + 2)
    await db.updateTable('org').set({ name: 'x' }).where('id', '=', 2).execute()
    expect((await joined())[2]).toEqual({ id: 3, name: 'x' })
    expect((await fragment()).rows[0]!.n).toBe(2)
    const explained = await queries.explain({ sql: joined.toString() })
    expect(explained.cached).toBe(false)
  })

  test('a transaction reads the database, and its changes show after the commit alone', async () => {
    await row(1)
    await db.transaction().execute(async (tx) => {
      await tx.updateTable('item').set({ name: 'inside' }).where('id', '=', 1).execute()
      const seen = await tx.selectFrom('item').select('name').where('id', '=', 1).execute()
      expect(seen).toEqual([{ name: 'inside' }])
      if (name !== 'SQLite') expect(await row(1)).toEqual([{ name: 'a' }])
    })
    expect(await row(1)).toEqual([{ name: 'inside' }])
    const { hits } = cache.stats()
    await expect(
      db.transaction().execute(async (tx) => {
        await tx.deleteFrom('item').execute()
        throw new Error('undone')
      }),
    ).rejects.toThrow('undone')
    expect(await row(1)).toEqual([{ name: 'inside' }])
    expect(cache.stats().hits).toBe(hits + 1)
    const controlled = await db.startTransaction().execute()
    await controlled.updateTable('item').set({ name: 'first' }).where('id', '=', 1).execute()
    const point = await controlled.savepoint('here').execute()
    await point.updateTable('item').set({ name: 'second' }).where('id', '=', 2).execute()
    await point.rollbackToSavepoint('here').execute()
    await controlled.commit().execute()
    expect(await row(1)).toEqual([{ name: 'first' }])
    expect(await row(2)).toEqual([{ name: 'b' }])
  })

  test('streams, locks and errors go to the database', async () => {
    if (name !== 'PostgreSQL') {
      const rows: unknown[] = []
      for await (const one of db.selectFrom('item').select('id').stream()) rows.push(one)
      expect(rows).toHaveLength(3)
    }
    if (name !== 'SQLite') {
      const { misses } = cache.stats()
      await db
        .transaction()
        .execute((tx) => tx.selectFrom('item').selectAll().forUpdate().execute())
      expect(cache.stats().misses).toBe(misses)
    }
    await expect(sql`select nothing from nowhere`.execute(db)).rejects.toThrow(/nowhere|nothing/)
    expect(await row(3)).toEqual([{ name: 'c' }])
  })
})

test('what a connection of PostgreSQL that is not as new answers is for its caller alone', async () => {
  const { url } = await postgres()
  const cache = createCache()
  const open = () => {
    const pool = quiet(new Pool({ connectionString: url, max: 1 }))
    const dialect = new PostgresDialect({ pool })
    return new Kysely<Tables>({ dialect: cachedDialect(dialect, { cache, scope: 'shop' }) })
  }
  const [one, other] = [open(), open()]
  const row = (db: Kysely<Tables>) => db.selectFrom('item').select('name').execute()
  await sql`drop table if exists item`.execute(one)
  await sql`create table item (id int primary key, org int, name varchar(20))`.execute(one)
  // It knows the table before another of its name hides it.
  await sql`select id from item where id = 0`.execute(one)
  await sql`create temp table item as select 1 as id, 1 as org, text 'temporary' as name`.execute(
    one,
  )
  expect(await row(one)).toEqual([{ name: 'temporary' }])
  expect(await row(other)).toEqual([])
  await Promise.all([one.destroy(), other.destroy()])
})
