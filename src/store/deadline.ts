import type { Cancel, Clock } from '../base/clock.js'

/**
 * One deadline for every operation of a client, kept by one timer.
 *
 * Operations stand in a list in the order they began, so the first is always the next to be late. A sweep runs
 * every tick while the list holds anything and tells those whose time has come. An operation that ends in time
 * takes itself out of the list: nothing it holds is kept alive until its deadline.
 *
 * Between two sweeps, no more than two ticks count, however much time has passed. A process that was itself busy or
 * stopped for a second has answers waiting in its sockets, and timers run before sockets are read; that second is
 * 50 ms here, and the servers are not blamed for it.
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
  readonly dueMs: number
  readonly list: Deadlines
  before: Waiting | undefined
  after: Waiting | undefined

  constructor(list: Deadlines, operation: Expiring, dueMs: number, before: Waiting | undefined) {
    this.list = list
    this.operation = operation
    this.dueMs = dueMs
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
  /** The time that counts, in milliseconds, and the clock's at the last sweep. */
  #elapsedMs = 0
  #sweptAt = 0
  #size = 0
  #first: Waiting | undefined
  #last: Waiting | undefined
  #cancel: Cancel | undefined
  #idle: PromiseWithResolvers<void> | undefined

  constructor(clock: Clock, limitMs: number) {
    this.limitMs = limitMs
    this.#clock = clock
  }

  /** How many operations wait. */
  get size(): number {
    return this.#size
  }

  /** Resolves when nothing waits any more. */
  idle(): Promise<void> {
    if (this.#size === 0) return Promise.resolve()
    this.#idle ??= Promise.withResolvers<void>()
    return this.#idle.promise
  }

  start(operation: Expiring): Deadline {
    // It begins somewhere within a tick, of which what is left does not count for it.
    const dueMs = this.#elapsedMs + this.limitMs + TICK_MS
    const waiting = new Waiting(this, operation, dueMs, this.#last)
    if (this.#last === undefined) this.#first = waiting
    else this.#last.after = waiting
    this.#last = waiting
    this.#size++
    // The timer is left running for one idle tick, so that a lone caller does not start one per operation.
    if (this.#cancel === undefined) this.#schedule()
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
    if (--this.#size > 0) return
    this.#idle?.resolve()
    this.#idle = undefined
  }

  #schedule(): void {
    this.#sweptAt = this.#clock.now()
    this.#cancel = this.#clock.after(TICK_MS, this.#sweep)
  }

  readonly #sweep = (): void => {
    this.#cancel = undefined
    const passedMs = this.#clock.now() - this.#sweptAt
    this.#elapsedMs += Math.min(Math.max(passedMs, TICK_MS), 2 * TICK_MS)
    const idle = this.#first === undefined
    this.#expire(this.#elapsedMs)
    if (!idle && this.#cancel === undefined) this.#schedule()
  }

  #expire(elapsedMs: number): void {
    let first: Waiting | undefined
    while ((first = this.#first) !== undefined && first.dueMs <= elapsedMs) {
      const { operation } = first
      first.end()
      operation?.expire()
    }
  }
}
