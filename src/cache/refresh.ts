import { type Core, readable } from './core.js'
import { watchBackground } from './failure.js'
import { startLoad } from './lead.js'
import type { Reading } from './reading.js'

/** Loads behind an answer that was served already, unless somebody is loading the key. Its failure is an event. */
export function refresh(
  core: Core,
  reading: Reading,
  reason: 'stale' | 'early',
  newerThan: number,
): void {
  const { key, policy } = reading
  if (core.loads.has(key) || core.closed) return
  core.counters.refreshes++
  if (core.events.wants('refresh')) core.events.emit('refresh', { key: readable(key), reason })
  watchBackground(core, startLoad(core, reading, { newerThan, background: true }), policy)
}
