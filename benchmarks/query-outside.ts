/**
 * Writers outside the application: how long after their commit answers are invalidated, and what telling costs them. Triggers with NOTIFY
 * and logical replication, on a PostgreSQL of its own; and what `consistency: 'strict'` adds to a commit.
 *
 * Run: `npm run bench -- query-outside`.
 */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Client, Pool } from 'pg'
import { createCache } from '../index.js'
import { cachedPool } from '../adapters/pg/index.js'
import { postgresCommand } from '../adapters/postgres/command.js'
import {
  listenForChanges,
  replicateChanges,
  type OutsideEvent,
} from '../adapters/postgres/index.js'
import { redisStore } from '../adapters/redis/index.js'
import { scratchDirectory } from '../test/support/scratch.js'
import { startPostgres, startRedis, type PostgresServer } from '../test/support/servers/index.js'

const TABLES = ['plain', 'triggered', 'published'] as const
const ROWS = 10_000

// Servers do not keep a process alive, and for moments there is nothing else.
const staying = setInterval(() => {}, 1_000)
const redis = await startRedis()
const server = await startPostgres({ settings: { fsync: 'on', full_page_writes: 'on' } })
const client = new Client(server.url)
await client.connect()
for (const table of TABLES) {
  await client.query(`CREATE TABLE ${table} (id int PRIMARY KEY, n int)`)
  await client.query(`INSERT INTO ${table} SELECT g, 0 FROM generate_series(1, ${ROWS}) g`)
}
const keepfresh = (...args: string[]) => postgresCommand(args, { DATABASE_URL: server.url })
await keepfresh('triggers', '--tables', 'triggered', '--apply')
await keepfresh('publication', '--tables', 'published', '--apply')

await latency()
await costAlone()
await costTogether()
await strictCost()
await client.end()
await server.stop()
await redis.stop()
clearInterval(staying)

async function latency(): Promise<void> {
  console.log('\nFrom the answer to an UPDATE, which commits by itself, to the invalidation, ms')
  for (const place of ['process memory', 'Redis'] as const) {
    for (const kind of ['triggered', 'published'] as const) {
      const tiers = place === 'Redis' ? [redisStore(redis.url)] : undefined
      const cache = createCache({ ...(tiers && { tiers }) })
      const db = cachedPool(new Pool({ connectionString: server.url }), { cache, scope: 'bench' })
      /** When the answers about a row were invalidated, the last time: an event ahead of its commit does it twice. */
      const heardAt = new Map<string, number>()
      const onEvent = (event: OutsideEvent): void => {
        if (event.type !== 'changed') return
        for (const { rows } of event.changes)
          for (const row of rows ?? []) heardAt.set(String(row), performance.now())
      }
      const options = { connection: server.url, onEvent }
      const listening =
        kind === 'triggered'
          ? listenForChanges(db.queries, options)
          : replicateChanges(db.queries, options)
      await listening.ready
      const times: number[] = []
      const commits: number[] = []
      for (let id = 1; id <= 300; id++) {
        const began = performance.now()
        await client.query(`UPDATE ${kind} SET n = n + 1 WHERE id = ${id}`)
        const committed = performance.now()
        commits.push(committed - began)
        do await new Promise((resolve) => setTimeout(resolve, 20))
        while (!heardAt.has(String(id)))
        times.push(heardAt.get(String(id))! - committed)
      }
      console.log(
        `  ${kind.padEnd(10)} ${place.padEnd(15)} ${spread(times)}   (the UPDATE itself ${spread(commits)})`,
      )
      await listening.close()
      await db.end()
      await cache.close()
    }
  }
}

/** CPU time of the backend that writes, so that who else runs on the machine does not count. */
async function costAlone(): Promise<void> {
  const listening = await listeners()
  const [row] = (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows
  const ticks = (): number => {
    const fields = readFileSync(`/proc/${row!.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return Number(fields[11]) + Number(fields[12])
  }
  await client.query('SET synchronous_commit = off')
  const shapes: readonly (readonly [string, (table: string) => string, number])[] = [
    [
      'UPDATE of 1 row',
      (t) => `UPDATE ${t} SET n = n + 1 WHERE id = ${1 + Math.floor(Math.random() * ROWS)}`,
      1_500,
    ],
    ['UPDATE of 100 rows', (t) => `UPDATE ${t} SET n = n + 1 WHERE id <= 100`, 150],
    [`UPDATE of ${ROWS} rows`, (t) => `UPDATE ${t} SET n = n + 1`, 5],
  ]
  console.log('\nCPU time of the backend per statement, µs (10 rounds in turns)')
  for (const [name, sql, times] of shapes) {
    const spent = new Map<string, number[]>(TABLES.map((table) => [table, []]))
    for (let round = 0; round < 10; round++) {
      for (const table of TABLES) {
        await client.query(`VACUUM ${table}`)
        const before = ticks()
        for (let n = 0; n < times; n++) await client.query(sql(table))
        spent.get(table)!.push(((ticks() - before) * 10_000) / times)
      }
    }
    const shown = TABLES.map((table) => `${table} ${median(spent.get(table)!).toFixed(0)}`)
    console.log(`  ${name.padEnd(22)} ${shown.join('   ')}`)
  }
  await client.query('RESET synchronous_commit')
  await listening()
}

async function costTogether(): Promise<void> {
  const listening = await listeners()
  console.log('\nTransactions of one UPDATE a second, each commit synced to disk')
  for (const clients of [1, 4, 16]) {
    const shown: string[] = []
    const rates = new Map<string, number[]>(TABLES.map((table) => [table, []]))
    for (let round = 0; round < 3; round++)
      for (const table of TABLES) rates.get(table)!.push(await pgbench(server, table, clients))
    for (const table of TABLES) shown.push(`${table} ${median(rates.get(table)!).toFixed(0)}`)
    console.log(`  ${String(clients).padStart(2)} clients   ${shown.join('   ')}`)
  }
  await listening()
}

async function listeners(): Promise<() => Promise<void>> {
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

async function pgbench({ host, port }: PostgresServer, table: string, clients: number) {
  const bin = dirname(
    (await promisify(execFile)('sh', ['-c', 'ls /usr/lib/postgresql/*/bin/pgbench'])).stdout.trim(),
  )
  const script = join(scratchDirectory('pgbench'), 'update.sql')
  writeFileSync(
    script,
    `\\set id random(1, ${ROWS})\nUPDATE ${table} SET n = n + 1 WHERE id = :id;\n`,
  )
  const args = [
    '-n',
    '-f',
    script,
    '-c',
    String(clients),
    '-T',
    '2',
    '-h',
    host,
    '-p',
    String(port),
  ]
  const { stdout } = await promisify(execFile)(join(bin, 'pgbench'), [
    ...args,
    '-U',
    'postgres',
    'postgres',
  ])
  return Number(/tps = ([\d.]+)/.exec(stdout)?.[1])
}

async function strictCost(): Promise<void> {
  console.log('\nAn UPDATE through the cached pool, with Redis, ms')
  const caches = [createCache({ tiers: [redisStore(redis.url)] })]
  const pools = (['eventual', 'strict'] as const).map((consistency) =>
    cachedPool(new Pool({ connectionString: server.url }), {
      cache: caches[0]!,
      scope: 'bench',
      consistency,
    }),
  )
  const times: number[][] = [[], []]
  for (let n = 0; n < 400; n++) {
    for (const [at, db] of pools.entries()) {
      const began = performance.now()
      await db.query('UPDATE plain SET n = n + 1 WHERE id = $1', [1 + n])
      times[at]!.push(performance.now() - began)
    }
  }
  console.log(`  eventual ${spread(times[0]!)}\n  strict   ${spread(times[1]!)}`)
  for (const db of pools) await db.end()
  await caches[0]!.close()
}

function sorted(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b)
}

function median(values: readonly number[]): number {
  return sorted(values)[Math.floor(values.length / 2)]!
}

function spread(values: readonly number[]): string {
  const all = sorted(values)
  return `${median(all).toFixed(2)}, 95 % within ${all[Math.floor(all.length * 0.95)]!.toFixed(2)}`
}
