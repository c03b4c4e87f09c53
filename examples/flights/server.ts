import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Cache } from 'keepfresh'
import { createApp } from './app.ts'
import { noteRead } from './answer.ts'
import type { BoardCache } from './board.ts'
import type { Database } from './database/database.ts'

export interface ServerOptions {
  readonly database: Database
  /** Where the pages read through; without one, each page asks the database. */
  readonly cache: Cache | undefined
  readonly store: string
  /** `0` for any that is free. */
  readonly port: number
}

export interface WebServer {
  readonly url: string
  /** Ends it, open connections too, and waits for what it still works on: after that its cache can be closed. */
  close(): Promise<void>
}

/** One web server of the flights board, on this machine only. */
export async function openServer({
  database,
  cache,
  store,
  port,
}: ServerOptions): Promise<WebServer> {
  for (const state of ['hit', 'stale', 'miss'] as const) cache?.on(state, () => noteRead(state))
  const { app, settle } = createApp({ database, cache: cache ?? NOTHING_KEPT, store })
  const server = app.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      await settle()
    },
  }
}

const NOTHING_KEPT: BoardCache = {
  getOrSet(_key, load) {
    noteRead('miss')
    return load()
  },
  invalidateTags: async () => {},
}
