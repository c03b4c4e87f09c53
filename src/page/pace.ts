import type { ServerResponse } from 'node:http'

/** How long a visitor may take to read before the making of the page no longer waits for them, ms. */
const PATIENCE_MS = 1_000

/** How fast a handler may write. */
export interface Pace {
  /** What `write` is to return: false when the handler is to wait for `'drain'`. */
  of(flows: boolean): boolean
  /** Nothing waits any more. */
  stop(): void
}

/**
 * Back-pressure of a response that is taken down while it goes out.
 *
 * The visitor it goes out to sets the pace, as without a cache. But others wait for the page too, and must not wait for one who
 * does not read: after a second without `'drain'` the handler goes on as fast as it can. What it writes then stays in memory, for
 * as long as `taken` says that it does so anyway, so `maxBytes` bounds it; beyond that the visitor sets the pace again.
 */
export function createPace(
  response: ServerResponse,
  after: (ms: number, run: () => void) => () => void,
  taken: () => boolean,
): Pace {
  let impatient = false
  let cancel: (() => void) | undefined
  const stop = (): void => {
    cancel?.()
    cancel = undefined
    response.off('drain', stop)
  }
  const goOn = (): void => {
    stop()
    if (!taken()) return
    impatient = true
    response.emit('drain')
  }
  return {
    of(flows) {
      if (flows || !taken()) return flows
      if (impatient) return true
      if (cancel === undefined) {
        cancel = after(PATIENCE_MS, goOn)
        response.once('drain', stop)
      }
      return false
    },
    stop,
  }
}
