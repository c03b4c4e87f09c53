import type { Cancel, Clock } from '../base/clock.js'

/**
 * One deadline for every operation of a client, kept by one timer.
 *
 * Operations stand in a list in the order they began, so the first is always the next to be late. A sweep runs
 * every tick while the list holds anything and tells those whose time has come. An operation that ends in time
 * takes itself out of the list: nothing it holds is kept alive until its deadline.
 *
 * Time is counted in ticks that ran, not in milliseconds that passed. A process that was itself busy or stopped
 * for a second has answers waiting in its sockets, and timers run before sockets are read; counted in ticks, that
 * second is one tick, and the servers are not blamed for it.
 */

/** Something that waits for an answer. */
export interface Expiring {
  /** Called once, when no answer came in time. Must not throw. */
  expire(): void
}

/** An operation's place in the list. */
export interface Deadline {
  /** The operation ended: it will not be told to expire. Again, or after it expired, does nothing. */
  end(): void
}

/** How far a deadline may be off, in milliseconds. */
const TICK_MS = 25

class Waiting implements Deadline {
  operation: Expiring | undefined
  readonly dueTick: number
  readonly list: Deadlines
  before: Waiting | undefined
  after: Waiting | undefined

  constructor(list: Deadlines, operation: Expiring, dueTick: number, before: Waiting | undefined) {
    this.list = list
    this.operation = operation
    this.dueTick = dueTick
    this.before = before
    this.after = undefined
  }

  end(): void {
    if (this.operation === undefined) return
    this.operation = undefined
    this.list.remove(this)
  }
}

/** The deadlines of one client. Costs an object per operation and, while anything runs, one timer. */
export class Deadlines {
  /** How long an operation may take, in milliseconds: it expires after this and up to 25 ms later. */
  readonly limitMs: number
  readonly #clock: Clock
  readonly #ticks: number
  #tick = 0
  #size = 0
  #first: Waiting | undefined
  #last: Waiting | undefined
  #cancel: Cancel | undefined

  constructor(clock: Clock, limitMs: number) {
    this.limitMs = limitMs
    this.#clock = clock
    // An operation begins anywhere within a tick, so one more than the quotient.
    this.#ticks = Math.ceil(limitMs / TICK_MS) + 1
  }

  /** How many operations wait. */
  get size(): number {
    return this.#size
  }

  start(operation: Expiring): Deadline {
    const waiting = new Waiting(this, operation, this.#tick + this.#ticks, this.#last)
    if (this.#last === undefined) this.#first = waiting
    else this.#last.after = waiting
    this.#last = waiting
    this.#size++
    // The timer is left running for one idle tick, so that a lone caller does not start one per operation.
    this.#cancel ??= this.#clock.after(TICK_MS, this.#sweep)
    return waiting
  }

  /** Expires all that wait, at once, and ends the timer. */
  close(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#expire(Infinity)
  }

  /** For `Waiting.end` only. */
  remove(waiting: Waiting): void {
    const { before, after } = waiting
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
    waiting.before = undefined
    waiting.after = undefined
    this.#size--
  }

  readonly #sweep = (): void => {
    this.#cancel = undefined
    this.#tick++
    const idle = this.#first === undefined
    this.#expire(this.#tick)
    if (!idle) this.#cancel ??= this.#clock.after(TICK_MS, this.#sweep)
  }

  #expire(tick: number): void {
    let first: Waiting | undefined
    while ((first = this.#first) !== undefined && first.dueTick <= tick) {
      const { operation } = first
      first.end()
      operation?.expire()
    }
  }
}
