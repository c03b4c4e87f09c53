import { DatabaseSync, StatementSync } from 'node:sqlite'
import BetterSqlite3 from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { CLIENTS, file, plain, shop } from './clients.js'

describe.each(CLIENTS)('answers through %s', (client) => {
  test('come from memory the second time, whichever statement asks', () => {
    const { db } = shop(client)
    const first = db.prepare('SELECT name FROM item WHERE id = ?').get(1)
    expect(plain(first)).toEqual({ name: 'a' })
    expect(db.prepare('SELECT name FROM item WHERE id = ?').get(1)).toEqual(first)
    expect(db.cached.stats()).toMatchObject({ hits: 1, misses: 1, entries: 1 })
  })

  test('are kept by text, parameters with their types, and by what is asked for', () => {
    const { db } = shop(client)
    const statement = db.prepare('SELECT id FROM item WHERE id = ?')
    const values = [1, 1n, '1', 2, null, Buffer.from('1'), new Uint8Array([49]), 1.5, -0, 0]
    for (const value of values) statement.get(value)
    // bytes are bytes
    expect(db.cached.stats().entries).toBe(values.length - 1)
    expect(statement.all(1)).toHaveLength(1)
    expect(db.cached.stats().hits).toBe(1)
    expect(plain(statement.get(2))).toEqual({ id: 2 })
  })

  test('by name and by place are the same as the database gives', () => {
    const { db } = shop(client)
    const named = db.prepare('SELECT name FROM item WHERE id = :id AND org = @org')
    expect(plain(named.get({ id: 1, org: 1 }))).toEqual({ name: 'a' })
    expect(named.get({ id: 1, org: 2 })).toBeUndefined()
    expect(plain(named.get({ org: 1, id: 1 }))).toEqual({ name: 'a' })
    expect(db.cached.stats()).toMatchObject({ hits: 1, misses: 2 })
    expect(() => named.get({ id: 1, org: {} })).toThrow(/bind|cannot be bound/i)
    expect(() => db.prepare('SELECT absent FROM item')).toThrow('no such column')
  })

  test('of one row leave when that row is written, and stay when another is', () => {
    const { db } = shop(client)
    const read = db.prepare('SELECT name FROM item WHERE id = ?')
    read.get(1)
    read.get(2)
    db.prepare('UPDATE item SET name = ? WHERE id = ?').run('new', 1)
    expect(plain(read.get(1))).toEqual({ name: 'new' })
    expect(plain(read.get(2))).toEqual({ name: 'b' })
    db.prepare('INSERT INTO item (name) VALUES (?)').run('d')
    read.get(2)
    expect(db.cached.stats()).toMatchObject({ misses: 3, hits: 2 })
  })

  test('that found nothing leave when a row comes', () => {
    const { db } = shop(client)
    const read = db.prepare('SELECT name FROM item WHERE id = ?')
    const count = db.prepare('SELECT count(*) AS n FROM item WHERE id = ?')
    expect(read.get(4)).toBeUndefined()
    expect(plain(count.get(4))).toEqual({ n: 0 })
    db.prepare('INSERT INTO item (name) VALUES (?)').run('d')
    expect(plain(read.get(4))).toEqual({ name: 'd' })
    expect(plain(count.get(4))).toEqual({ n: 1 })
  })

  test('of a partition leave with a write to it alone', () => {
    const { db } = shop(client, { partitions: { item: ['org'] } })
    const read = db.prepare('SELECT count(*) AS n FROM item WHERE org = ?')
    read.get(1)
    read.get(2)
    db.prepare('INSERT INTO item (org, name) VALUES (?, ?)').run(2, 'd')
    expect(plain(read.get(1))).toEqual({ n: 2 })
    expect(plain(read.get(2))).toEqual({ n: 2 })
    expect(db.cached.stats()).toMatchObject({ hits: 1, misses: 3 })
    db.prepare('UPDATE item SET org = 1 WHERE org = 2 AND id = 3').run()
    expect([1, 2].map((org) => plain(read.get(org)))).toEqual([{ n: 3 }, { n: 1 }])
    db.prepare('UPDATE item SET org = 2 WHERE id = 3').run()
    expect([1, 2].map((org) => plain(read.get(org)))).toEqual([{ n: 2 }, { n: 2 }])
  })

  test('of a partition leave with a write to it alone, however it is written, in every file', () => {
    const { db, raw } = shop(client, { partitions: { 'Old.Item': ['Org'] } })
    raw.exec(`ATTACH ':memory:' AS old; CREATE TABLE old.item (id INTEGER PRIMARY KEY, org INT)`)
    db.cached.clear()
    const read = db.prepare('SELECT count(*) AS n FROM old.item WHERE org = ?')
    expect(read.all(1)).toEqual(read.all(2))
    db.prepare('INSERT INTO old.item (org) VALUES (?)').run(1)
    expect(plain([read.get(1), read.get(2)])).toEqual([{ n: 1 }, { n: 0 }])
    const { tags } = db.cached.explain('SELECT count(*) AS n FROM old.item WHERE org = ?', 1)
    expect(tags).toContain('q:sqlite:old.item[org=1]')
  })

  test('made of one row by functions stay when another row comes', () => {
    const { db } = shop(client)
    const read = db.prepare('SELECT upper(name) AS name FROM item WHERE id = ?')
    read.get(1)
    db.prepare('INSERT INTO item (name) VALUES (?)').run('d')
    expect(plain(read.get(1))).toEqual({ name: 'A' })
    expect(db.cached.stats()).toMatchObject({ hits: 1, misses: 1 })
  })

  test('say nothing of a row that an aggregate of the application stands before', () => {
    const { db, raw } = shop(client)
    const step = (n: number, _name: unknown): number => n + 1
    if (raw instanceof DatabaseSync) raw.aggregate('lower', { start: 0, step, deterministic: true })
    else (raw as BetterSqlite3.Database).aggregate('lower', { start: 0, step, deterministic: true })
    const read = db.prepare('SELECT lower(name) AS n FROM item WHERE id = ?')
    expect(plain(read.all(4))).toEqual([{ n: 0 }])
    db.prepare('INSERT INTO item (name) VALUES (?)').run('d')
    expect(plain(read.all(4))).toEqual([{ n: 1 }])
  })

  test('leave with writes that return rows, in every way to run one', () => {
    const { db } = shop(client)
    const read = db.prepare('SELECT sum(amount) AS s FROM item')
    const sum = (): unknown => plain(read.get())
    expect(sum()).toEqual({ s: 60 })
    const update = 'UPDATE item SET amount = amount + 1 WHERE id = 1 RETURNING amount'
    expect(plain(db.prepare(update).get())).toEqual({ amount: 11 })
    expect(sum()).toEqual({ s: 61 })
    db.prepare(update).all()
    expect(sum()).toEqual({ s: 62 })
    const [...rows] = db.prepare(update).iterate()
    expect(plain(rows)).toEqual([{ amount: 13 }])
    expect(sum()).toEqual({ s: 63 })
    db.exec('UPDATE item SET amount = 0; DELETE FROM item WHERE id = 3')
    expect(sum()).toEqual({ s: 0 })
  })

  test('leave when VACUUM numbers rows anew, and stay when it makes a copy', () => {
    const path = file()
    const { db } = shop(client, {}, path)
    db.exec("CREATE TABLE word (text TEXT); INSERT INTO word VALUES ('a'), ('b'), ('c')")
    db.exec("DELETE FROM word WHERE text = 'a'")
    const read = db.prepare('SELECT rowid AS n FROM word ORDER BY text')
    expect(plain(read.all())).toEqual([{ n: 2 }, { n: 3 }])
    db.exec(`VACUUM INTO '${path}.copy'`)
    read.all()
    expect(db.cached.stats().hits).toBe(1)
    db.exec('VACUUM')
    expect(plain(read.all())).toEqual([{ n: 1 }, { n: 2 }])
  })

  test('follow views, triggers and foreign keys', () => {
    const { db } = shop(client)
    db.exec(`PRAGMA foreign_keys = ON;
      CREATE VIEW rich AS SELECT name FROM item WHERE amount > 25;
      CREATE TABLE log (text TEXT);
      CREATE TRIGGER noted AFTER UPDATE ON org BEGIN INSERT INTO log VALUES (NEW.name); END;
      CREATE TABLE child (id INTEGER PRIMARY KEY, item REFERENCES item(id) ON DELETE CASCADE);
      INSERT INTO child VALUES (1, 3)`)
    const rich = db.prepare('SELECT count(*) AS n FROM rich')
    const log = db.prepare('SELECT count(*) AS n FROM log')
    const child = db.prepare('SELECT count(*) AS n FROM child')
    for (const statement of [rich, log, child]) statement.get()
    db.prepare('UPDATE org SET name = ? WHERE id = 1').run('x')
    expect(plain(log.get())).toEqual({ n: 1 })
    db.prepare('DELETE FROM item WHERE id = 3').run()
    expect(plain(rich.get())).toEqual({ n: 0 })
    expect(plain(child.get())).toEqual({ n: 0 })
  })

  test('do not suffer from a listener that throws: its error is thrown on its own', async () => {
    const { db } = shop(client)
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const thrown = new Promise((resolve) => process.once('uncaughtException', resolve))
    db.cached.on('miss', () => {
      throw new Error('listener')
    })
    expect(db.prepare('SELECT id FROM item').all()).toHaveLength(3)
    expect(await thrown).toMatchObject({ message: 'listener' })
    for (const other of others) process.on('uncaughtException', other)
  })

  test('are not kept beyond their time, nor their number', () => {
    const { db } = shop(client, { ttl: 0, maxEntries: 2 })
    const read = db.prepare('SELECT name FROM item WHERE id = ?')
    read.get(1)
    read.get(1)
    expect(db.cached.stats().hits).toBe(0)
    const long = db.prepare('SELECT name FROM item WHERE id = ?', { cache: { ttl: '1m' } })
    for (const id of [1, 2, 3, 4]) long.get(id)
    expect(db.cached.stats()).toMatchObject({ entries: 2 })
    expect(db.cached.stats().evictions).toBeGreaterThan(0)
  })

  test('are the caller’s own, or frozen', () => {
    const { db } = shop(client, { values: 'copy' })
    const read = db.prepare('SELECT id, name FROM item WHERE org = ? ORDER BY id')
    const first = read.all(1) as { name: string }[]
    first[0]!.name = 'spoilt'
    first.reverse()
    const second = read.all(1) as { name: string }[]
    expect(second.map(({ name }) => name)).toEqual(['a', 'b'])
    second.pop()
    expect(read.all(1)).toHaveLength(2)
    expect(db.cached.stats().hits).toBe(2)
    const frozen = shop(client).db.prepare('SELECT * FROM item')
    for (const rows of [frozen.all(), frozen.all()] as { name: string }[][]) {
      expect(() => rows.pop()).toThrow(TypeError)
      expect(() => (rows[0]!.name = 'x')).toThrow(TypeError)
    }
    const { db: bytes } = shop(client)
    const blob = bytes.prepare("SELECT x'0102' AS b FROM org WHERE id = 1")
    ;(blob.get() as { b: Uint8Array }).b[0] = 9
    expect((blob.get() as { b: Uint8Array }).b[0]).toBe(1)
    expect(bytes.cached.stats().hits).toBe(1)
  })
})

test('the wrapped database is of its client’s class and has all its properties', () => {
  const { db } = shop('node:sqlite')
  expect(db).toBeInstanceOf(DatabaseSync)
  const node = db as unknown as DatabaseSync
  expect([node.isOpen, node.isTransaction, node.location()]).toEqual([true, false, null])
  const statement = node.prepare('SELECT 1 AS a FROM org')
  expect(statement).toBeInstanceOf(StatementSync)
  expect(statement.sourceSQL).toBe('SELECT 1 AS a FROM org')
  expect(statement.columns()[0]?.name).toBe('a')
  expect([...statement.iterate()]).toHaveLength(2)

  const better = shop('better-sqlite3').db as unknown as BetterSqlite3.Database
  expect(better).toBeInstanceOf(BetterSqlite3)
  expect([better.open, better.memory, better.inTransaction]).toEqual([true, true, false])
  const one = better.prepare('SELECT 1 AS a FROM org')
  expect([one.reader, one.readonly, one.database === better]).toEqual([true, true, true])
  expect(one.pluck()).toBe(one)
  expect(one.get()).toBe(1)
  expect(better.exec('SELECT 1')).toBe(better)
  expect(better.pragma('user_version', { simple: true })).toBe(0)
  expect(better.close()).toBe(better)
  expect(() => one.get()).toThrow('not open')
})

test('rows come in the form that was asked for', () => {
  const better = shop('better-sqlite3').db as unknown as BetterSqlite3.Database
  const text = 'SELECT id, name FROM item WHERE id = 1'
  const forms = (): unknown[] => [
    better.prepare(text).get(),
    better.prepare(text).raw().get(),
    better.prepare(text).pluck().get(),
    better.prepare(text).expand().get(),
    better.prepare(text).raw().raw(false).get(),
    better.prepare(text).safeIntegers().get(),
    better.prepare(text).raw().pluck(false).get(),
  ]
  const before = forms()
  expect(forms()).toEqual(before)
  expect(before).toEqual([
    { id: 1, name: 'a' },
    [1, 'a'],
    1,
    { item: { id: 1, name: 'a' } },
    { id: 1, name: 'a' },
    { id: 1n, name: 'a' },
    [1, 'a'],
  ])
  const bound = better.prepare('SELECT name FROM item WHERE id = ?').bind(2)
  expect([bound.get(), bound.get()]).toEqual([{ name: 'b' }, { name: 'b' }])
  expect(() => bound.get(1)).toThrow('already has bound')
  better.defaultSafeIntegers()
  expect(better.prepare(text).get()).toEqual({ id: 1n, name: 'a' })
  expect(() => better.prepare('DELETE FROM item').pluck()).toThrow('return data')

  const node = shop('node:sqlite').db as unknown as DatabaseSync
  const statement = node.prepare(text)
  statement.get()
  statement.setReadBigInts(true)
  expect(statement.get()?.['id']).toBe(1n)
  statement.setReturnArrays(true)
  expect([statement.get(), statement.get()]).toEqual([
    [1n, 'a'],
    [1n, 'a'],
  ])
  expect(node.prepare(text, { returnArrays: true }).get()).toEqual([1, 'a'])
  expect(plain(node.prepare(text).get())).toEqual({ id: 1, name: 'a' })
})
