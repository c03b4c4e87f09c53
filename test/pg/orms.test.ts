import { eq, sql as raw } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core'
import { Kysely, PostgresDialect, sql, type Generated } from 'kysely'
import { Pool } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createCache, type Cache } from '../../index.js'
import { cachedPool, type CachedPool } from '../../adapters/pg/index.js'
import { quiet } from '../support/pools.js'
import { startPostgres, type PostgresServer } from '../support/servers/postgres.js'

/** Drizzle and Kysely on the cached pool, unchanged; and the ways in which caches behind an ORM go wrong elsewhere. */
let server: PostgresServer
let cache: Cache
let db: CachedPool

beforeAll(async () => {
  server = await startPostgres()
  await server.query(
    'CREATE TABLE authors (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, born timestamptz)',
  )
  await server.query(
    'CREATE TABLE books (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author_id int REFERENCES authors(id) ON DELETE CASCADE, title text NOT NULL)',
  )
})
afterAll(() => server.stop())
beforeEach(async () => {
  await server.query('TRUNCATE authors, books RESTART IDENTITY')
  await server.query(
    "INSERT INTO authors (name, born) VALUES ('Ann', '1950-01-01Z'), ('Bob', NULL)",
  )
  await server.query(
    "INSERT INTO books (author_id, title) VALUES (1, 'one'), (1, 'two'), (2, 'three')",
  )
  cache = createCache()
  db = cachedPool(quiet(new Pool({ connectionString: server.url })), { cache, scope: 'library' })
  await db.query('SELECT count(*) FROM authors')
  const opened = { db, cache }
  return async () => {
    await opened.db.end()
    await opened.cache.close()
  }
})
const hits = (): number => cache.stats().hits

describe('Drizzle', () => {
  const authors = pgTable('authors', {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    name: text().notNull(),
    born: timestamp({ withTimezone: true }),
  })
  const books = pgTable('books', {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    authorId: integer('author_id'),
    title: text().notNull(),
  })
  const orm = () => drizzle({ client: db })
  const author = async (id: number) => {
    const rows = await orm().select().from(authors).where(eq(authors.id, id))
    return rows[0]
  }

  test('reads hit, writes invalidate their rows', async () => {
    const before = { id: 1, name: 'Ann', born: new Date('1950-01-01Z') }
    expect(await author(1)).toEqual(before)
    expect(await author(1)).toEqual(before)
    expect(await author(1)).toEqual(before)
    expect(hits()).toBe(1)
    await orm().update(authors).set({ name: 'Bobby' }).where(eq(authors.id, 2))
    expect(await author(1)).toEqual(before)
    expect(hits()).toBe(2)
    await orm().update(authors).set({ name: 'Anna' }).where(eq(authors.id, 1))
    expect(await author(1)).toEqual({ ...before, name: 'Anna' })
  })

  test('joins and subqueries go with each of their tables', async () => {
    const titles = async (): Promise<string[]> => {
      const found = await orm()
        .select({ title: books.title })
        .from(books)
        .where(raw`${books.authorId} in (select id from authors where name = 'Ann')`)
        .orderBy(books.id)
      return found.map(({ title }) => title)
    }
    for (let time = 0; time < 3; time++) expect(await titles()).toEqual(['one', 'two'])
    expect(hits()).toBe(1)
    await orm().update(authors).set({ name: 'Zoe' }).where(eq(authors.id, 1))
    expect(await titles()).toEqual([])
  })

  test('a transaction that is rolled back leaves nothing behind', async () => {
    await author(1)
    await author(1)
    const failing = orm().transaction(async (tx) => {
      await tx.update(authors).set({ name: 'Never' }).where(eq(authors.id, 1))
      const [within] = await tx.select().from(authors).where(eq(authors.id, 1))
      expect(within?.name).toBe('Never')
      await tx.transaction(async (nested) => {
        await nested.insert(authors).values({ name: 'Nobody' })
      })
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    expect((await author(1))?.name).toBe('Ann')
    expect(hits()).toBe(1)
    expect(await author(3)).toBe(undefined)
  })

  test('a transaction that is committed invalidates', async () => {
    expect((await author(1))?.name).toBe('Ann')
    expect((await author(1))?.name).toBe('Ann')
    await orm().transaction(async (tx) => {
      const [row] = await tx.select().from(authors).where(eq(authors.id, 1)).for('update')
      await tx
        .update(authors)
        .set({ name: `${row?.name}!` })
        .where(eq(authors.id, 1))
    })
    expect((await author(1))?.name).toBe('Ann!')
  })
})

describe('Kysely', () => {
  interface Library {
    authors: { id: Generated<number>; name: string; born: Date | null }
    books: { id: Generated<number>; author_id: number | null; title: string }
  }
  const orm = () => new Kysely<Library>({ dialect: new PostgresDialect({ pool: db }) })
  const author = (id: number) =>
    orm().selectFrom('authors').selectAll().where('id', '=', id).executeTakeFirst()

  test('reads hit, writes invalidate their rows', async () => {
    expect(await author(1)).toMatchObject({ name: 'Ann' })
    expect(await author(1)).toMatchObject({ name: 'Ann' })
    expect(hits()).toBe(1)
    const updated = await orm()
      .updateTable('authors')
      .set({ name: 'Anna' })
      .where('id', '=', 1)
      .executeTakeFirst()
    expect(updated.numUpdatedRows).toBe(1n)
    expect(await author(1)).toMatchObject({ name: 'Anna' })
    const { id } = await orm()
      .insertInto('authors')
      .values({ name: 'Cid' })
      .returning('id')
      .executeTakeFirstOrThrow()
    expect(await author(id)).toMatchObject({ name: 'Cid' })
  })

  test('a CTE that deletes is seen, with what foreign keys delete', async () => {
    const count = async (): Promise<unknown> =>
      (
        await orm()
          .selectFrom('books')
          .select(({ fn }) => fn.countAll().as('n'))
          .executeTakeFirst()
      )?.n
    expect(await count()).toBe('3')
    await orm()
      .with('gone', (q) => q.deleteFrom('authors').where('id', '=', 1).returning('id'))
      .selectFrom('gone')
      .selectAll()
      .execute()
    expect(await count()).toBe('1')
  })

  test('transactions read past the cache and invalidate when they are committed', async () => {
    await author(1)
    await orm()
      .transaction()
      .execute(async (tx) => {
        await tx.updateTable('authors').set({ name: 'In' }).where('id', '=', 1).execute()
        expect((await author(1))?.name).toBe('Ann')
        const within = await tx.selectFrom('authors').select('name').where('id', '=', 1).execute()
        expect(within).toEqual([{ name: 'In' }])
      })
    expect((await author(1))?.name).toBe('In')
    const failed = orm()
      .transaction()
      .execute(async (tx) => {
        await tx.deleteFrom('authors').execute()
        await sql`select 1 / 0`.execute(tx)
      })
    await expect(failed).rejects.toThrow(/division/)
    expect((await author(1))?.name).toBe('In')
  })
})
