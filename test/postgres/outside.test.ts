/** Writers outside the application, and what its cached pool answers then: by triggers and by replication. */
import { Client, Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createCache } from '../../index.js'
import { cachedPool } from '../../adapters/pg/index.js'
import { postgresCommand } from '../../adapters/postgres/command.js'
import {
  listenForChanges,
  replicateChanges,
  type OutsideEvent,
} from '../../adapters/postgres/index.js'
import { quiet } from '../support/pools.js'
import { startPostgres, type PostgresServer } from '../support/servers/index.js'
import { until } from '../support/until.js'

const SEED = Number(process.env.OUTSIDE_SEED ?? 7)
const WRITES = Number(process.env.OUTSIDE_WRITES ?? 200)

let server: PostgresServer
let outside: Client
const open: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  server = await startPostgres()
  outside = new Client(server.url)
  await outside.connect()
  await server.query('CREATE TABLE orders (id int PRIMARY KEY, org_id int, total int)')
  await server.query(
    'CREATE TABLE items (id int PRIMARY KEY, order_id int REFERENCES orders ON DELETE CASCADE ON UPDATE CASCADE, n int)',
  )
  await server.query(
    'CREATE TABLE events (id int, day int, note text, PRIMARY KEY (id, day)) PARTITION BY LIST (day)',
  )
  await server.query('CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1)')
  await server.query('CREATE TABLE events_2 PARTITION OF events FOR VALUES IN (2)')
  await server.query('CREATE TABLE beacon (id int PRIMARY KEY)')
  for (const what of ['triggers', 'publication'])
    await postgresCommand([what, '--partitions', 'orders.org_id', '--max-rows', '5', '--apply'], {
      DATABASE_URL: server.url,
    })
})
afterAll(async () => {
  await outside?.end()
  await server?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await outside.query('TRUNCATE orders, items, events, beacon')
})
afterEach(() => Promise.all(open.splice(0).map((close) => close())))

const partitions = { orders: ['org_id'] }

async function application(kind: 'triggers' | 'replication') {
  const cache = createCache()
  const pool = quiet(new Pool({ connectionString: server.url }))
  const db = cachedPool(pool, { cache, scope: 'shop', partitions })
  const seen = new Map<string, () => void>()
  const onEvent = (event: OutsideEvent): void => {
    if (event.type !== 'changed') return
    for (const { table, rows } of event.changes)
      if (table === 'public.beacon') for (const row of rows ?? []) seen.get(String(row))?.()
  }
  const listening =
    kind === 'triggers'
      ? listenForChanges(db.queries, { connection: server.url, onEvent })
      : replicateChanges(db.queries, { connection: server.url, partitions, onEvent })
  open.push(async () => {
    await listening.close()
    await db.end()
    await cache.close()
  })
  await listening.ready
  let beacons = 0
  return {
    db,
    cache,
    /** Resolves when everything written before has been heard: what is told, is told in the order of the commits. */
    heard: async (): Promise<void> => {
      const id = ++beacons
      const beacon = Promise.withResolvers<void>()
      seen.set(String(id), beacon.resolve)
      await outside.query('INSERT INTO beacon VALUES ($1)', [id])
      await beacon.promise
    },
  }
}

/** mulberry32 */
function randomOf(seed: number) {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const READS: readonly (readonly [string, number])[] = [
  ['SELECT * FROM orders WHERE id = $1', 8],
  ['SELECT id, total FROM orders WHERE org_id = $1 ORDER BY id', 3],
  ['SELECT count(*)::int AS n, sum(total)::int AS total FROM orders WHERE id > $1', 3],
  ['SELECT * FROM items WHERE id = $1', 8],
  [
    'SELECT i.id, o.total FROM items i JOIN orders o ON o.id = i.order_id WHERE o.id = $1 ORDER BY 1',
    8,
  ],
  ['SELECT * FROM events WHERE id = $1 AND day = 1', 4],
  ['SELECT * FROM events_2 WHERE id = $1', 4],
  ['SELECT count(*)::int AS n FROM events WHERE id >= $1', 2],
]

function writeOf(random: (below: number) => number): string {
  const id = random(8)
  const org = random(3)
  switch (random(14)) {
    case 0:
    case 1:
    case 2:
      return `INSERT INTO orders VALUES (${id}, ${org}, ${random(9)}) ON CONFLICT (id) DO UPDATE SET total = excluded.total`
    case 3:
      return `UPDATE orders SET total = total + 1 WHERE id = ${id}`
    case 4:
      return `UPDATE orders SET org_id = ${org} WHERE id = ${id}`
    case 5:
      return `UPDATE orders SET id = id + 20 WHERE id = ${id} AND NOT EXISTS (SELECT 1 FROM orders WHERE id = ${id + 20})`
    case 6:
      return `DELETE FROM orders WHERE id = ${id} OR id > 19`
    case 7:
      return `UPDATE orders SET total = 0 WHERE org_id = ${org}`
    case 8:
    case 9:
      return `INSERT INTO items SELECT ${random(8)}, id, 1 FROM orders WHERE id = ${id} ON CONFLICT (id) DO UPDATE SET n = items.n + 1, order_id = excluded.order_id`
    case 10:
      return `INSERT INTO events VALUES (${random(4)}, ${1 + random(2)}, 'a') ON CONFLICT DO NOTHING`
    case 11:
      return `UPDATE events_${1 + random(2)} SET note = note || 'b' WHERE id = ${random(4)}`
    case 12:
      return `UPDATE events SET day = 3 - day WHERE id = ${random(4)} AND (SELECT count(*) FROM events) < 3`
    default:
      return random(4) === 0
        ? 'TRUNCATE orders, items'
        : `DELETE FROM events WHERE id = ${random(4)}`
  }
}

describe.each(['triggers', 'replication'] as const)('by %s', (kind) => {
  test('random writes of others leave no stale answer behind', async () => {
    const { db, cache, heard } = await application(kind)
    const random = randomOf(SEED)
    const stale: unknown[] = []
    for (let written = 0; written < WRITES;) {
      for (let burst = 1 + random(3); burst > 0; burst--, written++) {
        // One that the database refuses has written nothing.
        await outside.query(writeOf(random)).catch(() => {})
      }
      await heard()
      for (let reads = 0; reads < 6; reads++) {
        const [sql, below] = READS[random(READS.length)]!
        const values = [random(below)]
        const [{ rows: cached }, { rows: truth }] = await Promise.all([
          db.query<Record<string, unknown>>(sql, values),
          outside.query<Record<string, unknown>>(sql, values),
        ])
        if (JSON.stringify(cached) !== JSON.stringify(truth))
          stale.push({ seed: SEED, written, sql, values, cached, truth })
      }
    }
    expect(stale).toEqual([])
    expect(cache.stats().hits).toBeGreaterThan(WRITES / 4)
  })

  test('a write to one row leaves the answers about others', async () => {
    const { db, cache, heard } = await application(kind)
    await outside.query('INSERT INTO orders VALUES (1, 1, 0), (2, 1, 0), (3, 2, 0)')
    await heard()
    const byId = (id: number) => db.query('SELECT total FROM orders WHERE id = $1', [id])
    const byOrg = (id: number) => db.query('SELECT total FROM orders WHERE org_id = $1', [id])
    const all = () => Promise.all([byId(1), byId(2), byOrg(1), byOrg(2)])
    await all()
    await outside.query('UPDATE orders SET total = 5 WHERE id = 1')
    await heard()
    const before = cache.stats().hits
    const [first, second, one] = await all()
    expect(cache.stats().hits - before).toBe(2)
    expect([first.rows, second.rows, one.rows]).toEqual([
      [{ total: 5 }],
      [{ total: 0 }],
      [{ total: 0 }, { total: 5 }],
    ])
  })

  test('what is written while the connection is cut is not missed', async () => {
    const { db, heard } = await application(kind)
    await outside.query('INSERT INTO orders VALUES (1, 1, 0)')
    await heard()
    const total = async () =>
      (await db.query<{ total: number }>('SELECT total FROM orders WHERE id = 1')).rows[0]?.total
    expect(await total()).toBe(0)
    await outside.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type IN ('client backend', 'walsender')
        AND (query LIKE '%pg_trigger%' OR query LIKE '%pg_publication_tables%' OR query LIKE '%pg_current_snapshot%' OR query LIKE '%pg_listening%' OR query LIKE 'START_REPL%')`,
    )
    await outside.query('UPDATE orders SET total = 9 WHERE id = 1')
    await until('it is heard of', async () => (await total()) === 9)
  })
})
