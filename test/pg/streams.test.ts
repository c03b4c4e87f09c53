import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Pool, type PoolClient } from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { cachedPool, type CachedPool } from '../../adapters/pg/index.js'
import { createCache, type Cache } from '../../index.js'
import { quiet } from '../support/pools.js'
import { startPostgres, type PostgresServer } from '../support/servers/postgres.js'
import { until } from '../support/until.js'

let server: PostgresServer
let cache: Cache
let db: CachedPool

beforeAll(async () => {
  server = await startPostgres()
  await server.query('CREATE TABLE items (id int PRIMARY KEY, name text)')
})
afterAll(() => server.stop())
beforeEach(async () => {
  await server.query('TRUNCATE items')
  await server.query(`INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 250) n`)
  cache = createCache()
  const pool = quiet(new Pool({ connectionString: server.url, max: 3 }))
  db = cachedPool(pool, { cache, scope: 'shop' })
  const opened = { db, cache }
  return async () => {
    await opened.db.end()
    await opened.cache.close()
  }
})

const COUNT = 'SELECT count(*)::int AS n FROM items'

async function counted(): Promise<number | undefined> {
  return (await db.query<{ n: number }>(COUNT)).rows[0]?.n
}

/** Runs something on a client of the pool's. */
async function onClient<T>(use: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await db.connect()
  try {
    return await use(client)
  } finally {
    client.release()
  }
}

test('a cursor reads the database in parts, each time', async () => {
  for (const expected of [250, 251]) {
    await onClient(async (client) => {
      const cursor = client.query(new Cursor<{ id: number }>('SELECT id FROM items ORDER BY id'))
      let rows = 0
      for (let part = await cursor.read(100); part.length > 0; part = await cursor.read(100)) {
        rows += part.length
      }
      await cursor.close()
      expect(rows).toBe(expected)
    })
    await server.query(`INSERT INTO items VALUES (1000, 'behind the cache') ON CONFLICT DO NOTHING`)
  }
  expect(cache.stats().fills).toBe(0)
})

test('a cursor that writes makes answers go when it has ended', async () => {
  expect(await counted()).toBe(250)
  await onClient(async (client) => {
    const cursor = client.query(
      new Cursor<{ id: number }>('DELETE FROM items WHERE id <= $1 RETURNING id', [50]),
    )
    expect(await cursor.read(100)).toHaveLength(50)
    await cursor.close()
  })
  await until('the rows are gone', async () => (await counted()) === 200)
})

test('a cursor of SQL invalidates what its query writes, and nothing for each part that is fetched', async () => {
  await server.query(
    "CREATE FUNCTION hidden() RETURNS int LANGUAGE plpgsql AS 'BEGIN EXECUTE $$DELETE FROM items$$; RETURN 1; END'",
  )
  const fetched = async (what: string, ...texts: string[]) => {
    const client = await db.connect()
    await client.query('BEGIN')
    await client.query(`DECLARE c CURSOR FOR SELECT ${what}`)
    for (const text of texts) await client.query(text).catch(() => {})
    client.release(true)
  }
  await counted()
  await fetched('id FROM items', 'FETCH 10 FROM c', 'MOVE 10 FROM c', 'COMMIT')
  await counted()
  expect(cache.stats().hits).toBe(1)
  await fetched('hidden()', 'FETCH ALL FROM c', 'COMMIT')
  expect(await counted()).toBe(0)
  await server.query('INSERT INTO items VALUES (1)')
  await db.queries.changed(['items'])
  expect(await counted()).toBe(1)
  await fetched('1', 'FETCH 1 FROM c; SELECT hidden(); COMMIT; SELECT 1/0')
  expect(await counted()).toBe(0)
  await server.query('DROP FUNCTION hidden')
})

test('a stream of rows is neither kept nor answered from what is kept', async () => {
  await counted()
  const rows: unknown[] = []
  await onClient(async (client) => {
    const stream = client.query(
      new QueryStream('SELECT * FROM items WHERE id <= $1', [30], { batchSize: 7 }),
    )
    for await (const row of stream) rows.push(row)
  })
  expect(rows).toHaveLength(30)
  expect(cache.stats().hits).toBe(0)
  expect(cache.stats().fills).toBe(1)
})

test('a stream that its reader leaves gives the client back, and the pool goes on', async () => {
  await onClient(async (client) => {
    const stream = client.query(new QueryStream('SELECT * FROM items', [], { batchSize: 5 }))
    for await (const row of stream) {
      expect(row).toMatchObject({ id: 1 })
      break
    }
  })
  expect(await counted()).toBe(250)
  expect(await counted()).toBe(250)
  expect(cache.stats().hits).toBe(1)
})

test('rows that COPY brings in make answers go, and COPY out keeps nothing', async () => {
  expect(await counted()).toBe(250)
  await onClient(async (client) => {
    const into = client.query(copyFrom('COPY items FROM STDIN'))
    await pipeline(Readable.from(['1001\tnew\n', '1002\tnewer\n']), into)
  })
  await until('the rows are seen', async () => (await counted()) === 252)
  const fills = cache.stats().fills
  let text = ''
  await onClient(async (client) => {
    const out = client.query(copyTo('COPY items TO STDOUT'))
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString()
        done()
      },
    })
    await pipeline(out, sink)
  })
  expect(text.split('\n')).toHaveLength(253)
  expect(cache.stats().fills).toBe(fills)
})

test('rows of a COPY in a transaction that is rolled back make nothing go', async () => {
  expect(await counted()).toBe(250)
  await onClient(async (client) => {
    await client.query('BEGIN')
    const into = client.query(copyFrom('COPY items FROM STDIN'))
    await pipeline(Readable.from(['1003\tlost\n']), into)
    await client.query('ROLLBACK')
  })
  expect(await counted()).toBe(250)
  expect(cache.stats().hits).toBe(1)
})

test('rows of a COPY in a transaction are seen once it is committed', async () => {
  expect(await counted()).toBe(250)
  await onClient(async (client) => {
    await client.query('BEGIN')
    const into = client.query(copyFrom('COPY items FROM STDIN'))
    await pipeline(Readable.from(['1004\tkept\n']), into)
    expect(await counted()).toBe(250)
    await client.query('COMMIT')
  })
  expect(await counted()).toBe(251)
})
