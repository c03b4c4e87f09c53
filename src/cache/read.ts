import { loadAlone, mayLoadAlone } from './lone-load.js'
import {
  type Answer,
  answerOfLoaded,
  type AtHand,
  hit,
  ofMemory,
  stale,
  valueOf,
  valueOfLoaded,
} from './answer.js'
import { assertOpen, type Audit, type Core, readable } from './core.js'
import { refreshAt } from './entries.js'
import { coverFailure } from './failure.js'
import { acceptable, joinable, leadOrJoin, startNew } from './lead.js'
import type { Load, Loaded } from './load.js'
import { lookupShared } from './shared-lookup.js'
import type { Beginning, Reading } from './reading.js'
import { refresh } from './refresh.js'
import { currentScope } from './scope.js'
import { waitFor, waitsBegin } from './waiting.js'

/** Reads a key through all tiers and loads it when nothing usable is there. */
export function read(core: Core, reading: Reading): Promise<Answer> {
  return core.alone !== undefined && mayLoadAlone(core, core.alone, reading)
    ? loadAlone(core, reading, answerOfLoaded)
    : readThrough(core, reading)
}

/** The same for whoever wants the value and nothing else. */
export function readValue(core: Core, reading: Reading): Promise<unknown> {
  return core.alone !== undefined && mayLoadAlone(core, core.alone, reading)
    ? loadAlone(core, reading, valueOfLoaded)
    : readThrough(core, reading).then(valueOf)
}

async function readThrough(core: Core, reading: Reading): Promise<Answer> {
  assertOpen(core)
  reading.signal?.throwIfAborted()
  const scope = currentScope()
  const { key, policy } = reading
  const started = ++core.sequence
  let atHand: AtHand | undefined
  let join: Load | undefined
  let unreached = 0
  if (reading.fresh) {
    core.counters.bypasses++
    if (core.events.wants('bypass')) core.events.emit('bypass', { key: readable(key) })
  } else {
    atHand = inMemory(core, key)
    if (atHand === undefined && core.remotes.length > 0) {
      join = core.loads.get(key)
      if (join !== undefined && !(await joinable(core, join, started))) join = undefined
      if (join === undefined) {
        ;({ atHand, unreached } = await lookupShared(core, key, policy))
      }
    }
  }
  return await answerFrom(core, reading, { scope, started, join, atHand, unreached })
}

/** Answers with what was found, where it serves, or with a load. */
export async function answerFrom(
  core: Core,
  reading: Reading,
  beginning: Beginning,
): Promise<Answer> {
  const { scope, atHand } = beginning
  if (atHand !== undefined) {
    const served = serve(core, reading, atHand)
    const answer = served instanceof Promise ? await served : served
    if (answer !== undefined) {
      scope?.note(core, answer.tags, answer.versions, answer.freshUntil, answer.private)
      return answer
    }
  }
  if (!reading.fresh) {
    core.counters.misses++
    if (core.events.wants('miss')) core.events.emit('miss', { key: readable(reading.key) })
  }
  const answer = await loadFor(core, reading, beginning)
  scope?.note(core, answer.tags, answer.versions, answer.freshUntil, answer.private)
  return answer
}

/** What process memory holds, unless expired. */
function inMemory(core: Core, key: string): AtHand | undefined {
  if (core.near === undefined || !core.trusted) return undefined
  const entry = core.near.get(key)
  return entry !== undefined && core.clock.now() < entry.staleUntil ? ofMemory(entry) : undefined
}

/** Answers with what is at hand, if it is fresh or may be served stale now; refreshes behind the answer where that is due. */
function serve(core: Core, reading: Reading, atHand: AtHand): Answer | Promise<Answer> | undefined {
  const { key, policy } = reading
  const now = core.clock.now()
  if (now < atHand.freshUntil) {
    const answer = hit(core, key, atHand)
    if (core.audit !== undefined) void audited(core.audit, reading, answer)
    if (policy.earlyRefresh === undefined || now < refreshAt(core, atHand, policy.earlyRefresh)) {
      return answer
    }
    return servedEarly(core, reading, atHand, answer)
  }
  const failed = core.backoffs.get(key)
  if (
    failed !== undefined &&
    now < failed.until &&
    now < atHand.freshUntil + policy.staleIfErrorMs
  ) {
    return stale(core, key, atHand, 'error')
  }
  if (now < atHand.freshUntil + policy.staleWhileRevalidateMs && (policy.softMs ?? 0) === 0) {
    const answer = stale(core, key, atHand, 'revalidate')
    refresh(core, reading, 'stale', -Infinity)
    return answer
  }
  return undefined
}

/** Shows a hit to the audit, unless it turns out to be none. */
async function audited(
  audit: Audit,
  { key, loader }: Reading,
  answer: Answer | Promise<Answer>,
): Promise<void> {
  try {
    audit.hit(key, await answer, loader)
  } catch {
    // Who asked is told.
  }
}

/** An answer that is fresh, with a load behind it: only once it is known that there is an answer. */
async function servedEarly(
  core: Core,
  reading: Reading,
  atHand: AtHand,
  answer: Answer | Promise<Answer>,
): Promise<Answer> {
  const served = await answer
  refresh(core, reading, 'early', atHand.loadedAt)
  return served
}

/** Leads a load of the key or joins the one that runs, as often as the promise needs it: once, or twice when overtaken. */
async function loadFor(
  core: Core,
  reading: Reading,
  { scope, started, join: found, atHand, unreached, ahead }: Beginning,
): Promise<Answer> {
  const { key, policy } = reading
  let join = found
  for (;;) {
    const load =
      join ??
      (core.loads.has(key)
        ? await leadOrJoin(core, reading, { scope, started, unreached })
        : startNew(core, reading, unreached, ahead))
    join = undefined
    const epoch = core.near?.epoch ?? 0
    const makers = waitsBegin(core, scope, load)
    let loaded: Loaded | 'timeout'
    try {
      loaded = await waitFor(core, load, reading, atHand)
    } catch (error) {
      const covered = await coverFailure(core, reading, load, error, atHand)
      if (covered) return covered
      throw error
    } finally {
      for (const maker of makers) maker.waitsFor.delete(load)
    }
    if (loaded === 'timeout') return stale(core, key, atHand!, 'timeout')
    if (!acceptable(core, load, loaded, started, epoch)) continue
    if (!loaded.consistent && scope) scope.conflict = true
    if (
      loaded.state === 'stale' &&
      core.clock.now() >= loaded.freshUntil + policy.staleWhileRevalidateMs
    )
      continue
    const answer = answerOfLoaded(core, load, loaded)
    return reading.fresh ? { ...answer, state: 'bypass' } : answer
  }
}
