import type { Core } from './core.js'
import type { CacheStats } from './events.js'

/** The counters as callers see them. */
export function statsOf(core: Core): CacheStats {
  const { byTier, ...counters } = core.counters
  const served = counters.hits + counters.staleHits
  const reads = served + counters.misses
  let pending = core.busJournal?.size ?? 0
  for (const { journal } of core.remotes) pending += journal.size
  return {
    ...counters,
    hitsByTier: Object.fromEntries(core.tierNames.map((name, index) => [name, byTier[index]!])),
    hitRatio: reads === 0 ? 0 : served / reads,
    entries: core.near?.size ?? 0,
    bytes: core.near?.bytes ?? 0,
    loading: core.loads.size + core.apart.size,
    pending,
    servers: core.remotes.flatMap(({ name, store }) =>
      store.health().map((server) => ({ tier: name, ...server })),
    ),
  }
}
