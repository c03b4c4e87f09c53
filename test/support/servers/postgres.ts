import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { startServer, type Server } from './server.js'
import { plainUser } from './users.js'

const run = promisify(execFile)

export interface PostgresServer extends Server {
  /** Runs one statement on a connection of its own, as the superuser. */
  query(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>
}

export interface PostgresOptions {
  /** Settings of `postgresql.conf`, as written there: `{ max_connections: 20, log_statement: "'all'" }`. */
  readonly settings?: Readonly<Record<string, string | number>>
  /** Starts as a streaming replica of this server, which takes reads. */
  readonly standbyOf?: PostgresServer
  /** How long a standby waits before it applies what it received, in milliseconds. Default: 0. */
  readonly applyDelayMs?: number
}

const BASE = {
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '16MB',
  wal_level: 'logical',
  dynamic_shared_memory_type: 'mmap',
} as const

/** Starts an empty PostgreSQL: user and database `postgres`, no password, logical replication allowed, nothing synced to disk. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const { settings = {}, standbyOf, applyDelayMs = 0 } = options
  const bin = binaries()
  const user = plainUser('postgres')
  const url = (port: number) => `postgres://postgres@127.0.0.1:${port}/postgres`
  const server = await startServer({
    name: 'postgres',
    user,
    async prepare({ data }) {
      const tool = (name: string, args: string[]) =>
        run(join(bin, name), args, { cwd: data, ...user })
      if (standbyOf) {
        const from = ['-h', standbyOf.host, '-p', String(standbyOf.port), '-U', 'postgres']
        await tool('pg_basebackup', [...from, '-D', data, '-R', '-c', 'fast', '--no-sync'])
      } else {
        const access = ['-U', 'postgres', '--auth', 'trust', '--no-instructions']
        await tool('initdb', ['-D', data, ...access, '-E', 'UTF8', '--locale', 'C', '--no-sync'])
      }
      const lines = Object.entries({
        ...BASE,
        ...(standbyOf && { hot_standby: 'on', recovery_min_apply_delay: applyDelayMs }),
        ...settings,
      }).map(([name, value]) => `${name} = ${value}\n`)
      await appendFile(join(data, 'postgresql.auto.conf'), lines.join(''))
    },
    command: ({ data, port }) => ({
      file: join(bin, 'postgres'),
      args: ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', ''],
    }),
    ready: (port) => queryOnce(url(port), 'select 1'),
    url,
    stopSignal: 'SIGINT', // ends connections instead of waiting for them
    endsPolitely: true, // killed, it leaves a segment of shared memory in the kernel
  })
  return Object.assign(server, {
    query: (text: string, values?: readonly unknown[]) => queryOnce(server.url, text, values),
  })
}

async function queryOnce(
  connectionString: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 5_000 })
  client.on('error', () => {}) // each failure also rejects the call below
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text, [...values])).rows
  } finally {
    await client.end().catch(() => {})
  }
}

/** Debian keeps the server's programs per version, outside PATH. */
function binaries(): string {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).map(Number) : []
  const newest = versions.toSorted((a, b) => b - a)[0]
  if (newest !== undefined) return join(root, String(newest), 'bin')
  const onPath = process.env.PATH?.split(':').find((place) => existsSync(join(place, 'initdb')))
  if (!onPath) throw new Error('PostgreSQL is not installed: `npm test` says how')
  return onPath
}
