import { assertOpen, type Core } from './core.js'
import { follow } from './follow.js'

const FIRST_UP_MS = 250

const uses = new WeakMap<Core, Promise<void>>()
const ready = Promise.resolve()

/**
 * Called by every operation that goes beyond process memory. At the first one the cache begins to listen to the other
 * processes, and waits until it hears them (bounded), so that process memory is of use from the first fill on.
 */
export function useCore(core: Core): Promise<void> {
  assertOpen(core)
  if (core.bus === undefined || core.near === undefined) return ready
  let first = uses.get(core)
  if (first === undefined) {
    first = new Promise((resolve) => {
      const cancel = core.clock.after(FIRST_UP_MS, resolve)
      follow(core, () => {
        cancel()
        resolve()
      })
    })
    void first.then(() => uses.set(core, ready))
    uses.set(core, first)
  }
  return first
}

/** True when there is nothing to wait for: those who are many need not wait for a promise that is kept. */
export function isReady(use: Promise<void>): boolean {
  return use === ready
}
