import { DatabaseSync } from 'node:sqlite'
import type BetterSqlite3 from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { CLIENTS, open, plain, SCHEMA, shop, wrap } from './clients.js'

describe.each(CLIENTS)(
  'what does not follow from tables and parameters is not kept, through %s',
  (client) => {
    test.each([
      'SELECT random() % 9 AS r FROM item',
      'SELECT current_timestamp FROM item',
      "SELECT date('now') FROM item",
      'SELECT last_insert_rowid() FROM item',
      'SELECT changes() FROM item',
      'SELECT count(*) FROM sqlite_master',
      'PRAGMA table_info(item)',
      'EXPLAIN QUERY PLAN SELECT * FROM item',
      "SELECT datetime('2024-01-01', 'localtime') FROM item",
      "SELECT * FROM pragma_table_info('item')",
    ])('%s', (sql) => {
      const { db } = shop(client)
      db.prepare(sql).all()
      db.prepare(sql).all()
      expect(db.cached.stats()).toMatchObject({ hits: 0, misses: 0, entries: 0, bypasses: 2 })
      expect(db.cached.explain(sql)).toMatchObject({ cached: false })
    })

    test('a moment among the parameters', () => {
      const { db } = shop(client)
      const read = db.prepare('SELECT date(?) AS d FROM org')
      for (const moment of ['now', 'now', '2024-01-01', '2024-01-01']) read.get(moment)
      expect(db.cached.stats()).toMatchObject({ hits: 1, misses: 1, bypasses: 2 })
      expect(db.cached.explain('SELECT date(?) AS d FROM org', 'now').why).toBe('time')
    })

    test('temporary tables, also where they hide others', () => {
      const { db } = shop(client)
      const read = db.prepare('SELECT count(*) AS n FROM item')
      read.get()
      db.exec('CREATE TEMP TABLE item (id)')
      expect(plain(read.get())).toEqual({ n: 0 })
      db.exec('INSERT INTO item VALUES (1)')
      expect(plain(read.get())).toEqual({ n: 1 })
      expect(plain(db.prepare('SELECT count(*) AS n FROM main.item').get())).toEqual({ n: 3 })
      expect(db.cached.stats().hits).toBe(0)
    })

    test('settings that change answers change all answers', () => {
      const { db } = shop(client)
      const read = db.prepare("SELECT count(*) AS n FROM item WHERE name LIKE 'A'")
      expect(plain(read.get())).toEqual({ n: 1 })
      db.exec('PRAGMA case_sensitive_like = ON')
      expect(plain(db.prepare("SELECT count(*) AS n FROM item WHERE name LIKE 'A'").get())).toEqual(
        {
          n: 0,
        },
      )
      db.exec('PRAGMA read_uncommitted = ON')
      read.get()
      read.get()
      expect(db.cached.stats()).toMatchObject({ hits: 0 })
      expect(db.cached.explain('SELECT count(*) AS n FROM item').why).toBe('changed-session')
    })

    test('a write that is not understood clears everything and says so', () => {
      const { db } = shop(client)
      const told: string[] = []
      db.cached.on('unknown-write', ({ sql }) => told.push(sql))
      const read = db.prepare('SELECT count(*) AS n FROM org')
      read.get()
      ;(db as unknown as DatabaseSync).function('double', (x) => Number(x) * 2)
      read.get()
      db.prepare('UPDATE item SET amount = double(amount)').run()
      expect(told).toEqual(['UPDATE item SET amount = double(amount)'])
      read.get()
      expect(db.cached.stats()).toMatchObject({ hits: 0, misses: 3 })
      db.prepare('UPDATE item SET amount = double(amount)', {
        cache: { invalidates: ['item'] },
      }).run()
      read.get()
      expect(db.cached.stats()).toMatchObject({ hits: 1, misses: 3 })
      expect(told).toHaveLength(1)
    })

    test('functions of the application count as what they say they are', () => {
      const { db } = shop(client)
      const node = db as unknown as DatabaseSync
      node.function('pure', { deterministic: true }, (x) => Number(x) + 1)
      node.function('impure', (x) => Number(x) * Math.random())
      const ask = (name: string): unknown =>
        plain(db.prepare(`SELECT ${name}(amount) AS a FROM item WHERE id = 1`).get())
      expect([ask('pure'), ask('pure')]).toEqual([{ a: 11 }, { a: 11 }])
      expect(db.cached.stats().hits).toBe(1)
      ask('impure')
      ask('impure')
      expect(db.cached.stats().hits).toBe(1)
      node.function('pure', { deterministic: true }, (x) => Number(x) + 2)
      expect(ask('pure')).toEqual({ a: 12 })
      // An own name for one of SQLite's
      node.function('lower', (x) => String(x))
      expect(db.cached.explain('SELECT lower(name) FROM item').cached).toBe(false)
    })

    test('definitions that are undone are undone here', () => {
      const { db } = shop(client)
      const read = db.prepare('SELECT id FROM item WHERE org = 2')
      db.exec('BEGIN; ALTER TABLE item RENAME TO thing; CREATE TABLE item (id, org)')
      expect(plain(db.prepare('SELECT count(*) AS n FROM item').get())).toEqual({ n: 0 })
      db.exec('ROLLBACK')
      expect(plain(read.all())).toEqual([{ id: 3 }])
      db.exec('BEGIN; CREATE VIEW latest AS SELECT max(id) AS id FROM item; COMMIT')
      const latest = db.prepare('SELECT id FROM latest')
      expect(plain(latest.get())).toEqual({ id: 3 })
      db.exec('BEGIN; DROP VIEW latest; CREATE VIEW latest AS SELECT max(id) AS id FROM org')
      expect(plain(db.prepare('SELECT id FROM latest').get())).toEqual({ id: 2 })
      db.exec('ROLLBACK')
      latest.get()
      db.prepare('INSERT INTO item (id) VALUES (8)').run()
      expect(plain(latest.get())).toEqual({ id: 8 })
    })

    test('keys under a collation that takes several for one', () => {
      const { db } = shop(client)
      db.exec(
        "CREATE TABLE code (code TEXT COLLATE NOCASE PRIMARY KEY, n INT); INSERT INTO code VALUES ('a', 1)",
      )
      const read = db.prepare('SELECT n FROM code WHERE code = ?')
      read.get('a')
      db.prepare('UPDATE code SET n = 2 WHERE code = ?').run('A')
      expect(plain(read.get('a'))).toEqual({ n: 2 })
    })

    test('a statement that asks to be left alone', () => {
      const { db } = shop(client)
      const read = db.prepare('SELECT name FROM item WHERE id = 1', { cache: { bypass: true } })
      read.get()
      read.get()
      expect(db.cached.stats().bypasses).toBe(2)
      expect(() => db.prepare('SELECT 1', { cache: { tll: '1m' } as never })).toThrow('tll')
    })

    test('what fails, fails each time', () => {
      const { db } = shop(client)
      const read = db.prepare('SELECT json_extract(?, ?) AS v FROM org')
      for (let times = 0; times < 3; times++) expect(() => read.get('{', '$.a')).toThrow('JSON')
      expect(db.cached.stats().entries).toBe(0)
    })
  },
)

test.each(CLIENTS)(
  'a connection of %s that reads what is not committed keeps nothing',
  (client) => {
    const raw = open(client)
    raw.exec(`${SCHEMA} PRAGMA read_uncommitted = ON`)
    const db = wrap(raw)
    for (let time = 0; time < 2; time++) db.prepare('SELECT count(*) AS n FROM item').get()
    expect(db.cached.stats()).toMatchObject({ hits: 0, entries: 0 })
  },
)

test('while an authorizer is set, nothing is kept', () => {
  const db = shop('node:sqlite').db as unknown as DatabaseSync & ReturnType<typeof shop>['db']
  const sql = 'SELECT amount FROM item WHERE id = 1'
  db.prepare(sql).get()
  // SQLITE_IGNORE: columns read as NULL.
  db.setAuthorizer((action, _table, column) => (action === 20 && column === 'amount' ? 2 : 0))
  expect(plain(db.prepare(sql).get())).toEqual({ amount: null })
  // It may decide otherwise the next time, by what only the application knows.
  expect(plain(db.prepare(sql).get())).toEqual({ amount: null })
  expect(db.cached.stats()).toMatchObject({ hits: 0, entries: 0 })
  db.setAuthorizer(null)
  expect(plain(db.prepare(sql).get())).toEqual({ amount: 10 })
})

test('changesets, tagged statements and another content of the database are noticed', () => {
  const { db: wrapped } = shop('node:sqlite')
  const db = wrapped as unknown as DatabaseSync
  const session = db.createSession({ table: 'item' })
  db.prepare('UPDATE item SET amount = 11 WHERE id = 1').run()
  const changeset = session.changeset()
  session.close()
  db.prepare('UPDATE item SET amount = 10 WHERE id = 1').run()
  const sum = (): unknown => plain(db.prepare('SELECT sum(amount) AS s FROM item').get())
  expect(sum()).toEqual({ s: 60 })
  db.applyChangeset(changeset)
  expect(sum()).toEqual({ s: 61 })
  expect(db.createTagStore().run`UPDATE item SET amount = ${0}`.changes).toBe(3)
  expect(sum()).toEqual({ s: 0 })
  const other = new DatabaseSync(':memory:')
  other.exec('CREATE TABLE item (amount); INSERT INTO item VALUES (5)')
  db.deserialize(other.serialize())
  expect(sum()).toEqual({ s: 5 })
})

test('rows that the application makes up are not kept', () => {
  const db = shop('better-sqlite3').db as unknown as BetterSqlite3.Database
  let times = 0
  db.table('made', {
    columns: ['n'],
    *rows() {
      yield [++times]
    },
  })
  const read = db.prepare('SELECT n FROM made').pluck()
  expect([read.get(), read.get()]).toEqual([1, 2])
})
