import type { Cancel } from '../../src/base/clock.js'
import type { Bus, BusListener, StoreContext } from '../../src/store/store.js'
import { Circuit } from '../../src/store/circuit.js'
import type { RedisConnection } from './client.js'
import { toError, unavailable } from './failures.js'
import { hangUp, outside } from './session.js'

export interface BusSetup {
  readonly context: StoreContext
  readonly channel: string
  /** How long opening may take, and how often a connection is asked whether it lives, in milliseconds. */
  readonly connectMs: number
  readonly heartbeatMs: number
  readonly retryAtMostMs: number
  /** A connection to the server where the channel is published now; rejects while nobody knows which that is. */
  readonly make: () => Promise<RedisConnection>
  readonly publish: (text: string) => Promise<void>
  /** Rejects when what is published now could not be heard on this connection. */
  readonly check: () => Promise<unknown>
}

export interface RedisBus extends Bus {
  /** The server may be another now: what we listen to has to be found anew. */
  move(reason: Error): void
}

/**
 * Listens on a connection of its own, one after another.
 *
 * A connection that is open but dead is found by its heartbeat: at each beat the last one has to have been answered.
 * Reconnecting waits as the circuit of a server does. `up` and `down` alternate, whatever happens in between.
 */
export function listenOn(setup: BusSetup): RedisBus {
  const { context, channel, connectMs, heartbeatMs, retryAtMostMs, make, publish, check } = setup
  const { clock, random } = context
  let listener: BusListener | undefined
  let connection: RedisConnection | undefined
  let beat: Cancel | undefined
  let heard = false
  let closed = false
  /** Ends the connecting that goes on, if any does. */
  let abort: ((reason: Error) => void) | undefined

  const circuit = new Circuit({
    clock,
    random,
    maxWaitMs: retryAtMostMs,
    probe: () => outside(connect),
    onChange: (state) => {
      if (state === 'closed') begin()
    },
  })

  const end = (reason: Error) => {
    if (connection !== undefined) hangUp(connection)
    connection = undefined
    beat?.()
    if (heard) listener?.down(reason)
    heard = false
    circuit.lost(reason)
  }

  /** Tells that messages are heard, unless the connection was lost before it could be told. */
  const begin = () => {
    if (connection === undefined) return circuit.lost(unavailable('the connection was lost'))
    heard = true
    pulse(connection)
    listener?.up()
  }

  const pulse = (alive: RedisConnection) => {
    let answered = false
    const failed = (error: unknown) => {
      if (connection === alive) end(toError(error))
    }
    Promise.all([alive.callBuffer('ping', []), check()]).then(() => (answered = true), failed)
    beat = clock.after(heartbeatMs, () => {
      if (answered) pulse(alive)
      else failed(unavailable(`the bus did not answer within ${heartbeatMs} ms`))
    })
  }

  const connect = async () => {
    const stop = Promise.withResolvers<never>()
    abort = stop.reject
    stop.promise.catch(() => {})
    const made = await Promise.race([make(), stop.promise])
    let failure: Error | undefined
    made.on('error', (error) => {
      failure = error
    })
    made.on('end', () => {
      const error = failure ?? unavailable('the connection of the bus was closed')
      stop.reject(error)
      if (connection === made) end(error)
    })
    made.on('message', (from, text) => {
      // What arrives before `up` was told arrives all the same: hearing it twice or early does no harm.
      if (from === channel && !closed) listener?.message(text)
    })
    const cancel = clock.after(connectMs, () =>
      stop.reject(unavailable('connecting took too long')),
    )
    try {
      await Promise.race([made.connect().then(() => made.subscribe(channel)), stop.promise])
      if (closed) throw unavailable('the bus is closed')
      connection = made
    } catch (error) {
      hangUp(made)
      throw failure ?? error
    } finally {
      cancel()
    }
  }

  return {
    subscribe(wanted) {
      listener = wanted
      void outside(() =>
        connect().then(begin, (error: unknown) => {
          if (!closed) circuit.lost(toError(error))
        }),
      )
    },
    publish,
    move(reason) {
      if (connection !== undefined) end(reason)
    },
    async close() {
      closed = true
      circuit.end()
      abort?.(unavailable('the bus is closed'))
      if (heard) listener?.down(undefined)
      heard = false
      beat?.()
      if (connection !== undefined) hangUp(connection)
      connection = undefined
    },
  }
}
