import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createCache, type Cache } from '../../../index.js'
import { FakeClock } from '../../../src/testing/index.js'
import { until } from '../../support/until.js'
import type { Database, Engine, Server } from './engine.js'
import { ROWS, TABLES } from './world.js'

type Read = readonly [sql: string, values: readonly unknown[]]

/** What is cached, and what a write invalidates, statement by statement. */
export function testReads(engine: Engine): void {
  describe(`reads and writes in ${engine.name}`, () => {
    let server: Server
    let cache: Cache
    let db: Database

    beforeAll(async () => {
      server = await engine.start()
      for (const sql of worldOf(engine)) await server.truth(sql)
      for (const sql of engine.hidden) await server.truth(sql)
    })
    afterAll(() => server?.[Symbol.asyncDispose]())
    beforeEach(() => {
      cache = createCache()
      const partitions = { item: ['org'] }
      const opened = server.open({ cache, partitions })
      db = opened
      return async () => {
        await opened[Symbol.asyncDispose]()
        await cache.close()
      }
    })

    /** Whether reads hit, one letter each: `h` or `m`. */
    const trace = async (...reads: readonly Read[]): Promise<string> => {
      let letters = ''
      for (const [sql, values] of reads) {
        const { hits } = cache.stats()
        const rows = await db.query(sql, values)
        expect(rows, sql).toEqual(await server.truth(dialected(engine, sql), values))
        letters += cache.stats().hits > hits ? 'h' : 'm'
      }
      return letters
    }
    const ROW1 = ['SELECT id, name, amount FROM item WHERE id = $1', [1]] as const
    const ROW2 = ['SELECT id, name, amount FROM item WHERE id = $1', [2]] as const
    const ABSENT = ['SELECT id, name, amount FROM item WHERE id = $1', [999]] as const
    const LIST = ['SELECT count(*) AS n FROM item', []] as const
    const ORG1 = ['SELECT id, name FROM item WHERE org = $1 ORDER BY id', [1]] as const
    const ORG2 = ['SELECT id, name FROM item WHERE org = $1 ORDER BY id', [2]] as const
    const ALL = [ROW1, ROW2, ABSENT, LIST, ORG1, ORG2] as const

    test('a read is executed once', async () => {
      expect(await trace(...ALL)).toBe('mmmmmm')
      expect(await trace(...ALL)).toBe('hhhhhh')
    })

    test('an update by primary key leaves the entries of other rows', async () => {
      await trace(...ALL)
      await db.query('UPDATE item SET amount = amount + 1 WHERE id = $1', [1])
      // Which organisation the row is in is not told, so both lists by organisation go.
      expect(await trace(...ALL)).toBe('mhmmmm')
    })

    test('an update within a partition leaves the other partitions', async () => {
      await trace(...ALL)
      await db.query('UPDATE item SET name = $1 WHERE org = $2', ['new', 1])
      expect(await trace(ORG1, ORG2, ROW1)).toBe('mhm')
      await db.query('UPDATE item SET org = $1 WHERE org = $2 AND id = $3', [2, 1, 2])
      expect(await trace(ORG1, ORG2)).toBe('mm')
      await db.query('UPDATE item SET org = $1 WHERE org = $2 AND id = $3', [1, 2, 2])
    })

    test('an insert invalidates lists and what was not found, and not the rows that were', async () => {
      await trace(...ALL)
      await db.query('INSERT INTO item (id, org, amount) VALUES ($1, $2, 0)', [999, 2])
      expect(await trace(...ALL)).toBe('hhmmhm')
      await db.query('DELETE FROM item WHERE id = $1', [999])
      expect(await trace(ABSENT)).toBe('m')
    })

    test('an insert whose key the server counts invalidates what was not found', async () => {
      await trace(ROW1, ABSENT)
      await db.query('INSERT INTO item (org, amount) VALUES ($1, 0)', [2])
      expect(await trace(ROW1, ABSENT)).toBe('hm')
    })

    test('an insert that changes another row where a value is taken invalidates that row', async () => {
      await db.query(
        `CREATE TABLE coded (id int PRIMARY KEY, code ${engine.text} UNIQUE, v int NOT NULL)`,
      )
      await db.query(`INSERT INTO coded VALUES (1, 'a', 1)`)
      const one = ['SELECT v FROM coded WHERE id = $1', [1]] as const
      const nine = ['SELECT v FROM coded WHERE id = $1', [9]] as const
      expect(await trace(one, nine, one, nine)).toBe('mmhh')
      await db.query(
        engine.dialect === 'postgres'
          ? 'INSERT INTO coded VALUES ($1, $2, $3) ON CONFLICT (code) DO UPDATE SET v = EXCLUDED.v'
          : 'INSERT INTO coded VALUES ($1, $2, $3) ON DUPLICATE KEY UPDATE v = VALUES(v)',
        [9, 'a', 5],
      )
      expect(await trace(one)).toBe('m')
      if (engine.dialect === 'mysql') {
        await db.query('REPLACE INTO coded VALUES ($1, $2, $3)', [9, 'a', 7])
        expect(await trace(one, nine)).toBe('mm')
      }
      await db.query('DROP TABLE coded')
    })

    test('tables of subqueries, joins, views and unions are seen', async () => {
      const reads = [
        [
          'SELECT id FROM org WHERE id IN (SELECT org FROM item WHERE amount > $1) ORDER BY id',
          [0],
        ],
        ['SELECT count(*) AS n FROM cheap', []],
        ['SELECT id FROM item WHERE id = 1 UNION SELECT id + 100 FROM org ORDER BY 1', []],
        ['SELECT (SELECT max(amount) FROM item) AS m FROM org WHERE id = 1', []],
      ] as const
      await trace(...reads)
      expect(await trace(...reads)).toBe('hhhh')
      await db.query('UPDATE item SET amount = amount + 1 WHERE id = $1', [3])
      expect(await trace(...reads)).toBe('mmmm')
      await db.query('UPDATE org SET name = $1 WHERE id = $2', ['x', 3])
      expect(await trace(...reads)).toBe('mhmm')
    })

    test('what triggers write and foreign keys delete is seen', async () => {
      const notes = ['SELECT count(*) AS n FROM note', []] as const
      await trace(notes, ROW1)
      await db.query('UPDATE item SET amount = 3 WHERE id = $1', [2])
      expect(await trace(notes, ROW1)).toBe('mh')
      await db.query('INSERT INTO org (id, name) VALUES ($1, $2)', [77, 'gone'])
      await db.query('INSERT INTO item (id, org, amount) VALUES ($1, $2, 1)', [770, 77])
      const child = ['SELECT id, name, amount FROM item WHERE id = $1', [770]] as const
      await trace(child)
      await db.query('DELETE FROM org WHERE id = $1', [77])
      expect(await trace(child)).toBe('m')
    })

    test('locking reads and reads of the time go to the database each time', async () => {
      const { loads } = cache.stats()
      for (const sql of [
        'SELECT id FROM item WHERE id = 1 FOR UPDATE',
        'SELECT count(*) AS n FROM item WHERE now() IS NOT NULL',
      ]) {
        await db.query(sql)
        await db.query(sql)
      }
      expect(cache.stats().loads).toBe(loads)
      expect(cache.stats().hits).toBe(0)
    })

    test('a write whose effects cannot be seen invalidates everything, and says so', async () => {
      const told: unknown[] = []
      db.queries.on('unknown-write', ({ sql }) => told.push(sql))
      await trace(...ALL)
      await db.query(engine.callHidden)
      expect(told).toEqual([engine.callHidden])
      expect(await trace(...ALL)).toBe('mmmmmm')
    })

    test('the caller says what such a write changes', async () => {
      const told: unknown[] = []
      db.queries.on('unknown-write', ({ sql }) => told.push(sql))
      const orgs = ['SELECT count(*) AS n FROM org', []] as const
      await trace(ROW1, orgs)
      await db.query(engine.callHidden, [], { invalidates: ['item'] })
      expect(await trace(ROW1, orgs)).toBe('mh')
      expect(told).toEqual([])
    })

    test('definitions that change are learnt, and their answers forgotten', async () => {
      await trace(LIST)
      await db.query(`CREATE TABLE later (id int PRIMARY KEY, v int)`)
      const later = ['SELECT v FROM later WHERE id = $1', [1]] as const
      expect(await trace(later)).toBe('m')
      expect(await trace(later)).toBe('h')
      await db.query('INSERT INTO later VALUES (1, 5)')
      expect(await trace(later)).toBe('m')
      await db.query('ALTER TABLE later ADD COLUMN w int')
      expect(await trace(['SELECT * FROM later', []])).toBe('m')
      await db.query('DROP TABLE later')
    })

    test('what one pool defines is known to another of the same cache before its next write', async () => {
      await using other = server.open({ cache })
      await other.query('INSERT INTO item (id, org, amount) VALUES ($1, $2, 1)', [500, 1])
      await db.query(
        'CREATE TABLE share (item int, FOREIGN KEY (item) REFERENCES item (id) ON DELETE CASCADE)',
      )
      await db.query('INSERT INTO share VALUES ($1)', [500])
      const shares = ['SELECT count(*) AS n FROM share', []] as const
      expect(await trace(shares, shares)).toBe('mh')
      await other.query('DELETE FROM item WHERE id = $1', [500])
      expect(await trace(shares)).toBe('m')
      await db.query('DROP TABLE share')
    })

    test('a table that somebody else made is found when it is named', async () => {
      await trace(LIST)
      await server.truth('CREATE TABLE theirs (id int PRIMARY KEY, v int)')
      const theirs = ['SELECT v FROM theirs WHERE id = $1', [1]] as const
      expect(await trace(theirs, theirs)).toBe('mh')
      await server.truth('DROP TABLE theirs')
    })

    test('answers of definitions that somebody else has changed are not served from when those are learnt', async () => {
      await db.query('CREATE TABLE theirs (id int PRIMARY KEY)')
      await db.query('INSERT INTO theirs VALUES (1)')
      const all = ['SELECT * FROM theirs', []] as const
      expect(await trace(all, all)).toBe('mh')
      await server.truth('ALTER TABLE theirs ADD COLUMN v int')
      await server.truth('CREATE TABLE more (id int PRIMARY KEY)')
      // A name that is not known has them learnt.
      expect(await trace(['SELECT * FROM more', []], all)).toBe('mm')
      await db.query('DROP TABLE theirs')
      await db.query('DROP TABLE more')
    })

    test('definitions are learnt again when they are old, and what was written without them is made up for', async () => {
      const clock = new FakeClock()
      const slow = createCache({ clock })
      const first = server.open({ cache: slow, catalogueMaxAge: '1m', ttl: '1h' })
      await server.truth('CREATE TABLE source (id int PRIMARY KEY, v int)')
      await server.truth('CREATE TABLE target (id int PRIMARY KEY, v int)')
      await server.truth('INSERT INTO source VALUES (1, 1)')
      await server.truth('INSERT INTO target VALUES (1, 1)')
      await first.query('SELECT v FROM source WHERE id = $1', [1])
      await server.truth(
        engine.dialect === 'postgres'
          ? 'CREATE RULE followed AS ON UPDATE TO source DO ALSO UPDATE target SET v = NEW.v WHERE id = NEW.id'
          : 'CREATE TRIGGER followed AFTER UPDATE ON source FOR EACH ROW UPDATE target SET v = NEW.v WHERE id = NEW.id',
      )
      // It knows from the start what the other one does not.
      const second = server.open({ cache: slow, ttl: '1h' })
      const target = async () =>
        (await second.query('SELECT v FROM target WHERE id = $1', [1]))[0]?.['v']
      expect(await target()).toBe(1)
      await first.query('UPDATE source SET v = $1 WHERE id = $2', [2, 1])
      expect(await target()).toBe(1)
      await clock.advance(60_001)
      await until('the definitions are old', async () => {
        await first.queries.explain({ sql: 'SELECT 1' })
        return (await target()) === 2
      })
      for (const one of [first, second]) await one[Symbol.asyncDispose]()
      await slow.close()
      for (const table of ['source', 'target'])
        await server.truth(`DROP TABLE ${table}${engine.dialect === 'postgres' ? ' CASCADE' : ''}`)
    })

    test('callers of one read at one time share its execution', async () => {
      await trace(LIST)
      const { loads } = cache.stats()
      const answers = await Promise.all(Array.from({ length: 20 }, () => db.query(...ROW1)))
      expect(new Set(answers.map((rows) => JSON.stringify(rows))).size).toBe(1)
      expect(cache.stats().loads).toBe(loads + 1)
    })

    test('a write that fails invalidates nothing', async () => {
      await trace(...ALL)
      await expect(
        db.query('INSERT INTO item (id, org, amount) VALUES ($1, $2, 0)', [1, 2]),
      ).rejects.toBeInstanceOf(Error)
      expect(await trace(...ALL)).toBe('hhhhhh')
    })

    test('a load that began before a write, and ends after it, is not kept', async () => {
      const running = Promise.withResolvers<void>()
      const written = Promise.withResolvers<void>()
      const sql = dialected(engine, ROW1[0])
      const late = db.queries.run({ sql, params: [1] }, async () => {
        const rows = await server.truth(sql, [1])
        running.resolve()
        await written.promise
        return { rows }
      })
      await running.promise
      await db.query('UPDATE item SET amount = amount + 1 WHERE id = $1', [1])
      written.resolve()
      await late
      expect(await trace(ROW1)).toBe('m')
    })

    test('a query can leave the cache alone, ask again, and carry tags of its own', async () => {
      const [sql, values] = ROW1
      await db.query(sql, values, { cache: { tags: ['mine'] } })
      const before = cache.stats()
      await db.query(sql, values, { cache: false })
      await db.query(sql, values, { cache: { bypass: true } })
      expect(cache.stats()).toMatchObject({ hits: before.hits, loads: before.loads })
      await db.query(sql, values, { cache: { fresh: true } })
      expect(cache.stats().loads).toBe(before.loads + 1)
      await db.query(sql, values, { cache: { tags: ['mine'], fresh: true } })
      await cache.invalidateTags('mine')
      expect(await trace(ROW1)).toBe('m')
    })

    test('what is made from queries goes with their rows', async () => {
      const page = (): Promise<unknown> =>
        cache.getOrSet('page', async () => {
          const [item] = await db.query(...ROW1)
          // Not cached itself: the time is asked for.
          const [count] = await db.query('SELECT count(*) AS n FROM org WHERE now() IS NOT NULL')
          return { item, count }
        })
      await page()
      const { loads } = cache.stats()
      await page()
      expect(cache.stats().loads).toBe(loads)
      await db.query('UPDATE item SET amount = 5 WHERE id = $1', [2])
      await page()
      expect(cache.stats().loads).toBe(loads)
      await db.query('UPDATE org SET name = $1 WHERE id = $2', ['y', 2])
      await page()
      expect(cache.stats().loads).toBeGreaterThan(loads)
      const { loads: again } = cache.stats()
      await db.query('UPDATE item SET amount = 7 WHERE id = $1', [1])
      await page()
      expect(cache.stats().loads).toBeGreaterThan(again)
    })

    test('explain says what is cached, why not, and what would invalidate it', async () => {
      const sql = (text: string): string => dialected(engine, text)
      const read = await db.queries.explain({ sql: sql(ROW1[0]), params: [1] })
      expect(read).toMatchObject({
        cached: true,
        invalidatedBy: [expect.stringMatching(/item 1$/)],
      })
      const other = await db.queries.explain({ sql: sql(ROW1[0]), params: ['1'] })
      expect(other.key).not.toBe(read.key)
      expect(await db.queries.explain({ sql: 'SELECT now()' })).toMatchObject({
        cached: false,
        why: 'time',
        tags: [],
      })
      const write = await db.queries.explain({
        sql: sql('UPDATE item SET name = $1 WHERE id = $2'),
        params: ['x', 1],
      })
      expect(write).toMatchObject({ cached: false, why: 'writes' })
      expect(write.invalidates).toEqual(expect.arrayContaining([read.tags[2]]))
    })
  })
}

export function worldOf(engine: Engine): string[] {
  const cascade = 'ON DELETE CASCADE ON UPDATE CASCADE'
  const tables = TABLES(engine.counted, engine.text).map((sql) =>
    engine.dialect === 'postgres'
      ? sql.replace('REFERENCES org(id)', `REFERENCES org(id) ${cascade}`)
      : sql.replace(' REFERENCES org(id)', ''),
  )
  const keys =
    engine.dialect === 'postgres'
      ? []
      : [
          'ALTER TABLE item AUTO_INCREMENT = 50',
          `ALTER TABLE item ADD FOREIGN KEY (org) REFERENCES org(id) ${cascade}`,
        ]
  return [
    ...tables,
    ...keys,
    'ALTER TABLE part ADD FOREIGN KEY (parent) REFERENCES part(id) ON DELETE CASCADE',
    ...engine.trigger,
    ...ROWS,
  ]
}

export function dialected({ dialect }: Engine, sql: string): string {
  return dialect === 'postgres' ? sql : sql.replaceAll(/\$\d+/g, '?')
}
