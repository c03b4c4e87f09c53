import BetterSqlite3 from 'better-sqlite3'
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { Kysely, SqliteDialect } from 'kysely'
import { DatabaseSync } from 'node:sqlite'
import { expect, expectTypeOf, test } from 'vitest'
import { cachedDatabase } from '../../adapters/sqlite/index.js'
import { SCHEMA } from './clients.js'

const items = sqliteTable('item', {
  id: integer('id').primaryKey(),
  org: integer('org'),
  name: text('name'),
  amount: integer('amount'),
})

function open() {
  const db = new BetterSqlite3(':memory:')
  db.exec(SCHEMA)
  return cachedDatabase(db)
}

test('Drizzle runs unchanged', () => {
  const client = open()
  const db = drizzle({ client })
  const read = () => db.select().from(items).where(eq(items.id, 1)).get()
  expect(read()).toMatchObject({ id: 1, name: 'a' })
  expect(read()).toMatchObject({ id: 1, name: 'a' })
  expect(client.cached.stats().hits).toBe(1)
  db.update(items).set({ name: 'x' }).where(eq(items.id, 2)).run()
  read()
  expect(client.cached.stats().hits).toBe(2)
  db.transaction((tx) => {
    tx.update(items).set({ name: 'in' }).where(eq(items.id, 1)).run()
    expect(() =>
      tx.transaction((inner) => {
        inner.delete(items).run()
        inner.rollback()
      }),
    ).toThrow(/rollback/i)
    expect(tx.select().from(items).all()).toHaveLength(3)
  })
  expect(read()?.name).toBe('in')
  expect(() =>
    db.transaction((tx) => {
      tx.delete(items).run()
      tx.rollback()
    }),
  ).toThrow(/rollback/i)
  const { hits } = client.cached.stats()
  expect(read()?.name).toBe('in')
  expect(client.cached.stats().hits).toBe(hits + 1)
})

test('Kysely runs unchanged', async () => {
  const client = open()
  const db = new Kysely<{ item: { id: number; name: string | null } }>({
    dialect: new SqliteDialect({ database: client }),
  })
  const read = () => db.selectFrom('item').select('name').where('id', '=', 1).execute()
  expect(await read()).toEqual([{ name: 'a' }])
  expect(await read()).toEqual([{ name: 'a' }])
  expect(client.cached.stats().hits).toBe(1)
  await db.transaction().execute(async (tx) => {
    await tx.updateTable('item').set({ name: 'k' }).where('id', '=', 1).execute()
  })
  expect(await read()).toEqual([{ name: 'k' }])
  await expect(
    db.transaction().execute(async (tx) => {
      await tx.deleteFrom('item').execute()
      throw new Error('undone')
    }),
  ).rejects.toThrow('undone')
  expect(await read()).toEqual([{ name: 'k' }])
  expect(client.cached.stats().hits).toBe(2)
  await db.destroy()
})

test('the types are the client’s', () => {
  const better = cachedDatabase(new BetterSqlite3(':memory:'))
  expectTypeOf(better).toExtend<BetterSqlite3.Database>()
  const node = cachedDatabase(new DatabaseSync(':memory:'))
  expectTypeOf(node).toExtend<DatabaseSync>()
  node.prepare('SELECT 1', { cache: { ttl: '1m' } }).get()
  // @ts-expect-error there is no such option
  expect(() => cachedDatabase(new DatabaseSync(':memory:'), { size: 1 })).toThrow('size')
  expect(() => cachedDatabase({} as never)).toThrow('db must be')
})
