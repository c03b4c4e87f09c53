import type BetterSqlite3 from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import type { SqliteCache } from '../../adapters/sqlite/index.js'
import { CLIENTS, file, open, plain, shop } from './clients.js'

describe.each(CLIENTS)('a transaction through %s', (client) => {
  const AMOUNT = 'SELECT amount FROM item WHERE id = ?'

  test('reads the database itself, keeps nothing, and lets go of its changes after the commit', () => {
    const { db } = shop(client)
    const read = db.prepare(AMOUNT)
    read.get(1)
    db.exec('BEGIN')
    db.prepare('UPDATE item SET amount = 99 WHERE id = 1').run()
    expect(plain(read.get(1))).toEqual({ amount: 99 })
    expect(plain(read.get(2))).toEqual({ amount: 20 })
    expect(db.cached.stats()).toMatchObject({ entries: 1, invalidations: 0, bypasses: 2 })
    db.exec('COMMIT')
    expect(db.cached.stats().invalidations).toBe(1)
    expect(plain(read.get(1))).toEqual({ amount: 99 })
  })

  test('that is rolled back invalidates nothing', () => {
    const { db } = shop(client)
    const read = db.prepare(AMOUNT)
    read.get(1)
    db.prepare('BEGIN IMMEDIATE').run()
    db.prepare('DELETE FROM item').run()
    expect(read.get(1)).toBeUndefined()
    db.prepare('ROLLBACK').run()
    expect(plain(read.get(1))).toEqual({ amount: 10 })
    expect(db.cached.stats()).toMatchObject({ hits: 1, invalidations: 0 })
  })

  test('forgets what was undone to a savepoint, and keeps what came before it', () => {
    const { db } = shop(client)
    const read = db.prepare(AMOUNT)
    for (const id of [1, 2, 3]) read.get(id)
    const set = db.prepare('UPDATE item SET amount = amount + 1 WHERE id = ?')
    db.exec('SAVEPOINT outermost')
    set.run(1)
    db.exec('SAVEPOINT inner')
    set.run(2)
    db.exec('ROLLBACK TO inner')
    db.exec('RELEASE inner')
    expect(db.cached.stats().invalidations).toBe(0)
    db.exec('RELEASE outermost')
    expect([1, 2, 3].map((id) => plain(read.get(id)))).toEqual([
      { amount: 11 },
      { amount: 20 },
      { amount: 30 },
    ])
    expect(db.cached.stats()).toMatchObject({ hits: 2, misses: 4 })
  })

  test('of one text is one, whatever it holds', () => {
    const { db } = shop(client)
    const read = db.prepare('SELECT sum(amount) AS s FROM item')
    read.get()
    db.exec(
      'BEGIN; UPDATE item SET amount = 1; SAVEPOINT a; UPDATE item SET amount = 2; ROLLBACK TO a; COMMIT',
    )
    expect(plain(read.get())).toEqual({ s: 3 })
    db.exec('BEGIN; UPDATE item SET amount = 5 WHERE id = 1')
    expect(plain(read.get())).toEqual({ s: 7 })
    db.exec('SAVEPOINT a; UPDATE item SET amount = 6 WHERE id = 2')
    db.exec('ROLLBACK TO a')
    db.exec('END')
    expect(plain(read.get())).toEqual({ s: 7 })
  })

  test('does not take a savepoint of a longer text for its own', () => {
    const { db } = shop(client)
    const read = db.prepare(AMOUNT)
    for (const id of [1, 2]) read.get(id)
    db.exec('SAVEPOINT a')
    db.prepare('UPDATE item SET amount = 11 WHERE id = 1').run()
    db.exec('SAVEPOINT a; UPDATE item SET amount = 21 WHERE id = 2')
    db.exec('ROLLBACK TO a')
    db.exec('COMMIT')
    expect([1, 2].map((id) => plain(read.get(id)))).toEqual([{ amount: 11 }, { amount: 20 }])
  })

  test('that fails at its commit is still open', () => {
    const { db } = shop(client)
    db.exec(`PRAGMA foreign_keys = ON;
      CREATE TABLE late (org INTEGER REFERENCES org(id) DEFERRABLE INITIALLY DEFERRED)`)
    const read = db.prepare('SELECT count(*) AS n FROM late')
    read.get()
    db.exec('BEGIN')
    db.prepare('INSERT INTO late VALUES (9)').run()
    expect(() => db.exec('COMMIT')).toThrow('FOREIGN KEY')
    expect(plain(read.get())).toEqual({ n: 1 })
    db.prepare('INSERT INTO org VALUES (9, ?)').run('nine')
    db.exec('COMMIT')
    expect(plain(read.get())).toEqual({ n: 1 })
    expect(() => db.exec('COMMIT')).toThrow('no transaction')
  })

  test('that SQLite undoes by itself leaves nothing wrong behind', () => {
    const { db } = shop(client)
    const read = db.prepare('SELECT count(*) AS n FROM item')
    read.get()
    db.exec('BEGIN')
    db.prepare('DELETE FROM item WHERE id = 1').run()
    expect(() => db.prepare('INSERT OR ROLLBACK INTO item (id) VALUES (2)').run()).toThrow('UNIQUE')
    expect(plain(read.get())).toEqual({ n: 3 })
    db.prepare('DELETE FROM item WHERE id = 1').run()
    expect(plain(read.get())).toEqual({ n: 2 })
  })

  test('that was begun or ended past the wrapper is noticed', () => {
    const { db, raw } = shop(client)
    const read = db.prepare(AMOUNT)
    read.get(1)
    raw.exec('BEGIN')
    db.prepare('UPDATE item SET amount = 50 WHERE id = 1').run()
    expect(plain(read.get(1))).toEqual({ amount: 50 })
    raw.exec('COMMIT')
    expect(plain(read.get(1))).toEqual({ amount: 50 })
    raw.exec('UPDATE item SET amount = 60 WHERE id = 1')
    expect(plain(read.get(1))).toEqual({ amount: 60 })
    expect(db.cached.stats().hits).toBe(0)
  })

  test('that fails halfway through a statement keeps what the statement did', () => {
    const { db } = shop(client)
    const read = db.prepare('SELECT count(*) AS n FROM org')
    read.get()
    expect(() => db.exec("INSERT OR FAIL INTO org VALUES (3, 'x'), (1, 'y')")).toThrow('UNIQUE')
    expect(plain(read.get())).toEqual({ n: 3 })
    expect(() =>
      db.exec("INSERT INTO org VALUES (4, 'x'); INSERT INTO org VALUES (4, 'x')"),
    ).toThrow('UNIQUE')
    expect(plain(read.get())).toEqual({ n: 4 })
  })

  test('of another connection shows when it is committed, not before', () => {
    const path = file()
    const { db } = shop(client, {}, path)
    db.exec('PRAGMA journal_mode = WAL')
    const other = open(client, path)
    const read = db.prepare(AMOUNT)
    read.get(1)
    other.exec('BEGIN IMMEDIATE; UPDATE item SET amount = 70 WHERE id = 1')
    expect(plain(read.get(1))).toEqual({ amount: 10 })
    expect(db.cached.stats().hits).toBe(1)
    other.exec('COMMIT')
    expect(plain(read.get(1))).toEqual({ amount: 70 })
    other.close()
    db.close()
  })
})

describe('better-sqlite3’s transaction functions', () => {
  function better(): BetterSqlite3.Database & { cached: SqliteCache } {
    return shop('better-sqlite3').db as never
  }

  test('invalidate after the outermost has committed, and nothing when it is rolled back', () => {
    const db = better()
    const read = db.prepare('SELECT amount FROM item WHERE id = ?').pluck()
    read.get(1)
    const set = db.prepare('UPDATE item SET amount = ? WHERE id = ?')
    const inner = db.transaction((amount: number) => set.run(amount, 1))
    const outer = db.transaction((amount: number, fails: boolean) => {
      inner.immediate(amount)
      expect(db.cached.stats().invalidations).toBe(0)
      expect(read.get(1)).toBe(amount)
      if (fails) throw new Error('no')
      return 'done'
    })
    expect(() => outer(80, true)).toThrow('no')
    expect(db.cached.stats().invalidations).toBe(0)
    expect(read.get(1)).toBe(10)
    expect(outer.exclusive(90, false)).toBe('done')
    expect(read.get(1)).toBe(90)
    expect(db.cached.stats()).toMatchObject({ hits: 1, misses: 2 })
  })

  test('keep what an inner one had undone out of it', () => {
    const db = better()
    const read = db.prepare('SELECT amount FROM item WHERE id = ?').pluck()
    const set = db.prepare('UPDATE item SET amount = ? WHERE id = ?')
    for (const id of [1, 2]) read.get(id)
    const failing = db.transaction(() => {
      set.run(1000, 2)
      throw new Error('inner')
    })
    db.transaction(() => {
      set.run(500, 1)
      expect(() => failing()).toThrow('inner')
    })()
    expect([read.get(1), read.get(2)]).toEqual([500, 20])
  })

  test('notice what was written past the wrapper within', () => {
    const { db: wrapped, raw } = shop('better-sqlite3')
    const db = wrapped as unknown as BetterSqlite3.Database
    const read = db.prepare('SELECT amount FROM item WHERE id = 1').pluck()
    read.get()
    db.transaction(() => raw.exec('UPDATE item SET amount = 7 WHERE id = 1'))()
    expect(read.get()).toBe(7)
  })
})
