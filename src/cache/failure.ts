import { CacheError } from '../base/errors.js'
import { type Answer, type AtHand, ofStore, stale } from './answer.js'
import { type Core, report } from './core.js'
import type { Load } from './load.js'
import type { Policy } from './options.js'
import type { Reading } from './reading.js'

/** A load that nobody waits for: its failure is an event, and the loader is left alone for a while. */
export function watchBackground(core: Core, load: Load, policy: Policy): void {
  load.done.catch((error: unknown) => {
    backOff(core, load.key, policy)
    report(core, error, 'refresh', { key: load.key })
  })
}

/** After a failed load the loader is left alone for a while, longer each time, as long as stale can be served. */
function backOff(core: Core, key: string, policy: Policy): void {
  const before = core.backoffs.get(key)
  const ms = before === undefined ? policy.errorBackoffMs : Math.min(before.ms * 2, 30_000)
  core.backoffs.set(key, { until: core.clock.now() + ms, ms })
}

/** A failed load is covered by something stale, where the caller allows it; the failure is an event then. */
export async function coverFailure(
  core: Core,
  { key, policy, signal }: Reading,
  load: Load,
  error: unknown,
  atHand: AtHand | undefined,
): Promise<Answer | undefined> {
  if (signal?.aborted === true) return undefined
  if (error instanceof CacheError && error.code !== 'CACHE_TIMEOUT') return undefined
  const covering = atHand ?? (load.stale && ofStore(core, load.stale))
  const now = core.clock.now()
  if (covering === undefined || now >= covering.freshUntil + policy.staleIfErrorMs) return undefined
  if (now >= covering.staleUntil) return undefined
  backOff(core, key, policy)
  report(core, error, 'load', { key })
  return stale(core, key, covering, 'error')
}
