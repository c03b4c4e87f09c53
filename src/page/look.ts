import type { Core } from '../cache/core.js'
import { lookupShared } from '../cache/read.js'
import type { PageSettings } from './options.js'
import { policyFor } from './policy.js'
import type { Kept } from './stored-page.js'

/** What is kept under a key. */
export interface Found {
  readonly kept: Kept
  readonly fresh: boolean
}

/** What is kept under a key, fresh or stale; the value is never changed, so it is not copied. */
export async function look(
  core: Core,
  key: string,
  settings: PageSettings,
): Promise<Found | undefined> {
  const entry = core.near !== undefined && core.trusted ? core.near.get(key) : undefined
  const now = core.clock.now()
  if (entry !== undefined && now < entry.freshUntil) {
    return { kept: entry.value as Kept, fresh: true }
  }
  if (core.remotes.length === 0) {
    if (entry === undefined || now >= entry.staleUntil) return undefined
    return { kept: entry.value as Kept, fresh: false }
  }
  const { atHand } = await lookupShared(core, key, policyFor(core, settings, [], undefined))
  if (atHand === undefined || core.clock.now() >= atHand.staleUntil) return undefined
  const kept = (await atHand.value()) as Kept
  return { kept, fresh: core.clock.now() < atHand.freshUntil }
}
