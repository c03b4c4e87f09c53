/**
 * Time as this process lives it, for tests that something takes no longer than it may.
 *
 * A machine with more to do than it can keeps a process waiting for the processor, for hundreds of milliseconds at a time. None of that is what
 * the tests bound, and a bound that leaves room for it bounds nothing. So a beat runs every few milliseconds, and of the time between two beats
 * no more counts than two of them should take, or than this process spent computing: a wait for an answer or a timer counts in full, as does work
 * that holds up everything else, but time in which the process was not given the processor does not. `Deadlines` in `src/store` counts likewise.
 */

const BEAT_MS = 5

/** Adds up what counts of the time since it was last asked, and answers the sum. */
export function awakeTime(nowMs: () => number, computedMs: () => number): () => number {
  let sum = 0
  let [now, computed] = [nowMs(), computedMs()]
  return () => {
    const before = { now, computed }
    now = nowMs()
    computed = computedMs()
    sum += Math.min(now - before.now, Math.max(2 * BEAT_MS, computed - before.computed))
    return sum
  }
}

/** Milliseconds for which this process has been awake, to be compared with an earlier answer: `performance.now()` on a machine with nothing else to do. */
export const awakeMs: () => number = awakeTime(
  () => performance.now(),
  () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000
  },
)

setInterval(awakeMs, BEAT_MS).unref()
