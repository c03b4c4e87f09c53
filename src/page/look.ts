import { dropKeys } from '../cache/change.js'
import type { Core } from '../cache/core.js'
import { lookupShared } from '../cache/shared-lookup.js'
import type { Entry } from '../store/store.js'
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
 * there is nothing. At once where process memory is all there is to look at.
 */
export function look(
  core: Core,
  key: string,
  settings: PageSettings,
): Found | undefined | Promise<Found | undefined> {
  const found = inStores(core, key, settings)
  if (found instanceof Promise) return found.then((one) => sound(core, key, one))
  return sound(core, key, found)
}

interface Candidate {
  readonly kept: unknown
  readonly fresh: boolean
}

function sound(
  core: Core,
  key: string,
  found: Candidate | undefined,
): Found | undefined | Promise<undefined> {
  if (found === undefined || isSound(found.kept)) return found as Found | undefined
  return dropKeys(core, [key]).then(() => undefined)
}

function inStores(
  core: Core,
  key: string,
  settings: PageSettings,
): Candidate | undefined | Promise<Candidate | undefined> {
  const entry = core.near !== undefined && core.trusted ? core.near.get(key) : undefined
  if (core.remotes.length > 0) return inRemotes(core, key, settings, entry)
  if (entry === undefined) return undefined
  const now = core.clock.now()
  if (now >= entry.staleUntil) return undefined
  return { kept: entry.value, fresh: now < entry.freshUntil }
}

async function inRemotes(
  core: Core,
  key: string,
  settings: PageSettings,
  entry: Entry | undefined,
): Promise<Candidate | undefined> {
  if (entry !== undefined && core.clock.now() < entry.freshUntil) {
    return { kept: entry.value, fresh: true }
  }
  const { atHand } = await lookupShared(core, key, policyFor(core, settings, [], undefined))
  if (atHand === undefined || core.clock.now() >= atHand.staleUntil) return undefined
  const kept = await atHand.value()
  return { kept, fresh: core.clock.now() < atHand.freshUntil }
}
