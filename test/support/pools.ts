import type { Pool } from 'pg'

/**
 * A pool whose connections may be told by a server that it goes down, and nobody has to hear it.
 *
 * `pool.end()` of pg resolves when each of its clients has sent its goodbye, not when the server has read it. A server that is stopped right
 * then answers that the connection is terminated, the client emits it, and so does the pool, whose errors are thrown where nobody
 * listens.
 */
export function quiet<P extends Pool>(pool: P): P {
  pool.on('error', () => {}).on('connect', (client) => client.on('error', () => {}))
  return pool
}
