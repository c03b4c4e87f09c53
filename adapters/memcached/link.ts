import { CacheError } from '../../src/base/errors.js'
import { Circuit } from '../../src/store/circuit.js'
import type { Deadlines } from '../../src/store/deadline.js'
import type { ServerHealth, StoreContext, Version } from '../../src/store/store.js'
import { Batch } from './batch.js'
import { get, noop, type Command, type Item } from './command.js'
import { Connection } from './connection.js'
import type { MakeServer } from './memjs.js'
import type { RingMember } from './ring.js'

export interface LinkOptions {
  /** `host:port`. */
  readonly name: string
  readonly weight: number
  readonly makeServer: MakeServer
  /** How long opening a connection may take, in milliseconds. */
  readonly connectMs: number
}

/**
 * The way to one server: a connection that opens at first use and again after a fault, a circuit, and the requests of
 * the present tick.
 *
 * What is asked within a tick goes out as one write, once everything that was ready to run has run. A request that
 * cannot be sent, because the circuit is open, has failed when it is made.
 */
export class Link implements RingMember {
  readonly name: string
  readonly weight: number
  /** The namespace's version as last seen on this server. */
  lastSpace: Version | undefined
  readonly #options: LinkOptions
  readonly #deadlines: Deadlines
  readonly #context: StoreContext
  readonly #circuit: Circuit
  #gathering: Batch | undefined
  #connection: Connection | undefined
  /** What callers are told while the circuit is not closed; one for all of them. */
  #refusal: Error | undefined

  constructor(options: LinkOptions, deadlines: Deadlines, context: StoreContext) {
    this.name = options.name
    this.weight = options.weight
    this.#options = options
    this.#deadlines = deadlines
    this.#context = context
    this.#circuit = new Circuit({
      clock: context.clock,
      random: context.random,
      probe: () => this.#probe(),
      onChange: (state, reason) => {
        this.#refusal = state === 'closed' ? undefined : this.#unavailable(reason)
      },
    })
  }

  /** The connection that a command will be sent on, if it is there already. */
  get connection(): object | undefined {
    return this.#connection
  }

  get health(): ServerHealth {
    return { server: this.name, circuit: this.#circuit.state }
  }

  /** Asks for an item; all who read it in this tick share the request. */
  read(key: string): Command {
    return this.#own(this.#refusal === undefined ? this.#batch().read(key) : this.#refuse(get(key)))
  }

  /** Asks for a record, which is `item` if there is none yet; all who note it in this tick share the request. */
  note(key: string, item: () => Item): Command {
    return this.#own(
      this.#refusal === undefined ? this.#batch().note(key, item) : this.#refuse(get(key)),
    )
  }

  send(command: Command): Command {
    return this.#own(
      this.#refusal === undefined ? this.#batch().push(command) : this.#refuse(command),
    )
  }

  /** Runs `task` when everything asked so far in this tick is answered or failed: now, if nothing is left to wait for. */
  whenSettled(task: () => void): void {
    if (this.#gathering === undefined) task()
    else this.#gathering.whenSettled(task)
  }

  /** Resolves when what has been asked by now is answered or failed. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#connection !== undefined) this.send(noop())
      this.whenSettled(resolve)
    })
  }

  /** Ends the connection and the probing, for good. What waits for an answer fails. */
  async end(): Promise<void> {
    this.#circuit.end()
    this.#refusal = new CacheError('CACHE_CLOSED', `memcached ${this.name}: the cache was closed`)
    const connection = this.#connection
    connection?.end(this.#refusal)
    await connection?.gone
  }

  #batch(): Batch {
    if (this.#gathering === undefined) {
      this.#gathering = new Batch()
      queueMicrotask(this.#afterMicrotasks)
    }
    return this.#gathering
  }

  #own(command: Command): Command {
    command.server = this.name
    return command
  }

  #refuse(command: Command): Command {
    command.failure = this.#refusal
    return command
  }

  /** Microtasks run until there are none left, then what is due on the next tick: so all of this tick is gathered. */
  readonly #afterMicrotasks = (): void => process.nextTick(this.#flush)

  readonly #flush = (): void => {
    const batch = this.#gathering
    this.#gathering = undefined
    if (batch === undefined) return
    if (this.#refusal === undefined) this.#connected().send(batch)
    else batch.fail(this.#refusal)
  }

  #connected(): Connection {
    return (this.#connection ??= this.#connect())
  }

  #connect(): Connection {
    const lost = (reason: Error): Error => {
      const failure = this.#unavailable(reason)
      this.#circuit.lost(failure)
      return failure
    }
    const connection = new Connection({
      ...this.#options,
      deadlines: this.#deadlines,
      clock: this.#context.clock,
      owner: {
        ended: (reason, inUse) => {
          if (this.#connection === connection) this.#connection = undefined
          // A connection that was idle when it ended is nobody's failure: the next request opens another.
          return inUse ? lost(reason) : this.#unavailable(reason)
        },
        late: lost,
      },
    })
    return connection
  }

  #probe(): Promise<void> {
    return new Promise((resolve, reject) => {
      const batch = new Batch()
      const command = batch.push(noop())
      batch.whenSettled(() => {
        if (command.failure === undefined) resolve()
        else reject(command.failure)
      })
      this.#connected().send(batch)
    })
  }

  #unavailable(reason: Error | undefined): Error {
    if (reason instanceof CacheError) return reason
    const why = reason?.message ?? 'it is not answering'
    return new CacheError('CACHE_STORE_UNAVAILABLE', `memcached ${this.name}: ${why}`, {
      cause: reason,
    })
  }
}
