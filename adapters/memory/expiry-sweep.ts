import type { Cancel, Clock } from '../../src/base/clock.js'

/** Expired entries may stay this long: a pass reads every moment, so passes keep a distance. */
const GAP_MS = 1_000
/** Between two steps other work of the process has its turn. */
const STEP_GAP_MS = 1

/** One step of a pass: how much is left to do, and when to come back. */
export interface SweepStep {
  /** Whether the pass is at its end. */
  readonly done: boolean
  /** The soonest moment at which one of the entries that this step has looked at, and that stay, expires. */
  readonly soonest: number
}

/**
 * Says when to look for expired entries: in passes of short steps, never before something has expired, about a second
 * apart. A timer exists only while something will expire, and never keeps the process alive.
 */
export class ExpirySweep {
  readonly #clock: Clock
  readonly #step: (now: number, first: boolean) => SweepStep
  #cancel: Cancel | undefined
  #armedFor = Infinity
  #soonest = Infinity
  #passing = false
  #notBefore = 0

  /** @param step removes some expired entries; `first` begins a pass anew */
  constructor(clock: Clock, step: (now: number, first: boolean) => SweepStep) {
    this.#clock = clock
    this.#step = step
  }

  /** An entry will expire then. */
  expect(at: number): void {
    if (at >= this.#soonest) return
    this.#soonest = at
    if (!this.#passing) this.#arm()
  }

  /** Nothing will expire any more. */
  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#armedFor = Infinity
    this.#soonest = Infinity
    this.#passing = false
  }

  #arm(): void {
    if (this.#soonest === Infinity) return
    const now = this.#clock.now()
    // A clock that was set back has not yet come to where the last pass was.
    const due = Math.max(this.#soonest, Math.min(this.#notBefore, now + GAP_MS))
    if (this.#armedFor <= due + GAP_MS) return
    this.#after(Math.max(STEP_GAP_MS, due - now))
    this.#armedFor = due
  }

  #after(ms: number): void {
    this.#cancel?.()
    this.#cancel = this.#clock.after(ms, () => this.#run())
  }

  #run(): void {
    this.#cancel = undefined
    this.#armedFor = Infinity
    const now = this.#clock.now()
    const first = !this.#passing
    if (first) {
      if (this.#soonest > now) return this.#arm()
      this.#passing = true
      this.#soonest = Infinity
    }
    this.#notBefore = now + GAP_MS
    const { done, soonest } = this.#step(now, first)
    if (!this.#passing) return
    if (soonest < this.#soonest) this.#soonest = soonest
    if (!done) return this.#after(STEP_GAP_MS)
    this.#passing = false
    this.#arm()
  }
}
