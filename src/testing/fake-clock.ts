import type { Cancel, Clock } from '../base/clock.js'

interface Timer {
  readonly at: number
  readonly order: number
  readonly task: () => void
}

/**
 * A clock that a test moves. `advance` runs the timers that come due, in their order, and lets promises settle between them.
 */
export class FakeClock implements Clock {
  #now: number
  #order = 0
  readonly #timers = new Set<Timer>()

  /** @param now Where it starts, ms since the epoch. Default: the beginning of 2026. */
  constructor(now: number = Date.UTC(2026, 0, 1)) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  after(ms: number, task: () => void): Cancel {
    const timer: Timer = { at: this.#now + ms, order: ++this.#order, task }
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
    }
  }

  /** Timers that have not run. */
  get pending(): number {
    return this.#timers.size
  }

  /** Moves time on by `ms`, running what comes due on the way. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await settle()
    for (;;) {
      const next = this.#next(until)
      if (next === undefined) break
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.task()
      await settle()
    }
    this.#now = until
    await settle()
  }

  #next(until: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at > until) continue
      if (
        first === undefined ||
        timer.at < first.at ||
        (timer.at === first.at && timer.order < first.order)
      ) {
        first = timer
      }
    }
    return first
  }
}

/** Lets promises and ticks that are due run: what follows without time passing. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}
