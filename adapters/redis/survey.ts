import type { Cancel, Clock } from '../../src/base/clock.js'
import type { NatMap } from './client.js'
import type { Link } from './link.js'
import type { Address } from './target.js'
import { askForView, type View } from './topology.js'

/** How long one node is waited for before the next one is asked as well. */
const NEXT_NODE_MS = 50

/**
 * Asks one node after the other, the next one when the last takes its time, until one answers that knows as much as
 * we do; else the best answer, once there are no more to come.
 *
 * A node that stood still while its replica was promoted goes on for a moment as the master it was. Its view would
 * lead reads back to it, past what has been invalidated at its successor since.
 */
export function survey(
  nodes: Iterable<{ readonly link: Link; readonly address: Address }>,
  knownEpoch: number,
  natMap: NatMap | undefined,
  clock: Clock,
): Promise<View | undefined> {
  const queue = nodes[Symbol.iterator]()
  return new Promise((resolve) => {
    let running = 0
    let cancel: Cancel | undefined
    let best: View | undefined
    let done = false
    const next = () => {
      cancel?.()
      const asked = done ? undefined : queue.next()
      if (asked === undefined || asked.done) return running === 0 ? resolve(best) : undefined
      const { link, address } = asked.value
      running++
      cancel = clock.after(NEXT_NODE_MS, next)
      const failed = () => {
        running--
        next()
      }
      askForView(link, address.host, natMap).then((view) => {
        if (best === undefined || view.epoch > best.epoch) best = view
        if (view.epoch < knownEpoch) return failed()
        done = true
        cancel?.()
        resolve(view)
      }, failed)
    }
    next()
  })
}
