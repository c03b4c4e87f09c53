import type { Clock } from '../../src/base/clock.js'

/** The promise, or a rejection when it has not settled after `ms`: for servers that are there and say nothing. */
export function within<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(new Error(`no answer within ${ms} ms`)))
    promise.then(resolve, reject).finally(cancel)
  })
}
