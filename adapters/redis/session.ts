import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../../src/base/clock.js'
import type { Argument, RedisConnection } from './client.js'
import { isReply, toError, unavailable } from './failures.js'
import { SCRIPTS } from './scripts.js'

/**
 * One connection from its opening to its loss.
 *
 * On opening it learns what later calls need: the server's time, for what may not be done late; its own id and the
 * run of the server, so that whoever comes after it can end it on the server first. Without that, what we sent to a
 * server that stood still could still be carried out by it after newer commands of ours.
 */
export interface Session {
  readonly connection: RedisConnection
  /** Which connection this is, on which run of which server; undefined where we may not know. */
  readonly identity: Identity | undefined
  /** A moment of `performance.now()`, in milliseconds of the server's own time, at the latest. */
  serverTime(at: number): number
  /** Asks for the server's time again: it was set. */
  adjust(): Promise<void>
  /** Ends it at once. Whatever is in flight fails. */
  destroy(): void
}

interface Identity {
  readonly run: string
  readonly id: string
}

export interface SessionSetup {
  readonly clock: Clock
  /** How long connecting may take, in milliseconds. */
  readonly connectMs: number
  readonly make: () => Promise<RedisConnection>
  /** Whether a replica will not do. In a cluster it sends us to its master by itself. */
  readonly masterOnly: boolean
  /** The one before, ended on the server first. */
  readonly previous: Identity | undefined
  /** The connection was lost after it had been open. */
  readonly onLost: (session: Session, error: Error) => void
}

/** A connection that is being opened. */
export interface Opening {
  readonly session: Promise<Session>
  /** Ends it at once, wherever it is. */
  abort(reason: Error): void
}

/** Opens a connection; rejects when that fails or takes too long, and leaves nothing behind then. */
export function openSession(setup: SessionSetup): Opening {
  const stopped = Promise.withResolvers<never>()
  stopped.promise.catch(() => {})
  return { session: outside(() => open(setup, stopped)), abort: stopped.reject }
}

/**
 * Runs in no caller's async context. A connection belongs to all: opened in the context of the request that happened
 * to come first, it would keep that request's state for good, and what it hears later would run inside it.
 */
export const outside: <T>(task: () => T) => T = AsyncLocalStorage.snapshot()

async function open(setup: SessionSetup, stopped: PromiseWithResolvers<never>): Promise<Session> {
  const { clock, connectMs, make, onLost } = setup
  const connection = await Promise.race([make(), stopped.promise])
  let failure: Error | undefined
  let opened: Session | undefined
  const destroy = () => hangUp(connection)
  connection.on('error', (error) => {
    failure = error
    // Before it is open, any error is a reason not to use it: a database that cannot be selected, say.
    stopped.reject(error)
  })
  connection.on('end', () => {
    const error = failure ?? new Error('the connection was closed')
    stopped.reject(error)
    if (opened !== undefined) onLost(opened, error)
  })
  const cancel = clock.after(connectMs, () =>
    stopped.reject(unavailable(`connecting took longer than ${connectMs} ms`)),
  )
  try {
    opened = await Promise.race([introduce(connection, setup, destroy), stopped.promise])
    return opened
  } catch (error) {
    destroy()
    throw failure ?? error
  } finally {
    cancel()
  }
}

async function introduce(
  connection: RedisConnection,
  { masterOnly, previous }: SessionSetup,
  destroy: () => void,
): Promise<Session> {
  await connection.connect()
  let ahead = 0
  const adjust = async () => {
    const asked = performance.now()
    const [seconds, micros] = (await connection.callBuffer('TIME', [])) as [Buffer, Buffer]
    // The server looked at its clock at `asked` or later, so this never runs behind it.
    ahead = Number(seconds) * 1_000 + Number(micros) / 1_000 - asked
  }
  const [role, info, id] = await Promise.all([
    permitted(connection, 'ROLE', []),
    permitted(connection, 'INFO', ['server']),
    permitted(connection, 'CLIENT', ['ID']),
    adjust(),
    ...SCRIPTS.map(({ source }) => connection.callBuffer('SCRIPT', ['LOAD', source])),
  ])
  if (masterOnly && Array.isArray(role) && String(role[0]) !== 'master') {
    throw unavailable(`it is a ${String(role[0])}, which takes no writes`)
  }
  const run = /run_id:(\w+)/.exec(String(info))?.[1]
  // Ids are counted anew by each run of a server: the same number elsewhere is somebody else.
  if (previous !== undefined && previous.run === run) {
    await permitted(connection, 'CLIENT', ['KILL', 'ID', previous.id])
  }
  return {
    connection,
    identity: run !== undefined && typeof id === 'number' ? { run, id: `${id}` } : undefined,
    serverTime: (at) => Math.ceil(at + ahead),
    adjust,
    destroy,
  }
}

/** The answer, or undefined when we are not allowed to ask. A server that is loading or wants a password throws. */
async function permitted(
  connection: RedisConnection,
  command: string,
  args: Argument[],
): Promise<unknown> {
  try {
    return await connection.callBuffer(command, args)
  } catch (thrown) {
    const error = toError(thrown)
    if (isReply(error) && /^(?:NOPERM|ERR)\b/.test(error.message)) return undefined
    throw error
  }
}

/** Ends a connection without waiting for the server to agree. */
export function hangUp(connection: RedisConnection): void {
  connection.disconnect()
  ;(connection.stream as RedisConnection['stream'] | undefined)?.destroy()
}
