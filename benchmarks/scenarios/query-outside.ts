import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Client, Pool } from 'pg'
import { createCache } from '../../index.js'
import { cachedPool } from '../../adapters/pg/index.js'
import { postgresCommand } from '../../adapters/postgres/command.js'
import {
  listenForChanges,
  replicateChanges,
  type OutsideEvent,
} from '../../adapters/postgres/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { scratchDirectory } from '../../test/support/scratch.js'
import { startPostgres, type PostgresServer } from '../../test/support/servers/index.js'
import type { Bench, Part, Scenario } from '../lib/scenario.js'
import { LeftOut } from '../lib/servers.js'
import { spreadOf } from '../lib/statistics.js'

const TABLES = ['triggered', 'published', 'plain'] as const
const ROWS = 10_000

type Rows = Part['rows'][number][]

/** What it is measured on. */
interface Setup {
  readonly client: Client
  readonly server: PostgresServer
  readonly redis: string
  readonly isQuick: boolean
}

/** Writers outside of the application, told of by triggers with NOTIFY and by logical replication, on a PostgreSQL of its own. */
export const queryOutside: Scenario = {
  kind: 'other',
  name: 'query-outside',
  byName: true,
  asks: 'How long until a write of somebody else is heard, and what does telling of it cost the writer?',
  async run(bench) {
    const { server, ...setup } = await prepare(bench)
    try {
      const all = { server, ...setup }
      const latencies = await latency(all)
      const alone = await costAlone(all)
      const together = await costTogether(all)
      const strict = await strictCost(all)
      const columns = ['triggers', 'replication', 'neither']
      return {
        columns,
        rows: [...latencies, ...alone, ...together].map((row) => ({ ...row, plotted: undefined })),
        plots: 'ms',
        verdicts: [],
        parts: [
          {
            title: 'An UPDATE through the cached pool, with Redis, ms',
            columns: ['eventual', "consistency: 'strict'"],
            rows: strict,
          },
        ],
        claims: [{ claim: 'every write was heard', holds: latencies.length === 2 }],
        data: { latencies, alone, together, strict },
        notes: [
          'Milliseconds, and commits per second of as many connections, each synced to disk; medians.',
        ],
      }
    } finally {
      await setup.client.end()
      await server.stop()
    }
  },
}

async function prepare(bench: Bench): Promise<Setup> {
  const redis = (await bench.servers.redis()).url
  const settings = { fsync: 'on', full_page_writes: 'on' }
  const server = await startPostgres({ settings }).catch((error: Error) => {
    throw new LeftOut(error.message)
  })
  const client = new Client(server.url)
  await client.connect()
  for (const table of TABLES) {
    await client.query(`CREATE TABLE ${table} (id int PRIMARY KEY, n int)`)
    await client.query(`INSERT INTO ${table} SELECT g, 0 FROM generate_series(1, ${ROWS}) g`)
  }
  const keepfresh = (...args: string[]) => postgresCommand(args, { DATABASE_URL: server.url })
  await keepfresh('triggers', '--tables', 'triggered', '--apply')
  await keepfresh('publication', '--tables', 'published', '--apply')
  return { client, server, redis, isQuick: bench.isQuick }
}

/** From the answer to an UPDATE, which commits by itself, to the invalidation of what it changes. */
async function latency({ client, server, redis, isQuick }: Setup): Promise<Rows> {
  const rows: Rows = []
  for (const place of ['process memory', 'Redis'] as const) {
    const cells: string[] = []
    for (const kind of ['triggered', 'published'] as const) {
      const cache = createCache(place === 'Redis' ? { tiers: [redisStore(redis)] } : {})
      const db = cachedPool(new Pool({ connectionString: server.url }), { cache, scope: 'bench' })
      /** When the answers about a row were invalidated, the last time: an event ahead of its commit does it twice. */
      const heardAt = new Map<string, number>()
      const onEvent = (event: OutsideEvent): void => {
        if (event.type !== 'changed') return
        for (const { rows } of event.changes)
          for (const row of rows ?? []) heardAt.set(String(row), performance.now())
      }
      const listen = kind === 'triggered' ? listenForChanges : replicateChanges
      const listening = listen(db.queries, { connection: server.url, onEvent })
      await listening.ready
      const times: number[] = []
      for (let id = 1; id <= (isQuick ? 3 : 300); id++) {
        await client.query(`UPDATE ${kind} SET n = n + 1 WHERE id = ${id}`)
        const committed = performance.now()
        do await new Promise((resolve) => setTimeout(resolve, 20))
        while (!heardAt.has(String(id)))
        times.push(heardAt.get(String(id))! - committed)
      }
      cells.push(spreadOf(times).median.toFixed(2))
      await listening.close()
      await db.end()
      await cache.close()
    }
    rows.push({ name: `until answers in ${place} are invalidated, ms`, cells: [...cells, ''] })
  }
  return rows
}

/** CPU time of the backend that writes, so that who else runs on the machine does not count. */
async function costAlone(setup: Setup): Promise<Rows> {
  const { client, isQuick } = setup
  const listening = await listeners(setup)
  const [row] = (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows
  const ticks = (): number => {
    const fields = readFileSync(`/proc/${row!.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return Number(fields[11]) + Number(fields[12])
  }
  await client.query('SET synchronous_commit = off')
  const shapes: readonly (readonly [string, (table: string, n: number) => string, number])[] = [
    [
      '1 row',
      (table, n) => `UPDATE ${table} SET n = n + 1 WHERE id = ${1 + ((n * 7_919) % ROWS)}`,
      1_500,
    ],
    ['100 rows', (table) => `UPDATE ${table} SET n = n + 1 WHERE id <= 100`, 150],
    ['10,000 rows', (table) => `UPDATE ${table} SET n = n + 1`, 5],
  ]
  const rows: Rows = []
  for (const [name, sql, most] of shapes) {
    const times = isQuick ? 1 : most
    const spent = new Map<string, number[]>(TABLES.map((table) => [table, []]))
    for (let round = 0; round < (isQuick ? 1 : 10); round++) {
      for (const table of TABLES) {
        await client.query(`VACUUM ${table}`)
        const before = ticks()
        for (let n = 0; n < times; n++) await client.query(sql(table, n))
        spent.get(table)!.push(((ticks() - before) * 10) / times)
      }
    }
    const cells = TABLES.map((table) => spreadOf(spent.get(table)!).median.toPrecision(2))
    rows.push({ name: `CPU of the server for an UPDATE of ${name}, ms`, cells })
  }
  await client.query('RESET synchronous_commit')
  await listening()
  return rows
}

async function costTogether(setup: Setup): Promise<Rows> {
  const listening = await listeners(setup)
  const rows: Rows = []
  for (const clients of setup.isQuick ? [1] : [1, 4, 16]) {
    const rates = new Map<string, number[]>(TABLES.map((table) => [table, []]))
    for (let round = 0; round < (setup.isQuick ? 1 : 3); round++)
      for (const table of TABLES) rates.get(table)!.push(await pgbench(setup, table, clients))
    const cells = TABLES.map((table) => spreadOf(rates.get(table)!).median.toFixed(0))
    rows.push({ name: `commits per second of ${clients}`, cells })
  }
  await listening()
  return rows
}

/** Both listen all the while, as writers of the one table pay nothing for the other's. */
async function listeners({ server }: Setup): Promise<() => Promise<void>> {
  const cache = createCache()
  const db = cachedPool(new Pool({ connectionString: server.url }), { cache, scope: 'bench' })
  const all = [
    listenForChanges(db.queries, { connection: server.url }),
    replicateChanges(db.queries, { connection: server.url }),
  ]
  await Promise.all(all.map(({ ready }) => ready))
  return async () => {
    await Promise.all(all.map((each) => each.close()))
    await db.end()
    await cache.close()
  }
}

async function pgbench(
  { server, isQuick }: Setup,
  table: string,
  clients: number,
): Promise<number> {
  const found = await promisify(execFile)('sh', ['-c', 'ls /usr/lib/postgresql/*/bin/pgbench'])
  const bin = dirname(found.stdout.trim())
  const script = join(scratchDirectory('pgbench'), 'update.sql')
  const update = `UPDATE ${table} SET n = n + 1 WHERE id = :id;`
  writeFileSync(script, `\\set id random(1, ${ROWS})\n${update}\n`)
  const load = ['-n', '-f', script, '-c', String(clients), '-T', isQuick ? '1' : '2']
  const to = ['-h', server.host, '-p', String(server.port), '-U', 'postgres', 'postgres']
  const { stdout } = await promisify(execFile)(join(bin, 'pgbench'), [...load, ...to])
  return Number(/tps = ([\d.]+)/.exec(stdout)?.[1])
}

async function strictCost({ server, redis, isQuick }: Setup): Promise<Rows> {
  const cache = createCache({ tiers: [redisStore(redis)] })
  const pools = (['eventual', 'strict'] as const).map((consistency) => {
    const pool = new Pool({ connectionString: server.url })
    return cachedPool(pool, { cache, scope: 'bench', consistency })
  })
  const times: number[][] = [[], []]
  for (let n = 0; n < (isQuick ? 3 : 400); n++) {
    for (const [at, db] of pools.entries()) {
      const began = performance.now()
      await db.query('UPDATE plain SET n = n + 1 WHERE id = $1', [1 + n])
      times[at]!.push(performance.now() - began)
    }
  }
  for (const db of pools) await db.end()
  await cache.close()
  return [{ name: 'ms', cells: times.map((each) => spreadOf(each).median.toFixed(1)) }]
}
