import { CacheError } from '../../src/base/errors.js'
import type { StoreContext } from '../../src/store/store.js'
import { Circuit } from '../../src/store/circuit.js'
import type { Deadlines } from '../../src/store/deadline.js'
import type { Argument, RedisConnection } from './client.js'
import { blame, isReply, toError, unavailable } from './failures.js'
import type { Request } from './request.js'
import { SCRIPTS } from './scripts.js'
import { type Opening, openSession, type Session } from './session.js'
import type { Turn } from './turn.js'

export interface LinkSetup {
  readonly context: StoreContext
  readonly deadlines: Deadlines
  readonly turn: Turn
  readonly connectMs: number
  /** How many failures in a row open the circuit, and the longest wait between two probes. */
  readonly failures: number
  readonly retryAtMostMs: number
  /** Whether a replica will not do. */
  readonly masterOnly: boolean
  readonly make: () => Promise<RedisConnection>
  /** Takes a request that this server does not want, or answers false. */
  readonly redirect: (request: Request, error: Error) => boolean
  /** Told when commands stop and when they begin again to be sent. */
  readonly onChange: (link: Link) => void
}

/** How often what came too late is sent again. */
const MOST_LATE = 3

/**
 * The way to one server: what is sent in one tick goes out as one write, and nothing is sent while its circuit is
 * open.
 *
 * The connection is opened by the first request. It is destroyed when the circuit opens, and the probe that closes
 * the circuit again is the opening of the next one.
 */
export class Link {
  /** Names the server in errors and statistics: `127.0.0.1:6379`. */
  readonly server: string
  /** What requests fail with when no answer came in time. One object for all of them: it says the same of each. */
  readonly tooLate: Error
  readonly circuit: Circuit
  readonly #setup: LinkSetup
  #session: Session | undefined
  #previous: Session['identity']
  #opening: Opening | undefined
  #connecting: Promise<void> | undefined
  #closed = false
  /** What requests fail with while none are sent. */
  #refusal: Error
  /** What was sent in this tick, and what waits for the connection. */
  #gathered: Request[] | undefined
  #held: Request[] = []
  #tick = 0
  #missedTick = -1

  constructor(server: string, setup: LinkSetup) {
    this.server = server
    this.#setup = setup
    this.tooLate = unavailable(
      `redis ${server} did not answer within ${setup.deadlines.limitMs} ms`,
    )
    this.#refusal = this.tooLate
    this.circuit = new Circuit({
      clock: setup.context.clock,
      random: setup.context.random,
      failures: setup.failures,
      maxWaitMs: setup.retryAtMostMs,
      // A connection that was slow to open may be there by now.
      probe: async () => (this.#session === undefined ? this.#connect() : undefined),
      onChange: (state, reason) => {
        if (state === 'open') this.#opened(reason)
        if (state !== 'half-open') setup.onChange(this)
      },
    })
  }

  /** Sends with everything else of this tick. Fails at once while the circuit is open. */
  send(request: Request): void {
    request.link = this
    if (this.#closed || !this.circuit.closed) return request.failed(this.#refusal)
    request.tick = this.#tick
    if (this.#gathered === undefined) {
      this.#gathered = [request]
      this.#setup.turn.add(this.#flush)
    } else this.#gathered.push(request)
  }

  /** Sends at once, under the deadline it has already. For what another server sent here. */
  forward(request: Request): void {
    request.link = this
    if (this.#closed || !this.circuit.closed) return request.failed(this.#refusal)
    if (this.#session !== undefined) return this.#transmit(this.#session, request)
    this.#held.push(request)
    this.#ensure()
  }

  /** A deadline passed with no answer. What was sent together counts as one failure. */
  missed(tick: number): void {
    if (tick === this.#missedTick) return
    this.#missedTick = tick
    this.circuit.failed(this.tooLate)
  }

  /** Whether commands would be sent at once. */
  get ready(): boolean {
    return this.#session !== undefined && this.circuit.closed
  }

  close(): void {
    this.#closed = true
    this.#refusal = unavailable(`redis ${this.server} was closed`)
    this.circuit.end()
    this.#opening?.abort(this.#refusal)
    this.#session?.destroy()
    this.#session = undefined
    this.#fail(this.#refusal)
  }

  readonly #flush = (): void => {
    const requests = this.#gathered!
    this.#gathered = undefined
    this.#tick++
    for (const request of requests) request.start(this.#setup.deadlines)
    if (this.#session !== undefined) return this.#write(this.#session, requests)
    this.#held.push(...requests)
    if (this.#closed || !this.circuit.closed) this.#fail(this.#refusal)
    else this.#ensure()
  }

  #write(session: Session, requests: readonly Request[]): void {
    if (requests.length === 1) return this.#transmit(session, requests[0]!)
    const { stream } = session.connection
    stream.cork()
    for (const request of requests) if (!request.settled) this.#transmit(session, request)
    stream.uncork()
  }

  #transmit(session: Session, request: Request): void {
    const { connection } = session
    if (request.asking) {
      request.asking = false
      connection.callBuffer('asking', []).catch(() => {})
    }
    connection.callBuffer(request.command, this.#arguments(session, request)).then(
      (reply) => {
        // An answer that comes too late is no sign of health.
        if (request.settled) return
        this.circuit.succeeded()
        request.done(reply)
      },
      (thrown: unknown) => this.#refused(session, request, toError(thrown)),
    )
  }

  #arguments(session: Session, { args, fenced }: Request): Argument[] {
    if (!fenced) return args
    return [...args, session.serverTime(performance.now() + this.#setup.deadlines.limitMs)]
  }

  #refused(session: Session, request: Request, error: Error): void {
    if (request.settled) return
    if (!isReply(error)) {
      // No answer: the connection is gone. Its end is told later than this.
      this.#lost(session, error)
      return request.failed(unavailable(`redis ${this.server} lost the connection`, error))
    }
    if (error.message.startsWith('NOSCRIPT')) return void this.#reload(session, request)
    if (error.message.startsWith('LATE')) return void this.#adjust(session, request, error)
    const kind = blame(error)
    if (kind === 'server') this.circuit.lost(error)
    else this.circuit.succeeded()
    if (kind === 'elsewhere' && this.#setup.redirect(request, error)) return
    request.failed(unavailable(`redis ${this.server} refused: ${error.message}`, error))
  }

  /** The server has forgotten its scripts: they were flushed, or never reached a replica that is the master now. */
  async #reload(session: Session, request: Request): Promise<void> {
    const { connection } = session
    try {
      await Promise.all(
        SCRIPTS.map(({ source }) => connection.callBuffer('SCRIPT', ['LOAD', source])),
      )
      if (request.settled) return
      const args = this.#arguments(session, request)
      request.done(await connection.callBuffer(request.command, args))
    } catch (error) {
      request.failed(unavailable(`redis ${this.server} refused a script`, error))
    }
  }

  /**
   * The server says that it is too late for something that is still waited for: its clock was set, or the whole
   * machine stood still. It was not done, so it may be sent again.
   */
  async #adjust(session: Session, request: Request, error: Error): Promise<void> {
    try {
      await session.adjust()
      if (session !== this.#session || request.redirects++ > MOST_LATE) throw error
      if (!request.settled) this.#transmit(session, request)
    } catch (thrown) {
      request.failed(unavailable(`redis ${this.server} was too late`, thrown))
    }
  }

  #ensure(): void {
    if (this.#session !== undefined || this.#connecting !== undefined) return
    this.#connect().catch((error: unknown) => this.circuit.lost(toError(error)))
  }

  /** Opens a connection, or waits for the one that is being opened. */
  #connect(): Promise<void> {
    this.#connecting ??= this.#open().finally(() => (this.#connecting = undefined))
    return this.#connecting
  }

  async #open(): Promise<void> {
    const { context, connectMs, masterOnly, make } = this.#setup
    this.#opening = openSession({
      clock: context.clock,
      connectMs,
      masterOnly,
      make,
      previous: this.#previous,
      onLost: (lost, error) => this.#lost(lost, error),
    })
    const session = await this.#opening.session
    if (this.#closed) return session.destroy()
    this.#session = session
    this.#previous = session.identity
    const held = this.#held
    this.#held = []
    if (held.length > 0) this.#write(session, held)
  }

  #lost(session: Session, error: Error): void {
    if (session !== this.#session) return
    this.#session = undefined
    session.destroy()
    this.circuit.lost(error)
  }

  #opened(reason: Error | undefined): void {
    this.#refusal = refusalFor(this.server, reason)
    this.#session?.destroy()
    this.#session = undefined
    this.#fail(this.#refusal)
  }

  #fail(error: Error): void {
    const held = this.#held
    this.#held = []
    for (const request of held) request.failed(error)
  }
}

function refusalFor(server: string, reason: Error | undefined): Error {
  // No server can help with this one, so it is told as it is.
  if (reason instanceof CacheError && reason.code === 'CACHE_PEER_MISSING') return reason
  const why = reason?.message ?? 'unknown'
  return unavailable(`redis ${server} is not asked until it answers again: ${why}`, reason)
}
