import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { CLIENTS, file, open, plain, shop, wrap } from './clients.js'

const SUM = 'SELECT sum(amount) AS s FROM item'

describe.each(CLIENTS)('a write that nobody told of, through %s', (client) => {
  test.each(['WAL', 'DELETE', 'TRUNCATE', 'PERSIST'])(
    'by another connection is seen at once with journal mode %s',
    (mode) => {
      const path = file()
      const { db } = shop(client, {}, path)
      db.exec(`PRAGMA journal_mode = ${mode}`)
      const read = db.prepare(SUM)
      const other = open(client, path)
      const told: unknown[] = []
      db.cached.on('outside-write', (event) => told.push(event.by))
      for (let amount = 1; amount <= 20; amount++) {
        other.prepare('UPDATE item SET amount = ?').run(amount)
        expect(plain(read.get())).toEqual({ s: 3 * amount })
        expect(plain(read.get())).toEqual({ s: 3 * amount })
      }
      expect(db.cached.stats().hits).toBe(20)
      expect(told).toEqual(told.map(() => 'another connection'))
      expect(told).toHaveLength(20)
      other.close()
      db.close()
    },
  )

  test('by another process is seen at once', () => {
    const path = file()
    const { db } = shop(client, {}, path)
    const read = db.prepare(SUM)
    read.get()
    execFileSync(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      '-e',
      `const { DatabaseSync } = require('node:sqlite')
       new DatabaseSync(${JSON.stringify(path)}).exec('UPDATE item SET amount = 5')`,
    ])
    expect(plain(read.get())).toEqual({ s: 15 })
    db.close()
  })

  test('of definitions is seen too', () => {
    const path = file()
    const { db } = shop(client, {}, path)
    db.exec('CREATE VIEW v AS SELECT amount FROM item')
    const other = open(client, path)
    const read = db.prepare('SELECT sum(amount) AS s FROM v')
    read.get()
    other.exec('DROP VIEW v; CREATE VIEW v AS SELECT 2 * id AS amount FROM org')
    expect(plain(read.get())).toEqual({ s: 6 })
    db.prepare('INSERT INTO org VALUES (3, ?)').run('three')
    expect(plain(read.get())).toEqual({ s: 12 })
    other.close()
    db.close()
  })

  test('of rows by this connection, past the wrapper, is seen', () => {
    const { db, raw } = shop(client)
    const read = db.prepare(SUM)
    read.get()
    raw.exec('UPDATE item SET amount = 1')
    expect(plain(read.get())).toEqual({ s: 3 })
    raw.prepare('DELETE FROM item').run()
    expect(plain(read.get())).toEqual({ s: null })
  })

  test('in an attached file is seen', () => {
    const path = file()
    const { db } = shop(client, {})
    open(client, path).exec('CREATE TABLE extra (n INT); INSERT INTO extra VALUES (1)')
    db.prepare('ATTACH ? AS more').run(path)
    const read = db.prepare('SELECT sum(n) AS s FROM extra')
    read.get()
    read.get()
    expect(db.cached.stats().hits).toBe(1)
    const other = open(client, path)
    other.exec('INSERT INTO extra VALUES (2)')
    expect(plain(read.get())).toEqual({ s: 3 })
    db.exec('INSERT INTO extra VALUES (3)')
    expect(plain(read.get())).toEqual({ s: 6 })
    db.exec('DETACH more')
    expect(() => read.get()).toThrow('no such table')
    other.close()
    db.close()
  })

  test('is not looked for when nobody else writes, by promise', () => {
    const path = file()
    const { db } = shop(client, { onlyWriter: true }, path)
    const read = db.prepare(SUM)
    read.get()
    const other = open(client, path)
    other.exec('UPDATE item SET amount = 5')
    expect(plain(read.get())).toEqual({ s: 60 })
    db.cached.changed('item')
    expect(plain(read.get())).toEqual({ s: 15 })
    other.close()
    db.close()
  })

  test('while the file is locked is the database’s own answer', () => {
    const path = file()
    const { db } = shop(client, {}, path)
    db.exec('PRAGMA busy_timeout = 0')
    const read = db.prepare(SUM)
    read.get()
    const other = open(client, path)
    other.exec('BEGIN EXCLUSIVE; UPDATE item SET amount = 9')
    expect(() => read.get()).toThrow('locked')
    other.exec('COMMIT')
    expect(plain(read.get())).toEqual({ s: 27 })
    other.close()
    db.close()
  })
})

test('a cursor that is open holds the moment it began at, for what is kept as well', () => {
  const path = file()
  const { db } = shop('node:sqlite', {}, path)
  db.exec('PRAGMA journal_mode = WAL')
  const other = open('node:sqlite', path)
  const read = db.prepare(SUM)
  read.get()
  const cursor = db.prepare('SELECT id FROM item').iterate()[Symbol.iterator]()
  cursor.next()
  other.exec('UPDATE item SET amount = 9')
  // SQLite itself says so.
  expect(plain(wrap(open('node:sqlite', path)).prepare(SUM).get())).toEqual({ s: 27 })
  expect(plain(read.get())).toEqual({ s: 60 })
  cursor.return?.()
  expect(plain(read.get())).toEqual({ s: 27 })
  other.close()
  db.close()
})
