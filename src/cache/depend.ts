import { remoteName } from '../store/names.js'
import { report, type Core } from './core.js'
import { isUnavailable } from './lookup.js'
import { currentScope } from './scope.js'

/**
 * Makes what is being made here depend on tags as they are now, without reading anything through the cache. What they stand for is to
 * be read when this has resolved; it returns undefined when there is nothing to wait for.
 */
export function dependOn(core: Core, tags: readonly string[]): Promise<void> | undefined {
  const scope = currentScope()
  if (scope === undefined || tags.length === 0) return undefined
  const records = core.remotes[0]
  if (records === undefined) {
    if (core.near === undefined) scope.uncacheable = true
    else scope.note(core, tags, core.near.note(tags), Infinity, false)
    return undefined
  }
  const names = tags.map((tag) => remoteName(tag).name)
  return records.store.note(names, Infinity).then(
    (versions) => {
      const known = versions.flatMap((version) => (isUnavailable(version) ? [] : [version]))
      if (known.length < tags.length) scope.uncacheable = true
      else scope.note(core, tags, known, Infinity, false)
    },
    (error: unknown) => {
      scope.uncacheable = true
      report(core, error, 'note', { tier: records.name })
    },
  )
}

/** Says that what is being made here must not be kept: it was made from something that may never be true. */
export function mustNotKeep(): void {
  const scope = currentScope()
  if (scope !== undefined) scope.uncacheable = true
}
