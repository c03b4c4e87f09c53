import { judgeReuse } from '../http/index.js'
import { isFor, MAX_STEPS } from './keys.js'
import { serve } from './serve.js'
import type { Kept } from './stored-page.js'
import type { Entered } from './visit.js'

/** The quick way: a fresh page in process memory, without a promise. True when it has answered. */
export function answeredFromMemory(entered: Entered): boolean {
  const { shared, at, headers, directives } = entered
  const { core, settings, keys } = shared
  if (core.near === undefined || !core.trusted || core.closed || directives !== undefined) {
    return false
  }
  let names = settings.vary
  for (let step = 0; step < MAX_STEPS; step++) {
    const entry = core.near.get(keys.page(at.key, names, headers))
    if (entry === undefined || core.clock.now() >= entry.freshUntil) return false
    const kept = entry.value as Kept
    if (isFor(kept, headers, settings)) {
      const page = kept.page!
      if (judgeReuse(page.freshness, core.clock.now()) !== 'fresh') return false
      core.counters.hits++
      serve(entered, page)
      return true
    }
    names = kept.vary
  }
  return false
}
