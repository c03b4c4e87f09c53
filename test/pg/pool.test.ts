import { setTimeout as sleep } from 'node:timers/promises'
import { Pool, Query, type QueryConfig, type QueryResult } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createCache, type Cache } from '../../index.js'
import { cachedPool, type CachedPool } from '../../adapters/pg/index.js'
import { quiet } from '../support/pools.js'
import { until } from '../support/until.js'
import { startPostgres, type PostgresServer } from '../support/servers/postgres.js'
import { holdLoads } from '../query/hold-loads.js'

let server: PostgresServer
let cache: Cache
let pool: Pool
let db: CachedPool

beforeAll(async () => {
  server = await startPostgres()
  await server.query(
    `CREATE TABLE users (id int PRIMARY KEY, name text, born date, seen timestamptz, tags text[], about jsonb, photo bytea, span interval)`,
  )
})
afterAll(() => server.stop())
beforeEach(async () => {
  await server.query('TRUNCATE users')
  await server.query(
    `INSERT INTO users VALUES (1, 'Ann', '1990-05-01', '2026-01-02T03:04:05Z', '{a,b}', '{"x": [1, null]}', '\\x00ff', NULL),
      (2, 'Bob', NULL, NULL, NULL, NULL, NULL, '1 day')`,
  )
  cache = createCache()
  pool = quiet(new Pool({ connectionString: server.url, max: 4 }))
  db = cachedPool(pool, { cache, scope: 'shop' })
  const opened = { db, cache }
  return async () => {
    if (!opened.db.ended) await opened.db.end()
    if (db !== opened.db) await db.end()
    await opened.cache.close()
  }
})

const NAME = 'SELECT name FROM users WHERE id = $1'
const hits = (): number => cache.stats().hits

describe('the pool', () => {
  test('is an instance of the class of the pool, with its counters, options and events', async () => {
    expect(db).toBeInstanceOf(Pool)
    const connected: unknown[] = []
    expect(db.on('connect', (client) => connected.push(client))).toBe(db)
    await db.query('SELECT 1')
    expect(connected).toHaveLength(1)
    expect([db.totalCount, db.idleCount, db.waitingCount]).toEqual([1, 1, 0])
    expect(db.options.max).toBe(4)
    expect(db.ending).toBe(false)
    expect(db.listenerCount('connect')).toBe(pool.listenerCount('connect'))
  })

  test('refuses as pg does once it is ended, also what is kept', async () => {
    await db.query(NAME, [1])
    await db.query(NAME, [1])
    expect(hits()).toBe(1)
    const own = new Pool({ connectionString: server.url })
    await own.end()
    const message = await own.query(NAME, [1]).catch((error: unknown) => String(error))
    await db.end()
    await expect(db.query(NAME, [1])).rejects.toThrow(/after calling end/)
    expect(await db.query({ text: NAME, values: [1] }).catch(String)).toBe(message)
    db = cachedPool(quiet(new Pool({ connectionString: server.url })), { cache, scope: 'shop' })
  })

  test('answers like pg, also from the cache', async () => {
    const sql = 'SELECT * FROM users WHERE id = $1'
    const fresh = await pool.query<Record<string, unknown>>(sql, [1])
    for (let time = 0; time < 3; time++) {
      const result = await db.query<Record<string, unknown>>(sql, [1])
      expect(result.rows).toEqual(fresh.rows)
      expect(result).toMatchObject({ command: 'SELECT', rowCount: 1 })
      expect(result.fields).toEqual(fresh.fields.map((field) => ({ ...field })))
      expect(result.rows[0]?.['seen']).toBeInstanceOf(Date)
      expect(Buffer.isBuffer(result.rows[0]?.['photo'])).toBe(true)
    }
    expect(hits()).toBeGreaterThan(0)
  })

  test('takes callbacks, texts, configurations and rows as lists', async () => {
    const called = (...args: unknown[]): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const callback = (error: unknown, result?: QueryResult): void =>
          error instanceof Error ? reject(error) : resolve(result?.rows)
        expect((db.query as (...args: unknown[]) => unknown)(...args, callback)).toBe(undefined)
      })
    expect(await called(NAME, [1])).toEqual([{ name: 'Ann' }])
    expect(await called('SELECT count(*)::int AS n FROM users')).toEqual([{ n: 2 }])
    expect(await called({ text: NAME, values: [2] })).toEqual([{ name: 'Bob' }])
    const lists = { text: NAME, values: [1], rowMode: 'array' as const }
    expect((await db.query(lists)).rows).toEqual([['Ann']])
    expect((await db.query(lists)).rows).toEqual([['Ann']])
    expect((await db.query({ text: NAME, name: 'named' }, [1])).rows).toEqual([{ name: 'Ann' }])
    await expect(called('SELECT nonsense')).rejects.toThrow(/nonsense/)
    const given = new Promise((resolve) => {
      void db.query({
        text: NAME,
        values: [1],
        callback: (_: unknown, r: unknown) => resolve(r),
      } as never)
    })
    expect(await given).toMatchObject({ rows: [{ name: 'Ann' }] })
  })

  test('connect gives clients as before, with a callback too', async () => {
    await db.query(NAME, [1])
    const client = await db.connect()
    expect((await client.query(NAME, [1])).rows).toEqual([{ name: 'Ann' }])
    expect(hits()).toBe(1)
    client.release()
    await new Promise<void>((resolve, reject) => {
      db.connect((error, given, release) => {
        if (error) return reject(error)
        given!.query('UPDATE users SET name = $1 WHERE id = 1', ['Anna'], (failed) => {
          release()
          return failed ? reject(failed) : resolve()
        })
      })
    })
    expect((await db.query(NAME, [1])).rows).toEqual([{ name: 'Anna' }])
  })

  test('writes over the pool it was made from are followed too', async () => {
    await db.query(NAME, [1])
    await pool.query('UPDATE users SET name = $1 WHERE id = $2', ['Anne', 1])
    expect((await db.query(NAME, [1])).rows).toEqual([{ name: 'Anne' }])
  })

  test('with one connection that is held nothing waits for another', async () => {
    const single = quiet(new Pool({ connectionString: server.url, max: 1 }))
    const one = cachedPool(single, { cache, scope: 'shop' })
    const client = await one.connect()
    // Not even for the catalogue.
    expect((await client.query(NAME, [1])).rows).toEqual([{ name: 'Ann' }])
    const waiting = one.query(NAME, [1])
    expect((await client.query(NAME, [1])).rows).toEqual([{ name: 'Ann' }])
    await client.query('UPDATE users SET name = $1 WHERE id = 1', ['Annie'])
    client.release()
    expect((await waiting).rows).toEqual([{ name: 'Annie' }])
    // Nor for a load of the same read, which waits for the one connection.
    const held = await one.connect()
    await held.query("UPDATE users SET name = 'Once' WHERE id = 1")
    const same = one.query(NAME, [1])
    expect((await held.query(NAME, [1])).rows).toEqual([{ name: 'Once' }])
    held.release()
    expect((await same).rows).toEqual([{ name: 'Once' }])
    await one.end()
  })

  test('submittables, several statements and COPY pass through, and what they write is seen', async () => {
    await db.query(NAME, [1])
    const client = await db.connect()
    const rows: unknown[] = []
    await new Promise<void>((resolve, reject) => {
      const query = client.query(new Query<{ name: string }>('SELECT name FROM users ORDER BY id'))
      query.on('row', (row) => rows.push(row.name))
      query.on('end', () => resolve())
      query.on('error', reject)
    })
    expect(rows).toEqual(['Ann', 'Bob'])
    await new Promise<void>((resolve, reject) => {
      const query = client.query(new Query("UPDATE users SET name = 'Sub' WHERE id = 1"))
      query.on('end', () => resolve())
      query.on('error', reject)
    })
    await until('it is invalidated', async () => {
      const [row] = (await db.query<{ name: string }>(NAME, [1])).rows
      return row?.name === 'Sub'
    })
    const many = (await client.query(
      "UPDATE users SET name = 'Two' WHERE id = 1; SELECT name FROM users WHERE id = 1",
    )) as unknown as QueryResult[]
    expect(many.map(({ command }) => command)).toEqual(['UPDATE', 'SELECT'])
    expect((await db.query(NAME, [1])).rows).toEqual([{ name: 'Two' }])
    await client.query("BEGIN; UPDATE users SET name = 'No' WHERE id = 1; ROLLBACK")
    expect((await db.query(NAME, [1])).rows).toEqual([{ name: 'Two' }])
    client.release()
  })

  test('a value that no store keeps is answered all the same', async () => {
    const told: string[] = []
    db.queries.on('refused', ({ why }) => told.push(why))
    const sql = 'SELECT span FROM users WHERE id = $1'
    for (let time = 0; time < 2; time++) {
      const [row] = (await db.query<{ span: object }>(sql, [2])).rows
      expect(row?.span).toMatchObject({ days: 1 })
    }
    expect(told).toEqual(['value', 'value'])
  })

  test('a write while definitions are learned again is not judged by those of before', async () => {
    await db.query('CREATE TABLE note (name text)')
    await db.query(
      `CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO note VALUES (NEW.name); RETURN NEW; END'`,
    )
    await db.query(NAME, [2])
    await db.query('CREATE TRIGGER note AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION note()')
    const other = cachedPool(quiet(new Pool({ connectionString: server.url })), {
      cache,
      scope: 'shop',
    })
    const notes = async () => (await other.query('SELECT * FROM note')).rowCount
    expect(await notes()).toBe(0)
    const gate = Promise.withResolvers<void>()
    const connect = pool.connect.bind(pool) as (callback?: unknown) => unknown
    const slow = async () => {
      await gate.promise
      return connect()
    }
    // Writes take theirs with a callback.
    Object.assign(pool, {
      connect: (callback?: unknown) => (callback ? connect(callback) : slow()),
    })
    const first = db.query(NAME, [2])
    const write = db.query(`UPDATE users SET name = 'Zoe' WHERE id = 1`)
    await sleep(50)
    gate.resolve()
    await Promise.all([first, write])
    expect(await notes()).toBe(1)
    await other.end()
    await server.query('DROP TABLE note; DROP FUNCTION note CASCADE')
  })

  test('a CTE that deletes is executed each time, and invalidates', async () => {
    await db.query('SELECT count(*) FROM users')
    const sql =
      'WITH gone AS (DELETE FROM users WHERE id = $1 RETURNING id) SELECT count(*)::int AS n FROM gone'
    expect((await db.query(sql, [2])).rows).toEqual([{ n: 1 }])
    expect((await db.query(sql, [2])).rows).toEqual([{ n: 0 }])
    expect((await db.query('SELECT count(*)::int AS n FROM users')).rows).toEqual([{ n: 1 }])
  })

  test('a COMMIT that the server answers with ROLLBACK invalidates nothing', async () => {
    await db.query(NAME, [1])
    const client = await db.connect()
    await client.query('BEGIN')
    await client.query("UPDATE users SET name = 'No' WHERE id = 1")
    await client.query('SELECT 1/0').catch(() => {})
    expect((await client.query('COMMIT')).command).toBe('ROLLBACK')
    client.release()
    expect((await db.query(NAME, [1])).rows).toEqual([{ name: 'Ann' }])
    expect(hits()).toBe(1)
  })

  test('a COMMIT that fails for a deferred constraint invalidates nothing', async () => {
    await server.query(
      'CREATE TABLE IF NOT EXISTS boss (id int PRIMARY KEY, of int REFERENCES users(id) DEFERRABLE INITIALLY DEFERRED)',
    )
    await db.query(NAME, [1])
    const client = await db.connect()
    await client.query('BEGIN')
    await client.query("UPDATE users SET name = 'No' WHERE id = 1")
    await client.query('INSERT INTO boss VALUES (1, 99)')
    await expect(client.query('COMMIT')).rejects.toThrow(/foreign key/)
    client.release()
    expect((await db.query(NAME, [1])).rows).toEqual([{ name: 'Ann' }])
    expect(hits()).toBe(1)
    await server.query('DROP TABLE boss')
  })

  test('what a procedure committed before it failed is gone from the cache', async () => {
    await db.query(
      `CREATE PROCEDURE half() LANGUAGE plpgsql AS $$ BEGIN UPDATE users SET name = 'Half' WHERE id = 1; COMMIT; RAISE 'enough'; END $$`,
    )
    expect((await db.query(NAME, [1])).rows).toEqual([{ name: 'Ann' }])
    expect((await db.explain('CALL half()')).invalidates).toContain('q:shop:public.users')
    await expect(db.query('CALL half()')).rejects.toThrow('enough')
    expect((await db.query(NAME, [1])).rows).toEqual([{ name: 'Half' }])
    await server.query('DROP PROCEDURE half')
  })

  test('a prepared transaction invalidates when it is committed, on whatever connection', async () => {
    const other = await startPostgres({ settings: { max_prepared_transactions: 5 } })
    await other.query('CREATE TABLE t (id int PRIMARY KEY, v int)')
    await other.query('INSERT INTO t VALUES (1, 1)')
    const two = cachedPool(quiet(new Pool({ connectionString: other.url })), {
      cache,
      scope: 'two',
    })
    const read = async (): Promise<unknown> =>
      (await two.query<{ v: number }>('SELECT v FROM t WHERE id = $1', [1])).rows[0]?.v
    expect(await read()).toBe(1)
    const client = await two.connect()
    await client.query('BEGIN')
    await client.query('UPDATE t SET v = 2 WHERE id = 1')
    await client.query("PREPARE TRANSACTION 'p'")
    client.release()
    expect(await read()).toBe(1)
    expect(hits()).toBe(1)
    await two.query("COMMIT PREPARED 'p'")
    expect(await read()).toBe(2)
    await two.end()
    await other.stop()
  })
})

describe('the state of connections', () => {
  test('a connection whose session was changed bypasses the cache, until it is as new', async () => {
    await db.query(NAME, [1])
    const client = await db.connect()
    for (const sql of [
      'SET search_path TO pg_temp, public',
      "SELECT set_config('a.b', 'c', false)",
    ]) {
      await client.query(sql)
      await client.query(NAME, [1])
      expect(hits(), sql).toBe(0)
      await client.query('DISCARD ALL')
    }
    await client.query(NAME, [1])
    expect(hits()).toBe(1)
    await client.query('SET statement_timeout = 5000')
    await client.query(NAME, [1])
    expect(hits()).toBe(2)
    await client.query('CREATE TEMP TABLE users (id int, name text)')
    await db.query(NAME, [1])
    expect(hits()).toBe(3)
    await client.query("INSERT INTO users VALUES (1, 'temporary')")
    expect((await client.query(NAME, [1])).rows).toEqual([{ name: 'temporary' }])
    expect((await db.query(NAME, [1])).rows).toEqual([{ name: 'Ann' }])
    client.release(true)
  })

  test.each([
    ['a function', 'SELECT changes()'],
    ['a trigger', 'INSERT INTO changed VALUES (1)'],
  ])('a connection whose session is changed by %s bypasses the cache', async (_, sql) => {
    await db.query('CREATE TABLE changed (id int)')
    await db.query(
      `CREATE FUNCTION changes() RETURNS int LANGUAGE plpgsql AS 'BEGIN SET ROLE postgres; RETURN 1; END'`,
    )
    await db.query(
      `CREATE FUNCTION triggered() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF true THEN SET search_path = public, pg_catalog; END IF; RETURN NEW; END $$`,
    )
    await db.query(
      'CREATE TRIGGER c AFTER INSERT ON changed FOR EACH ROW EXECUTE FUNCTION triggered()',
    )
    await db.query(NAME, [1])
    const client = await db.connect()
    await client.query(sql)
    await client.query(NAME, [1])
    await client.query(NAME, [1])
    client.release(true)
    await server.query('DROP TABLE changed; DROP FUNCTION changes; DROP FUNCTION triggered')
    expect(hits()).toBe(0)
  })

  test('a DISCARD ALL that was refused leaves it as it is', async () => {
    const single = quiet(new Pool({ connectionString: server.url, max: 1 }))
    const one = cachedPool(single, { cache, scope: 'one' })
    await one.query('SELECT 1 FROM users')
    await server.query('CREATE SCHEMA b; CREATE TABLE b.users AS SELECT 1 AS id, $$other$$ AS name')
    const client = await one.connect()
    await client.query('SET search_path = b')
    await client.query('BEGIN')
    await expect(client.query('DISCARD ALL')).rejects.toThrow('cannot run inside')
    await client.query('ROLLBACK')
    await expect(client.query('SELECT 1; DISCARD ALL')).rejects.toThrow('cannot run inside')
    client.release()
    expect((await one.query(NAME, [1])).rows).toEqual([{ name: 'other' }])
    await one.query('DISCARD ALL')
    expect((await one.query(NAME, [1])).rows).toEqual([{ name: 'Ann' }])
    await server.query('DROP SCHEMA b CASCADE')
    await one.end()
  })

  test('what such a connection answers to a load of the pool is for that caller alone', async () => {
    const single = quiet(new Pool({ connectionString: server.url, max: 1 }))
    const one = cachedPool(single, { cache, scope: 'one' })
    await one.query(NAME, [2])
    const client = await one.connect()
    await client.query('CREATE TEMP TABLE users AS SELECT 1 AS id, text $$other$$ AS name')
    client.release()
    const both = await Promise.all([one.query(NAME, [1]), one.query(NAME, [1])])
    expect(both.map(({ rows }) => rows)).toEqual([[{ name: 'other' }], [{ name: 'other' }]])
    const broken = await one.connect()
    broken.release(true)
    expect((await one.query(NAME, [1])).rows).toEqual([{ name: 'Ann' }])
    await one.end()
  })
})

test('a refresh behind a stale answer does not use a client that was given back and is gone', async () => {
  const client = await db.connect()
  const stale = (ttl: number | '1h') =>
    client.query({
      text: NAME,
      values: [1],
      cache: { ttl, grace: '1h', staleWhileRevalidate: '1h' },
    })
  await db.query(NAME, [2])
  await stale(1)
  await sleep(20)
  const { asked, gate, off } = holdLoads(db.queries)
  const failed: unknown[] = []
  cache.on('error', (event) => failed.push(event))
  await stale('1h')
  await asked.promise
  const { fills } = cache.stats()
  client.release(true)
  gate.resolve()
  off()
  await until('it is refreshed', () => cache.stats().fills === fills + 1)
  expect(failed).toEqual([])
})

describe('keys', () => {
  test('parameters that differ in type or kind are other queries', async () => {
    const key = async (...values: unknown[]): Promise<string | undefined> =>
      (await db.explain('SELECT name FROM users WHERE id = $1', values)).key
    const date = new Date(5)
    const all = [1, '1', 1n, null, undefined, NaN, -0, 0, true, 'true', date, date.toISOString()]
    const more = [
      Buffer.from('a'),
      new Uint8Array([97]),
      ['a'],
      ['a', null],
      [['a']],
      { a: 1 },
      '{"a":1}',
    ]
    const keys = await Promise.all([...all, ...more].map((value) => key(value)))
    expect(keys.every((one) => one !== undefined)).toBe(true)
    expect(new Set(keys).size).toBe(keys.length)
    expect(await key(new Date(5))).toBe(await key(date))
    class Money {
      readonly cents = 5
    }
    expect(await db.explain(NAME, [new Money()])).toMatchObject({ cached: false, why: 'parameter' })
    expect(await db.explain(NAME, [{ toPostgres: () => '1' }])).toMatchObject({ cached: false })
  })

  test('a process in another time zone does not get the moments of this one', async () => {
    const { TZ } = process.env
    const sql = 'SELECT born FROM users WHERE id = 1'
    const inZone = async (zone: string) => {
      process.env['TZ'] = zone
      const other = cachedPool(quiet(new Pool({ connectionString: server.url })), {
        cache,
        scope: 'shop',
      })
      const { rows } = await other.query<{ born: Date }>(sql)
      await other.end()
      return rows[0]?.born.toISOString()
    }
    try {
      expect(await inZone('UTC')).toBe('1990-05-01T00:00:00.000Z')
      expect(await inZone('America/New_York')).toBe('1990-05-01T04:00:00.000Z')
    } finally {
      if (TZ === undefined) delete process.env['TZ']
      else process.env['TZ'] = TZ
    }
  })

  test('a Date is another parameter in another time zone, also of one process', async () => {
    const { TZ } = process.env
    const key = async (zone: string): Promise<string | undefined> => {
      process.env['TZ'] = zone
      return (await db.explain('SELECT name FROM users WHERE born = $1', [new Date(5)])).key
    }
    try {
      const [one, other] = [await key('UTC'), await key('America/New_York')]
      expect(one).toBeDefined()
      expect(other).not.toBe(one)
      expect(await key('UTC')).toBe(one)
    } finally {
      if (TZ === undefined) delete process.env['TZ']
      else process.env['TZ'] = TZ
    }
  })

  test('trace comments at the end make no other query, other bytes do', async () => {
    const key = async (sql: string): Promise<string | undefined> => (await db.explain(sql, [1])).key
    const one = await key(NAME)
    expect(await key(`${NAME} /*traceparent='00-1-2-01'*/`)).toBe(one)
    expect(await key(`${NAME}  -- by hand`)).toBe(one)
    expect(await key(NAME.replace('name', 'name '))).not.toBe(one)
    await db.query(`${NAME} /*traceparent='00-1-3-01'*/`, [1])
    await db.query(`${NAME} /*traceparent='00-1-4-01'*/`, [1])
    expect(hits()).toBe(1)
  })

  test('rows parsed in another way are another answer, and unknown parsers keep nothing', async () => {
    const sql = 'SELECT born FROM users WHERE id = 1'
    const raw = { getTypeParser: () => (value: string) => value } as QueryConfig['types']
    const odd = { getTypeParser: () => (value: string) => `<${value}>` } as QueryConfig['types']
    const read = async (types?: QueryConfig['types']): Promise<unknown> =>
      (await db.query<{ born: unknown }>({ text: sql, ...(types && { types }) })).rows[0]?.born
    expect(await read()).toBeInstanceOf(Date)
    for (let time = 0; time < 3; time++) {
      expect(await read(raw)).toBe('1990-05-01')
      expect(await read(odd)).toBe('<1990-05-01>')
      expect(await read()).toBeInstanceOf(Date)
    }
    // Twice the process's own parsers, once those that leave the text as it is, which have to be seen first.
    expect(hits()).toBe(4)
  })

  test('a parameter that means a moment is not cached', async () => {
    const sql = 'SELECT count(*) FROM users WHERE seen < $1'
    expect(await db.explain(sql, ['now'])).toMatchObject({ cached: false, why: 'time' })
    expect(await db.explain(sql, ['2026-01-01'])).toMatchObject({ cached: true })
  })
})

describe('the caller', () => {
  test('names the tables of a read that is not understood', async () => {
    await server.query(
      `CREATE FUNCTION opaque() RETURNS text LANGUAGE plpgsql STABLE AS $$ DECLARE r text; BEGIN EXECUTE 'SELECT name FROM users WHERE id = 1' INTO r; RETURN r; END $$`,
    )
    const query = { text: 'SELECT opaque() AS name', tables: ['users'] }
    await db.query(query)
    await db.query(query)
    expect(hits()).toBe(1)
    await db.query("UPDATE users SET name = 'Opa' WHERE id = 1")
    expect((await db.query(query)).rows).toEqual([{ name: 'Opa' }])
    const writing = { text: 'UPDATE users SET name = name RETURNING id', tables: ['users'] }
    await db.query(writing)
    await db.query(writing)
    expect(hits()).toBe(1)
  })

  test('a table that is named and not there keeps a read from being cached', async () => {
    const named = { text: 'SELECT name FROM users', tables: ['users', 'user'] }
    expect(await db.explain(named)).toMatchObject({ cached: false, why: 'unknown-name' })
    await db.query(named)
    await db.query(named)
    expect(hits()).toBe(0)
  })

  test('options of one query are not those of the next with its text', async () => {
    const lists = { text: NAME, values: [1], rowMode: 'array' as const }
    for (let time = 0; time < 2; time++) await db.query(lists)
    expect((await db.query(NAME, [1])).rows).toEqual([{ name: 'Ann' }])
    const tenant = { text: NAME, values: [2], cache: { scope: { tenant: 5 } } }
    for (let time = 0; time < 2; time++) await db.query(tenant)
    await server.query("UPDATE users SET name = 'Ben' WHERE id = 2")
    expect((await db.query(NAME, [2])).rows).toEqual([{ name: 'Ben' }])
  })

  test('gives an answer a life of its own', async () => {
    const query = { text: NAME, values: [1], cache: { ttl: 1 } }
    await db.query(query)
    await sleep(5)
    await db.query(query)
    expect(hits()).toBe(0)
  })

  test('is told what is wrong with options', () => {
    const options = { cache, scope: 'shop' }
    expect(() => cachedPool({} as never, options)).toThrow(/pool must be a Pool of pg/)
    expect(() => cachedPool(pool, { cache } as never)).toThrow(/scope must be given/)
    expect(() => cachedPool(pool, { cache, scope: '' })).toThrow(/scope must be a name/)
    expect(() => cachedPool(pool, { ...options, ttl: 'soon' as never })).toThrow(/ttl must be/)
    expect(() => cachedPool(pool, { ...options, partition: {} } as never)).toThrow(
      /partition must be one of/,
    )
    expect(() => cachedPool(pool, { ...options, partitions: { a: 'b' } as never })).toThrow(
      /partitions.a must be a list/,
    )
    expect(() => cachedPool(pool, { cache, scope: () => undefined })).toThrow(
      /database must be given/,
    )
  })
})
