import type { Cancel, Clock } from '../base/clock.js'
import type { Random } from '../base/random.js'

/**
 * Keeps callers away from a server that does not answer, and finds out by itself when it answers again.
 *
 * Closed, commands are sent. It opens after some failures in a row, or at once when the connection is lost; then
 * nobody waits for this server. After a while it is half open: a probe of our own, never a caller's command, asks
 * the server. It closes when the probe succeeds, or waits longer and probes again. Callers therefore never pay for
 * finding out, and a server that comes back is met by one probe per process and not by a crowd.
 *
 * The states are those of Michael Nygard's circuit breaker ("Release It!"); the random part of the wait keeps
 * processes that lost a server together from probing it together.
 */

export type CircuitState = 'closed' | 'open' | 'half-open'

export interface CircuitOptions {
  readonly clock: Clock
  readonly random: Random
  /** Asks the server, within a bounded time: resolves when commands may be sent again. */
  readonly probe: () => Promise<void>
  /** Told of each change, with the error that opened it. */
  readonly onChange?: (state: CircuitState, reason: Error | undefined) => void
  /** How many failures in a row open it. Default: 3. */
  readonly failures?: number
  /** The wait before the first probe, in milliseconds; doubled after each that fails. Default: 100. */
  readonly minWaitMs?: number
  /** The longest wait between two probes, in milliseconds. Default: 2,000. */
  readonly maxWaitMs?: number
}

/** The circuit of one server. Its timer never keeps the process alive. */
export class Circuit {
  readonly #clock: Clock
  readonly #random: Random
  readonly #probe: () => Promise<void>
  readonly #onChange: ((state: CircuitState, reason: Error | undefined) => void) | undefined
  readonly #limit: number
  readonly #minWaitMs: number
  readonly #maxWaitMs: number
  #state: CircuitState = 'closed'
  #reason: Error | undefined
  #failures = 0
  #waitMs = 0
  #cancel: Cancel | undefined
  #ended = false

  constructor(options: CircuitOptions) {
    this.#clock = options.clock
    this.#random = options.random
    this.#probe = options.probe
    this.#onChange = options.onChange
    this.#limit = options.failures ?? 3
    this.#minWaitMs = options.minWaitMs ?? 100
    this.#maxWaitMs = options.maxWaitMs ?? 2_000
  }

  get state(): CircuitState {
    return this.#state
  }

  /** True when a command may be sent: the one thing a command asks. */
  get closed(): boolean {
    return this.#state === 'closed'
  }

  /** What opened it; undefined while closed. */
  get reason(): Error | undefined {
    return this.#reason
  }

  /** A command was answered. Heeded only while closed: an answer that comes late does not close it, a probe does. */
  succeeded(): void {
    this.#failures = 0
  }

  /** A command was not answered in time, or not in a way that a healthy server answers. */
  failed(reason: Error): void {
    if (this.#state === 'closed' && ++this.#failures >= this.#limit) this.#open(reason)
  }

  /** The connection was lost or refused: opens at once. */
  lost(reason: Error): void {
    if (this.#state === 'closed') this.#open(reason)
  }

  /** Ends probing for good; the state stays. */
  end(): void {
    this.#ended = true
    this.#cancel?.()
    this.#cancel = undefined
  }

  #open(reason: Error): void {
    this.#reason = reason
    this.#waitMs = this.#minWaitMs
    this.#change('open')
    this.#wait()
  }

  #wait(): void {
    if (this.#ended) return
    // Between half of the wait and the whole of it.
    const waitMs = this.#waitMs * (0.5 + this.#random.fraction() / 2)
    this.#waitMs = Math.min(this.#waitMs * 2, this.#maxWaitMs)
    this.#cancel = this.#clock.after(waitMs, () => {
      this.#change('half-open')
      void this.#ask()
    })
  }

  async #ask(): Promise<void> {
    try {
      await this.#probe()
    } catch (error) {
      if (this.#ended) return
      this.#reason = error instanceof Error ? error : new Error(String(error))
      this.#change('open')
      this.#wait()
      return
    }
    if (this.#ended) return
    this.#failures = 0
    this.#reason = undefined
    this.#change('closed')
  }

  #change(state: CircuitState): void {
    this.#state = state
    this.#onChange?.(state, this.#reason)
  }
}
