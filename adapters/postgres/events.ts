import { tell } from '../../src/base/listeners.js'
import type { TableChange } from '../../src/query/index.js'

/** What a listener tells of itself. */
export type OutsideEvent =
  /** Changes are heard from now on, and whatever was missed before has been invalidated. */
  | { readonly type: 'up' }
  /** Changes may be missed from now on, until `up`. */
  | { readonly type: 'down'; readonly error: unknown }
  /** These were heard, and what they touch has been invalidated; `ms` is how long that took. */
  | { readonly type: 'changed'; readonly changes: readonly TableChange[]; readonly ms: number }
  /** Everything was invalidated, and why. */
  | { readonly type: 'changed-all'; readonly reason: string }
  /** A notification on the channel that is not of our triggers. */
  | { readonly type: 'unreadable'; readonly payload: string }
  /** Tables that have no triggers, or are not in the publication: nobody hears of writes to them. */
  | { readonly type: 'unwatched'; readonly tables: readonly string[] }
  /** Something failed that is tried again. */
  | { readonly type: 'error'; readonly error: unknown }

/** @internal A listener of events that throws disturbs nothing: its error is thrown on its own, later. */
export function teller(
  onEvent: ((event: OutsideEvent) => void) | undefined,
): (event: OutsideEvent) => void {
  return (event) => {
    if (onEvent !== undefined) tell(onEvent, event)
  }
}
