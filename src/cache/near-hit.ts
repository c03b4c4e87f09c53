import { isAhead } from '../base/turn-clock.js'
import type { Entry } from '../store/store.js'
import { readable, type Core } from './core.js'
import { handOut } from './entries.js'
import { currentScope } from './scope.js'

/**
 * The answer of a key that process memory holds fresh, as `getOrSet` gives it; undefined when it has to be looked for, or looked at.
 */
export function atHand(core: Core, key: string): Promise<unknown> | undefined {
  if (!core.trusted || core.audit !== undefined) return undefined
  const entry = core.near?.get(key)
  return entry !== undefined && isAhead(core.clock, entry.checkAt)
    ? hitNear(core, key, entry)
    : undefined
}

/** Counts and tells of a hit in process memory. */
export function noteHit(core: Core, key: string, entry: Entry): void {
  core.counters.hits++
  core.counters.byTier[0]!++
  if (core.events.hitListened || core.events.hitChannel.hasSubscribers) {
    core.events.emit('hit', { key: readable(key), tier: core.tierNames[0]! })
  }
  currentScope()?.note(core, entry.tags, entry.versions, entry.freshUntil, entry.private)
}

/** A hit in process memory: one promise, and nothing computed for listeners that are not there. */
export function hitNear(core: Core, key: string, entry: Entry): Promise<unknown> {
  noteHit(core, key, entry)
  // Awaiting one promise often costs less than making one for each.
  return entry.copied
    ? Promise.resolve(handOut(entry))
    : (entry.answer ??= Promise.resolve(entry.value))
}
