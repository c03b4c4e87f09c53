import type { Socket } from 'node:net'
import { missingPeer } from '../../src/base/peer.js'

/**
 * The slice of memjs that is used, and how.
 *
 * memjs's `Server` opens the connection and logs in (SASL PLAIN); then its socket is ours, and its answers are read by
 * `Frames`. What stands in the way of using more of memjs 1.3.2, and what is done about each:
 *
 * - It copies everything received so far for each chunk of a large value. → `responseHandler` is replaced once the
 *   connection is open.
 * - A timeout half closes the socket and forgets it, but goes on listening to it: what still arrives is mixed into the
 *   answers of the next connection, a partial answer stays at the head of the buffer for good, and the closing of the
 *   old socket makes it forget the new one. → A `Server` is used for one connection and thrown away with it.
 * - A connection that the other side closes fails nobody; the callers wait for their timeouts. → We listen for `close`.
 * - Deadlines are counted from the write of each command in a list that answers shorten out of turn, a failed command
 *   is sent again after 200 ms by a timer of its own, each, and every failure is logged to the console. → None of
 *   `Client`'s commands is used: deadlines and reconnecting are the link's.
 * - Each command is a write of its own, and keys beyond 250 bytes are sent. → Batches, and `Names`.
 */

/** The slice of memjs's `Server`: one connection, or none yet. */
export interface MemjsServer {
  readonly host: string
  readonly port: number
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly options: object
  onError(id: number, task: (error: Error) => void): void
  error(error: Error): void
  sock(sasl: boolean, go: (socket: Socket) => void): void
  responseHandler(chunk: Buffer): void
}

/** The slice of memjs's `Client`: what the application hands in. */
export interface MemjsClient {
  readonly servers: readonly MemjsServer[]
}

type ServerClass = new (
  host: string,
  port: number,
  username: string | undefined,
  password: string | undefined,
  options: object,
) => MemjsServer

/** Makes a `Server` that is not connected yet: one for each connection. */
export type MakeServer = () => Promise<MemjsServer>

export interface ServerPlace {
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: string | undefined
}

/** memjs's own timers are put off for three weeks (more does not fit into a timer): ours come first. */
const NEVER = { timeout: 2_000_000, conntimeout: 2_000_000 } as const

export function serversAt(place: ServerPlace): MakeServer {
  return async () => {
    const { Server } = await loadMemjs()
    return new Server(place.host, place.port, place.username, place.password, { ...NEVER })
  }
}

/**
 * Servers as the application's own: the same class, which may be one that it derived to bring TLS, the same address,
 * name, password and options. They are connections of ours, next to the application's: on a connection that is shared,
 * its timeouts would be our failures and our deadlines its.
 */
export function serversLike(server: MemjsServer): MakeServer {
  const Server = server.constructor as ServerClass
  return () =>
    Promise.resolve(
      new Server(server.host, server.port, server.username, server.password, {
        ...server.options,
        ...NEVER,
      }),
    )
}

async function loadMemjs(): Promise<{ readonly Server: ServerClass }> {
  try {
    return await import('memjs')
  } catch (cause) {
    throw missingPeer('memcachedStore needs the package memjs, version 1: npm install memjs', cause)
  }
}
