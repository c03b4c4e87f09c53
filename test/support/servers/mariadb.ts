import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import mysql from 'mysql2/promise'
import { startServer, type Place, type Server } from './server.js'

const run = promisify(execFile)

export interface MariadbServer extends Server {
  /** Runs one statement on a connection of its own, as `root`. */
  query(text: string, values?: readonly (string | number | null)[]): Promise<unknown>
}

export interface MariadbOptions {
  /** More arguments: `['--log-bin', '--server-id=1']`. */
  readonly args?: readonly string[]
}

const BASE = [
  '--bind-address=127.0.0.1',
  '--skip-name-resolve',
  '--pid-file=pid',
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-buffer-pool-size=32M',
]

/** Starts an empty MariaDB: user `root` without a password, database `test`, nothing synced to disk. */
export async function startMariadb(options: MariadbOptions = {}): Promise<MariadbServer> {
  const asRoot = process.getuid?.() === 0 ? ['--user=root'] : []
  const firstStatements = (place: Place) => join(place.directory, 'first.sql')
  const url = (port: number) => `mysql://root@127.0.0.1:${port}/test`
  const server = await startServer({
    name: 'mariadb',
    async prepare(place) {
      const settings = ['--auth-root-authentication-method=normal', '--skip-test-db', ...asRoot]
      // Two of them at once use the same names in one temporary directory.
      const env = { ...process.env, TMPDIR: place.data }
      const args = ['--no-defaults', `--datadir=${place.data}`, ...settings]
      await run('mariadb-install-db', args, { env })
      await writeFile(firstStatements(place), 'CREATE DATABASE IF NOT EXISTS test;\n')
    },
    command: (place) => ({
      file: 'mariadbd',
      args: [
        '--no-defaults',
        `--datadir=${place.data}`,
        // One that starts deletes the temporary tables it finds, also those of another that runs.
        `--tmpdir=${place.directory}`,
        `--socket=${join(place.directory, 'socket')}`,
        `--init-file=${firstStatements(place)}`,
        `--port=${place.port}`,
        ...BASE,
        ...asRoot,
        ...(options.args ?? []),
      ],
    }),
    ready: (port) => queryOnce(url(port), 'SELECT 1'),
    url,
  })
  return Object.assign(server, {
    query: (text: string, values?: readonly (string | number | null)[]) =>
      queryOnce(server.url, text, values),
  })
}

async function queryOnce(
  uri: string,
  text: string,
  values: readonly (string | number | null)[] = [],
): Promise<unknown> {
  const connection = await mysql.createConnection({ uri, connectTimeout: 5_000 })
  try {
    const [rows] = await connection.query(text, [...values])
    return rows
  } finally {
    connection.destroy()
  }
}
