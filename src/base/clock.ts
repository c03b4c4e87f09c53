/** Cancels a timer; calling it again, or after the timer has run, does nothing. */
export type Cancel = () => void

/** Where time comes from, so that tests move it and never wait. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Runs `task` once, `ms` milliseconds from now. The timer never keeps the process alive. */
  after(ms: number, task: () => void): Cancel
}

const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, Math.min(ms, MAX_TIMEOUT_MS))
    timer.unref()
    return () => clearTimeout(timer)
  },
}
