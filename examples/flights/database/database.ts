import { Worker } from 'node:worker_threads'
import { Pool } from 'pg'

/** As much of PostgreSQL as the flights board needs. */
export interface Database {
  /** Says what it is, for people: `embedded PostgreSQL` or the server's address. */
  readonly name: string
  /** How many queries were sent so far. */
  readonly queries: number
  query<Row>(sql: string, params?: readonly unknown[]): Promise<Row[]>
  close(): Promise<void>
}

/** Everything the board owns lives in a schema of its own, so a database in use is safe. */
export const SCHEMA = 'keepfresh_flights'

/** A real server when `url` is given, else PostgreSQL inside this process, on a thread of its own. */
export function openDatabase(url: string | undefined): Database {
  return url ? connect(url) : embed()
}

function connect(url: string): Database {
  const pool = new Pool({ connectionString: url, max: 10, options: `-c search_path=${SCHEMA}` })
  // A connection that broke while nobody used it; the next query opens another.
  pool.on('error', () => {})
  let queries = 0
  return {
    name: `PostgreSQL at ${new URL(url).host || 'a local socket'}`,
    get queries() {
      return queries
    },
    async query<Row>(sql: string, params: readonly unknown[] = []) {
      queries++
      const { rows } = await pool.query(sql, [...params])
      return rows as Row[]
    },
    close: () => pool.end(),
  }
}

/** What comes back from `embedded.ts`. */
type Answer = { readonly id: number } & ({ readonly rows: unknown[] } | { readonly error: Error })

function embed(): Database {
  const worker = new Worker(new URL('./embedded.ts', import.meta.url))
  const waiting = new Map<number, PromiseWithResolvers<unknown[]>>()
  let queries = 0
  worker.on('message', (answer: Answer) => {
    const call = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('error' in answer) call?.reject(answer.error)
    else call?.resolve(answer.rows)
  })
  worker.on('error', (error) => {
    for (const call of waiting.values()) call.reject(error)
    waiting.clear()
  })
  return {
    name: 'embedded PostgreSQL (PGlite)',
    get queries() {
      return queries
    },
    query<Row>(sql: string, params: readonly unknown[] = []) {
      const call = Promise.withResolvers<unknown[]>()
      const id = ++queries
      waiting.set(id, call)
      worker.postMessage({ id, sql, params })
      return call.promise as Promise<Row[]>
    },
    async close() {
      await worker.terminate()
    },
  }
}
