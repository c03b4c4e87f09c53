import type { Clock } from '../../src/base/clock.js'

/** A clock that stands still until the test moves it; timers that fall due run in order, one at a time. */
export class MovedClock implements Clock {
  #now: number
  #timers: { at: number; task: () => void }[] = []

  constructor(now = 1_700_000_000_000) {
    this.#now = now
  }

  /** Number of timers that wait. */
  get waiting(): number {
    return this.#timers.length
  }

  now(): number {
    return this.#now
  }

  after(ms: number, task: () => void): () => void {
    const timer = { at: this.#now + ms, task }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Moves time to the next timer and runs it; false when there is none up to `until`. */
  next(until = Infinity): boolean {
    let due: { at: number; task: () => void } | undefined
    for (const timer of this.#timers) if (!due || timer.at < due.at) due = timer
    if (!due || due.at > until) return false
    this.#timers = this.#timers.filter((timer) => timer !== due)
    this.#now = Math.max(this.#now, due.at)
    due.task()
    return true
  }

  /** Moves time on, running what falls due. */
  pass(ms: number): void {
    const until = this.#now + ms
    while (this.next(until));
    this.#now = until
  }
}
