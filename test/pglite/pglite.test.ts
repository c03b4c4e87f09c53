import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createCache, type Cache } from '../../index.js'
import { cachedPglite, type CachedPglite } from '../../adapters/pglite/index.js'
import { holdLoads } from '../query/hold-loads.js'

let raw: PGlite
let cache: Cache
let db: CachedPglite<PGlite>
beforeAll(async () => {
  raw = await PGlite.create()
})
afterAll(() => raw.close())
beforeEach(async () => {
  await raw.exec(`RESET ALL; DROP TABLE IF EXISTS item; CREATE TABLE item (id int PRIMARY KEY, name text, big int8, at timestamptz);
    INSERT INTO item VALUES (1, 'a', 9007199254740993, '2024-01-02T03:04:05Z'), (2, 'b', 2, NULL)`)
  cache = createCache()
  db = cachedPglite(raw, { cache, scope: 'local' })
})

const NAME = 'SELECT name FROM item WHERE id = $1'

test('reads are answered from the cache until a write touches them', async () => {
  expect(db).toBeInstanceOf(PGlite)
  const read = () => db.query(NAME, [1])
  expect((await read()).rows).toEqual([{ name: 'a' }])
  expect(await read()).toMatchObject({ rows: [{ name: 'a' }], fields: [{ name: 'name' }] })
  expect(cache.stats().hits).toBe(1)
  await db.query('UPDATE item SET name = $1 WHERE id = $2', ['x', 2])
  await read()
  expect(cache.stats().hits).toBe(2)
  await db.sql`UPDATE item SET name = ${'y'} WHERE id = ${1}`
  expect((await db.sql`SELECT name FROM item WHERE id = ${1}`).rows).toEqual([{ name: 'y' }])
  expect((await read()).rows).toEqual([{ name: 'y' }])
  const [, last] = await db.exec(
    `UPDATE item SET name = 'z' WHERE id = 1; SELECT name FROM item WHERE id = 1`,
  )
  expect(last?.rows).toEqual([{ name: 'z' }])
  expect((await read()).rows).toEqual([{ name: 'z' }])
  const all = () => db.query('SELECT * FROM item WHERE id = 1')
  expect(await all()).toEqual(await all())
  expect((await db.query(NAME, [1], { rowMode: 'array' })).rows).toEqual([['z']])
})

test('a transaction reads the database; what it changed shows after it, unless it was undone', async () => {
  const read = async () => (await db.query<{ name: string }>(NAME, [1])).rows[0]?.name
  await read()
  const done = await db.transaction(async (tx) => {
    await tx.query('UPDATE item SET name = $1 WHERE id = 1', ['in'])
    expect((await tx.sql`SELECT name FROM item WHERE id = ${1}`).rows).toEqual([{ name: 'in' }])
    return 'done'
  })
  expect(done).toBe('done')
  expect(await read()).toBe('in')
  const { hits } = cache.stats()
  await db.transaction(async (tx) => {
    await tx.exec('DELETE FROM item')
    await tx.rollback()
  })
  await expect(
    db.transaction(async (tx) => {
      await tx.query('DELETE FROM item')
      throw new Error('undone')
    }),
  ).rejects.toThrow('undone')
  expect(await read()).toBe('in')
  expect(cache.stats().hits).toBe(hits + 1)
  await db.query('BEGIN')
  await db.query('UPDATE item SET name = $1 WHERE id = 1', ['text'])
  expect(await read()).toBe('text')
  await db.query('ROLLBACK')
  expect(await read()).toBe('in')
  expect(cache.stats().hits).toBe(hits + 2)
})

test('a read that a transaction has overtaken on its way is not kept', async () => {
  // It waits for the catalogue.
  const reading = db.query(NAME, [1])
  const sent = [db.query('BEGIN'), db.query("UPDATE item SET name = 'x' WHERE id = 1")]
  expect((await reading).rows).toEqual([{ name: 'x' }])
  await Promise.all(sent)
  await db.query('ROLLBACK')
  expect((await db.query(NAME, [1])).rows).toEqual([{ name: 'a' }])
})

test('what is set on the one connection holds for all, so nothing is cached then', async () => {
  const at = async () =>
    (await db.query<{ t: string }>('SELECT at::text AS t FROM item WHERE id = 1')).rows[0]?.t
  await db.query("SET TIME ZONE 'Asia/Tokyo'")
  const tokyo = await at()
  await db.transaction(async (tx) => {
    await tx.query("SET TIME ZONE 'UTC'")
  })
  expect(await at()).not.toBe(tokyo)
  const { misses } = cache.stats()
  await db.query(NAME, [1])
  await db.query(NAME, [1])
  expect(cache.stats()).toMatchObject({ misses, hits: 0 })
  await db.query('DISCARD ALL')
})

test('a read that was on its way when the session was changed is answered, and not kept', async () => {
  await raw.exec("CREATE SCHEMA b; CREATE TABLE b.item AS SELECT 1 AS id, 'x' AS name")
  await db.query('SELECT 1 FROM item')
  const { asked, gate, off } = holdLoads(db.queries)
  const read = db.query(NAME, [1])
  await asked.promise
  await db.query('SET search_path = b')
  gate.resolve()
  expect((await read).rows).toEqual([{ name: 'x' }])
  off()
  await db.query('DISCARD ALL')
  expect((await db.query(NAME, [1])).rows).toEqual([{ name: 'a' }])
  await raw.exec('DROP SCHEMA b CASCADE')
})

test('a write goes to the schema that is searched first, also within a transaction', async () => {
  await raw.exec('CREATE SCHEMA b; CREATE TABLE b.item (id int PRIMARY KEY, name text)')
  await raw.exec("INSERT INTO b.item VALUES (1, 'x')")
  const other = async () => (await db.query('SELECT name FROM b.item WHERE id = 1')).rows
  for (const name of ['y', 'z']) {
    await other()
    await db.query('SET search_path = b')
    const set = `UPDATE item SET name = '${name}' WHERE id = 1`
    if (name === 'y') await db.exec(set)
    else await db.transaction((tx) => tx.exec(set))
    await db.query('DISCARD ALL')
    expect(await other()).toEqual([{ name }])
  }
  await raw.exec('DROP SCHEMA b CASCADE')
})

test('what has parsers of its own, or is sent past statements, is the database’s', async () => {
  const parsers = { 23: () => Math.random() }
  const one = await db.query('SELECT id FROM item WHERE id = 1', [], { parsers })
  const two = await db.query('SELECT id FROM item WHERE id = 1', [], { parsers })
  expect(one.rows).not.toEqual(two.rows)
  expect(await db.explain('SELECT id FROM item WHERE id = 1')).toMatchObject({
    cached: true,
    reads: ['public.item'],
  })
  expect((await db.explain('SELECT now() FROM item')).cached).toBe(false)
  expect((await db.explain('SELECT * FROM item FOR UPDATE')).cached).toBe(false)
  await expect(db.query('SELECT nothing FROM nowhere')).rejects.toThrow('nowhere')
})
