import type { Version } from '../store/store.js'
import type { Core } from './core.js'
import { overtake } from './ending.js'

/** Makes this process forget keys: what memory holds, and the loads that may not be joined any more. */
export function applyKeys(core: Core, keys: readonly string[]): boolean[] {
  return keys.map((key) => {
    const load = core.loads.get(key)
    if (load) overtake(core, load)
    core.lookups.delete(key)
    return core.near?.drop(key) ?? false
  })
}

/**
 * Gives tags new versions in this process. Entries and loads that carry them are invalid by comparison.
 *
 * Where the records are remote, memory gets versions that nobody else has, and learns the true ones with its next read. We may
 * hear of two invalidations in another order than they happened in; the older one's version would make valid again what
 * was kept between the two.
 */
export function applyTags(core: Core, tags: readonly string[], versions: readonly Version[]): void {
  const { near, remotes, random } = core
  near?.invalidate(tags, remotes.length > 0 ? tags.map(() => random.token()) : versions)
  core.lookups.clear()
  tags.forEach((tag, index) => core.known.set(tag, versions[index]!))
}

/** Makes this process forget everything. */
export function applyClear(core: Core): void {
  core.near?.clear()
  core.lookups.clear()
  for (const load of core.loads.values()) overtake(core, load)
}
