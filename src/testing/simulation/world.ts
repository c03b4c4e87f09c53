import type { Cancel, Clock } from '../../base/clock.js'
import type { Random } from '../../base/random.js'

/**
 * A world in which everything that could happen next is a step, and somebody else chooses the order.
 *
 * A round trip to a store is two steps: the server does it, the answer arrives. A message on the bus is one step per listener, in
 * order. A loader that ends, a timer that fires, a fault that strikes: one step each. Between two steps all code that can run
 * without another step runs to its end, so a schedule (the list of choices) decides everything, and the same schedule gives the
 * same story.
 */
export interface Step {
  /** The process, or `server`, or `fault`. */
  readonly actor: string
  readonly label: string
  readonly run: () => void
}

/** Picks the next step: an index into `steps`. */
export type Choose = (steps: readonly Step[]) => number

interface Timer {
  readonly process: string
  readonly at: number
  readonly order: number
  readonly task: () => void
}

export class World {
  readonly #steps: Step[] = []
  readonly #timers: Timer[] = []
  readonly #histories = new Map<string, number>()
  /** What has happened, as a person reads it. */
  readonly story: string[] = []
  #now = Date.UTC(2026, 0, 1)
  #order = 0
  readonly #fused: ReadonlySet<string>
  /** How often time may pass although something else could happen. */
  #leaps: number

  /**
   * @param fused Processes for which an answer arrives in the step in which the server acts. Nothing is lost by that where nothing
   * but answers reaches a process: its next request is a step of its own, and may come as late as its answer might have.
   */
  constructor(leaps: number, fused: Iterable<string> = []) {
    this.#leaps = leaps
    this.#fused = new Set(fused)
  }

  now(): number {
    return this.#now
  }

  /** Adds a step that may be chosen from now on. Returns what takes it away. */
  add(step: Step): Cancel {
    this.#steps.push(step)
    return () => {
      const at = this.#steps.indexOf(step)
      if (at >= 0) this.#steps.splice(at, 1)
    }
  }

  /** A round trip: `execute` at the server is one step, its answer's arrival another. */
  roundTrip<T>(process: string, label: string, execute: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.add({
      actor: 'server',
      label: `${process}: ${label}`,
      run: () => {
        let answer: { readonly value: T } | { readonly error: unknown }
        try {
          answer = { value: execute() }
        } catch (error) {
          answer = { error }
        }
        const arrive = (): void => {
          this.remember(process, `${label} ${JSON.stringify(answer)}`)
          if ('value' in answer) resolve(answer.value)
          else reject(answer.error)
        }
        if (this.#fused.has(process)) arrive()
        else this.add({ actor: process, label: `answer to ${label}`, run: arrive })
      },
    })
    return promise
  }

  /** Something of a process's own that takes time: one step. */
  wait(process: string, label: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.add({
      actor: process,
      label,
      run: () => {
        this.remember(process, label)
        resolve()
      },
    })
    return promise
  }

  /** A process's clock: one time for all, timers that fire as steps. */
  clock(process: string): Clock {
    return {
      now: () => this.#now,
      after: (ms, task) => {
        const timer: Timer = { process, at: this.#now + ms, order: ++this.#order, task }
        this.#timers.push(timer)
        return () => {
          const at = this.#timers.indexOf(timer)
          if (at >= 0) this.#timers.splice(at, 1)
        }
      },
    }
  }

  /** A process's chance: the same at every run. */
  random(process: string): Random {
    let tokens = 0
    return {
      fraction: () => 0.5,
      token: () => `${process}#${(++tokens).toString().padStart(11 - process.length, '0')}`,
    }
  }

  /** Lets time pass without a timer. */
  pass(ms: number): void {
    this.#now += ms
  }

  /** Notes what a process has been told: with the servers' state, that decides all it will do. */
  remember(process: string, what: string): void {
    let hash = this.#histories.get(process) ?? 7
    for (let index = 0; index < what.length; index++) {
      hash = (Math.imul(hash, 31) + what.charCodeAt(index)) | 0
    }
    this.#histories.set(process, hash)
  }

  /** Everything that decides the future but the servers' state: two runs that agree here and there go on alike. */
  fingerprint(): string {
    return JSON.stringify([
      this.#now,
      [...this.#histories].toSorted(([a], [b]) => (a < b ? -1 : 1)),
      this.#steps.map(({ actor, label }) => `${actor} ${label}`).toSorted(),
    ])
  }

  /**
   * Runs steps in the order that `choose` says until nothing is left to do and `ended`, or `abandon` says stop.
   *
   * @throws {Error} when nothing can happen although the actors have not ended, or after `most` steps.
   */
  async run(
    choose: Choose,
    ended: () => boolean,
    abandon: () => boolean = () => false,
    most = 2_000,
  ): Promise<'ended' | 'abandoned'> {
    for (let count = 0; count < most; count++) {
      await settle()
      if (ended()) return 'ended'
      if (abandon()) return 'abandoned'
      const options = this.#options()
      if (options.length === 0)
        throw new Error(`nothing can happen any more:\n${this.story.join('\n')}`)
      const step = options[options.length === 1 ? 0 : choose(options)]!
      this.story.push(`${step.actor}: ${step.label}`)
      const at = this.#steps.indexOf(step)
      if (at >= 0) this.#steps.splice(at, 1)
      step.run()
    }
    throw new Error(`no end after ${most} steps:\n${this.story.slice(-60).join('\n')}`)
  }

  /** Runs every step that is left, first come first served, and no timer. */
  async drain(): Promise<void> {
    for (;;) {
      await settle()
      const step = this.#steps.shift()
      if (step === undefined) return
      this.story.push(`${step.actor}: ${step.label}`)
      step.run()
    }
  }

  #options(): readonly Step[] {
    const timer = this.#firstTimer()
    if (timer === undefined || (this.#steps.length > 0 && this.#leaps <= 0)) return [...this.#steps]
    const leap: Step = {
      actor: timer.process,
      label: `timer after ${timer.at - this.#now} ms`,
      run: () => {
        if (this.#steps.length > 0) this.#leaps--
        this.#timers.splice(this.#timers.indexOf(timer), 1)
        this.#now = Math.max(this.#now, timer.at)
        this.remember(timer.process, 'timer')
        timer.task()
      },
    }
    return [...this.#steps, leap]
  }

  #firstTimer(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
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

/** Lets everything run that needs no step: promises and ticks. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
