/**
 * The thread that holds the embedded PostgreSQL, so that a query does not stop the web server, as it
 * would not with a database on another machine.
 */
import { parentPort } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'

interface Call {
  readonly id: number
  readonly sql: string
  readonly params: unknown[]
}

const port = parentPort
if (port === null) throw new Error('embedded.ts is started as a worker by database.ts')
const opening = PGlite.create()

port.on('message', async ({ id, sql, params }: Call) => {
  try {
    const postgres = await opening
    const { rows } = await postgres.query(sql, params)
    port.postMessage({ id, rows })
  } catch (error) {
    port.postMessage({ id, error })
  }
})
