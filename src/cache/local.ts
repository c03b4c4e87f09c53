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

/** Gives tags their new versions in this process. Entries and loads that carry them are invalid by comparison. */
export function applyTags(core: Core, tags: readonly string[], versions: readonly Version[]): void {
  core.near?.invalidate(tags, versions)
  core.lookups.clear()
  tags.forEach((tag, index) => core.known.set(tag, versions[index]!))
}

/** Makes this process forget everything. */
export function applyClear(core: Core): void {
  core.near?.clear()
  core.lookups.clear()
  for (const load of core.loads.values()) overtake(core, load)
}
