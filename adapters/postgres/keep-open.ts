import type { Clock } from '../../src/base/clock.js'
import { CacheError } from '../../src/base/errors.js'
import type { Random } from '../../src/base/random.js'

/** Something that was opened and may be lost. */
export interface Held {
  /** Resolves with the reason when it is lost. */
  readonly lost: Promise<unknown>
  /** Lets go of it; never rejects. */
  close(): Promise<void>
}

export interface KeepOpenOptions {
  /**
   * Opens it, all the way to its use; whatever it opened before it rejects it has closed. The signal aborts when it is not wanted any
   * more.
   */
  readonly open: (signal: AbortSignal) => Promise<Held>
  /** It was lost, or could not be opened. */
  readonly onDown: (reason: unknown) => void
  /** The longest wait between two attempts, ms. */
  readonly retryAtMostMs: number
  readonly clock: Clock
  readonly random: Random
}

export interface KeptOpen {
  /** Resolves when it is open for the first time; rejects when it can never be, for want of a package. */
  readonly ready: Promise<void>
  close(): Promise<void>
}

const FIRST_WAIT_MS = 100

/** Opens something, and opens it again whenever it is lost, with a growing and irregular wait between attempts, until it is closed. */
export function keepOpen(options: KeepOpenOptions): KeptOpen {
  const { open, onDown, retryAtMostMs, clock, random } = options
  const ready = Promise.withResolvers<void>()
  const closing = Promise.withResolvers<void>()
  const ending = new AbortController()
  ready.promise.catch(() => {})
  const state = { closed: false }
  let waitMs = FIRST_WAIT_MS

  async function run(): Promise<void> {
    while (!state.closed) {
      const begunAt = clock.now()
      const reason = await hold()
      if (state.closed) return
      onDown(reason)
      if (reason instanceof CacheError && reason.code === 'CACHE_PEER_MISSING') {
        ready.reject(reason)
        return
      }
      // What lasted is opened again at once; what fails at each attempt is asked less and less often.
      if (clock.now() - begunAt > retryAtMostMs) waitMs = FIRST_WAIT_MS
      await pause(Math.min(waitMs, retryAtMostMs) * (0.5 + random.fraction() / 2))
      waitMs = Math.min(waitMs * 2, retryAtMostMs)
    }
  }

  /** One attempt and the life that follows; why it ended. */
  async function hold(): Promise<unknown> {
    try {
      const held = await open(ending.signal)
      ready.resolve()
      const reason = await Promise.race([held.lost, closing.promise])
      await held.close()
      return reason
    } catch (error) {
      return error
    }
  }

  async function pause(ms: number): Promise<void> {
    const passed = Promise.withResolvers<void>()
    const cancel = clock.after(ms, passed.resolve)
    await Promise.race([passed.promise, closing.promise])
    cancel()
  }

  const running = run()
  return {
    ready: ready.promise,
    async close() {
      state.closed = true
      closing.resolve()
      ending.abort()
      await running
    },
  }
}
