import type { LocalStore } from '../store/store.js'
import { type Answer, answerOfLoaded } from './answer.js'
import { createContext, createSaid, endContext } from './context.js'
import { type Core, readable } from './core.js'
import { fail } from './ending.js'
import { hasForeign, keepHere, type KeepOptions, noteForeign } from './keep.js'
import { Load } from './load.js'
import type { Reading } from './reading.js'
import { noteNear, SOON } from './run.js'
import { currentScope, runInScope, Scope } from './scope.js'
import { waitsBegin } from './waiting.js'

/**
 * The short way of a load: process memory is all there is, holds nothing of the key, nobody is loading it, and the caller waits
 * as long as it takes. There is nothing to ask, to claim or to fall back on, so that one async function does what `read` and
 * `runLoads` do in eight: the loader begins under a lease of memory, what it returns is weighed and kept by the same rules, and
 * whoever comes meanwhile finds the load in `core.loads` and joins it as any other.
 */

/** Whether a reading may take the short way. */
export function mayLoadAlone(core: Core, near: LocalStore, reading: Reading): boolean {
  const { key, policy, fresh, signal } = reading
  if (fresh || signal !== undefined || policy.hardMs !== undefined) return false
  if (core.closed || core.loads.has(key)) return false
  const entry = near.get(key)
  return entry === undefined || core.clock.now() >= entry.staleUntil
}

/** Loads and keeps: see above. To be called only where {@link mayLoadAlone} has just said so. */
export async function loadAlone(core: Core, { key, loader, policy }: Reading): Promise<Answer> {
  core.counters.misses++
  if (core.events.wants('miss')) core.events.emit('miss', { key: readable(key) })
  const outer = currentScope()
  const load = new Load(core, key, policy.tags)
  core.loads.set(key, load)
  noteNear(core, load)
  const makers = outer === undefined ? undefined : waitsBegin(core, outer, load)
  load.enter()
  try {
    // No loader runs inside the call that asked for it.
    await SOON
    const scope = new Scope([load], undefined)
    const said = createSaid()
    const startedAt = core.clock.now()
    load.begun = ++core.sequence
    core.counters.loads++
    const keepMs = policy.ttlMs + policy.graceMs
    const context = createContext(core, load, said, { scope, previous: undefined, keepMs })
    const options: KeepOptions = { policy, scope, startedAt }
    let value: unknown
    try {
      value = await runInScope(scope, loader, context)
    } catch (error) {
      core.counters.loadErrors++
      tellLoad(core, key, startedAt, { error })
      fail(core, load, error)
      throw error
    } finally {
      scope.ended = true
      endContext(context)
    }
    tellLoad(core, key, startedAt, {})
    const returned = { load, value, said }
    if (hasForeign(core, options)) await noteForeign(core, returned, options)
    const loaded = keepHere(core, returned, options)
    if (!loaded.consistent && outer) outer.conflict = true
    const answer = answerOfLoaded(core, load, loaded)
    outer?.note(core, answer.tags, answer.versions, answer.freshUntil, answer.private)
    return answer
  } finally {
    load.leave(undefined)
    if (makers) for (const maker of makers) maker.waitsFor.delete(load)
  }
}

/** Tells the listeners that a loader has ended. */
function tellLoad(
  core: Core,
  key: string,
  startedAt: number,
  failure: { readonly error?: unknown },
): void {
  if (!core.events.wants('load')) return
  const ms = core.clock.now() - startedAt
  core.events.emit('load', { key: readable(key), ms, ...failure })
}
