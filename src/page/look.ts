import { dropKeys } from '../cache/change.js'
import type { Core } from '../cache/core.js'
import { lookupShared } from '../cache/shared-lookup.js'
import type { PageSettings } from './options.js'
import { policyFor } from './policy.js'
import { isSound } from './sound.js'
import type { Kept } from './stored-page.js'

/** What is kept under a key. */
export interface Found {
  readonly kept: Kept
  readonly fresh: boolean
}

/**
 * What is kept under a key, fresh or stale; the value is never changed, so it is not copied. What is no page is dropped, and
 * there is nothing.
 */
export async function look(
  core: Core,
  key: string,
  settings: PageSettings,
): Promise<Found | undefined> {
  const found = await inStores(core, key, settings)
  if (found === undefined || isSound(found.kept)) return found as Found | undefined
  await dropKeys(core, [key])
  return undefined
}

async function inStores(
  core: Core,
  key: string,
  settings: PageSettings,
): Promise<{ readonly kept: unknown; readonly fresh: boolean } | undefined> {
  const entry = core.near !== undefined && core.trusted ? core.near.get(key) : undefined
  const now = core.clock.now()
  if (entry !== undefined && now < entry.freshUntil) {
    return { kept: entry.value, fresh: true }
  }
  if (core.remotes.length === 0) {
    if (entry === undefined || now >= entry.staleUntil) return undefined
    return { kept: entry.value, fresh: false }
  }
  const { atHand } = await lookupShared(core, key, policyFor(core, settings, [], undefined))
  if (atHand === undefined || core.clock.now() >= atHand.staleUntil) return undefined
  const kept = await atHand.value()
  return { kept, fresh: core.clock.now() < atHand.freshUntil }
}
