import type { IncomingMessage } from 'node:http'
import { runInScope } from '../cache/scope.js'
import { stopFilling } from './fill-holes.js'
import type { Attempt } from './run.js'
import type { Shared, Visit } from './visit.js'

/**
 * Two page caches on one way: one in front of the application, and one at a route, with options of its own. The route knows its
 * pages best. So when a request that the one in front lets through arrives at the other, that one says that the URL is its
 * own from now on, and what the one in front has begun for this request is ended before it can keep anything.
 */
export interface Passage {
  /** The page cache in front. */
  readonly by: Shared
  /** The target and the host as they arrived. */
  readonly target: string
  readonly host: string | undefined
  /** The target that the application was shown instead, if it was. */
  shown: string | undefined
  /** Says that a route keeps the pages of this URL. */
  readonly claim: (owner: Shared) => void
  /** Ends what has begun for the request, if it can be ended; resolves when nothing of it is left. */
  leave: (() => Promise<void> | undefined) | undefined
}

const passages = new WeakMap<IncomingMessage, Passage>()

/** Notes a request that goes on from the front to the application. */
export function notePassage(request: IncomingMessage, passage: Passage): void {
  passages.set(request, passage)
}

/** Lets a route that the handler's run leads to take the visit over; what has begun here is over when `over` resolves. */
export function offerToRoute(
  { passage, response }: Visit,
  attempt: Attempt,
  over: Promise<void>,
): void {
  if (passage === undefined) return
  passage.leave = () => {
    if (attempt.capture?.leave() !== true) return undefined
    attempt.left = true
    stopFilling(response)
    return over
  }
}

/**
 * Takes a visit over from the page cache in front. True when there is one; `goOn` is then called, at once or when that one has
 * ended what it had begun, with the visit as it would have been without it.
 */
export function takesOver(shared: Shared, visit: Visit, goOn: (visit: Visit) => void): boolean {
  const { request } = visit
  const passage = passages.get(request)
  if (passage === undefined || passage.by === shared) return false
  passages.delete(request)
  const proceed = (): void => {
    const target = visit.target ?? request.url
    const arrived = target === passage.target || target === passage.shown
    if (!arrived) {
      goOn(visit)
      return
    }
    if (target !== passage.target) visit.narrow?.(passage.target)
    const reads = request.method === 'GET' || request.method === 'HEAD'
    if (reads && request.headers.host === passage.host) passage.claim(shared)
    goOn({ ...visit, target: passage.target })
  }
  const left = passage.leave?.()
  if (left === undefined) proceed()
  else void left.then(() => runInScope(undefined, proceed))
  return true
}
