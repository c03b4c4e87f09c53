import type { IncomingMessage, ServerResponse } from 'node:http'
import { runInScope } from '../cache/scope.js'
import { stopFilling } from './fill-holes.js'
import type { Attempt } from './run.js'
import type { Shared, Visit } from './visit.js'

/**
 * Two page caches on one way: one in front of the application, and one at a route, with options of its own. The route knows its
 * pages best. So when a request that the one in front lets through arrives at the other, that one says that the URL is its
 * own from now on, and what the one in front has begun for this request is ended before it can keep anything.
 *
 * A class, and found by a property of the request and not in a `WeakMap`, for the sake of the collector. A table that is old
 * holds its young values until the next full collection, whatever became of their keys; and V8 puts an object literal of a place
 * whose objects have lived long among the old ones at once, where what is written into it later is held in the same way. Either
 * made each request in front, all 8 kB of it, outlive the collection that was to free it: that took 60 to 120 µs of each miss.
 */
export class Passage {
  /** The page cache in front. */
  readonly by: Shared
  /** The target and the host as they arrived. */
  readonly target: string
  readonly host: string | undefined
  /** The target that the application was shown instead, if it was. */
  shown: string | undefined = undefined
  readonly #claim: (owner: Shared, passage: Passage) => void
  #response: ServerResponse | undefined = undefined
  #attempt: Attempt | undefined = undefined
  #over: Promise<void> | undefined = undefined

  constructor(
    by: Shared,
    target: string,
    host: string | undefined,
    claim: (owner: Shared, passage: Passage) => void,
  ) {
    this.by = by
    this.target = target
    this.host = host
    this.#claim = claim
  }

  /** Says that a route keeps the pages of this URL. */
  claim(owner: Shared): void {
    this.#claim(owner, this)
  }

  /** Notes what has begun for the request, which can be ended as long as nothing of the response went out. */
  begun(response: ServerResponse, attempt: Attempt, over: Promise<void>): void {
    this.#response = response
    this.#attempt = attempt
    this.#over = over
  }

  /** Ends what has begun for the request, if it can be ended; resolves when nothing of it is left. */
  leave(): Promise<void> | undefined {
    const attempt = this.#attempt
    if (attempt?.capture?.leave() !== true) return undefined
    attempt.left = true
    stopFilling(this.#response!)
    return this.#over
  }
}

const PASSAGE = Symbol('keepfresh.passage')

interface Passing {
  [PASSAGE]?: Passage | undefined
}

/** Notes a request that goes on from the front to the application. */
export function notePassage(request: IncomingMessage, passage: Passage): void {
  ;(request as Passing)[PASSAGE] = passage
}

/** Lets a route that the handler's run leads to take the visit over; what has begun here is over when `over` resolves. */
export function offerToRoute(
  { passage, response }: Visit,
  attempt: Attempt,
  over: Promise<void>,
): void {
  passage?.begun(response, attempt, over)
}

/**
 * Takes a visit over from the page cache in front. True when there is one; `goOn` is then called, at once or when that one has
 * ended what it had begun, with the visit as it would have been without it.
 */
export function takesOver(shared: Shared, visit: Visit, goOn: (visit: Visit) => void): boolean {
  const { request } = visit
  const passing = request as Passing
  const passage = passing[PASSAGE]
  if (passage === undefined || passage.by === shared) return false
  passing[PASSAGE] = undefined
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
  const left = passage.leave()
  if (left === undefined) proceed()
  else void left.then(() => runInScope(undefined, proceed))
  return true
}
