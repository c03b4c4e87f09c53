import type { Entry, Version } from '../store/store.js'
import { noteLate, type Said } from './context.js'
import { readable, type Core } from './core.js'
import { createEntry } from './entries.js'
import { end, fail, releaseLeases } from './ending.js'
import { fillRemote } from './fill-remote.js'
import type { Load, Loaded } from './load.js'
import { rememberTags } from './lookup.js'
import type { Policy } from './options.js'
import { NO_PAIRS, type Scope } from './scope.js'
import type { CacheEvents } from './events.js'

/** A load whose loader has returned. */
export interface Returned {
  readonly load: Load
  readonly value: unknown
  readonly said: Said
}

export interface KeepOptions {
  readonly policy: Policy
  readonly scope: Scope
  /** When the loader was called, ms since the epoch. */
  readonly startedAt: number
}

type Unkept = CacheEvents['unkept']['reason']

type Writable<T> = { -readonly [Name in keyof T]: T[Name] }

/** What becomes of one load on the way into the stores, and in the end how it ended. */
export interface Keeping extends Writable<Loaded> {
  readonly load: Load
  unkept: Unkept | undefined
  /** The entry in process memory, when there is one: callers get its value. */
  entry: Entry | undefined
  /** The value cannot become an entry: the callers have to know. */
  refused: { readonly error: unknown } | undefined
}

/**
 * Keeps what loaders returned, in every tier, as far as the protocol lets them, and settles the loads.
 *
 * A fill succeeds only while the load's lease is there; so a value that was overtaken by an invalidation is returned to
 * those who waited for it, and kept nowhere.
 */
export async function keepLoads(
  core: Core,
  returned: readonly Returned[],
  options: KeepOptions,
): Promise<void> {
  if (hasForeign(core, options)) {
    await Promise.all(returned.map((one) => noteForeign(core, one, options)))
  }
  const kept = returned.map((one) => weigh(core, one, options))
  const keepable: Keeping[] = []
  for (const one of kept) {
    if (one.unkept === undefined) keepable.push(one)
    else settle(core, one, options)
  }
  if (keepable.length === 0) return
  core.sequence++
  for (const { load } of keepable) load.filling = core.sequence
  for (const remote of core.remotes) await fillRemote(core, remote, keepable, options)
  for (const one of keepable) {
    fillNear(core, one, options)
    settle(core, one, options)
  }
}

/**
 * The same for one load where process memory is all there is, in one go, and tells how it ended.
 *
 * @throws what the value is refused for; the load has failed then.
 */
export function keepHere(core: Core, returned: Returned, options: KeepOptions): Loaded {
  const one = weigh(core, returned, options)
  if (one.unkept === undefined) {
    one.load.filling = ++core.sequence
    fillNear(core, one, options)
  }
  const loaded = settle(core, one, options)
  if (loaded === undefined) throw one.refused!.error
  return loaded
}

/**
 * The same for one load under a lease of the one remote store there is.
 *
 * @throws what the value is refused for; the load has failed then.
 */
export async function keepThere(
  core: Core,
  returned: Returned,
  options: KeepOptions,
): Promise<Loaded> {
  const one = weigh(core, returned, options)
  if (one.unkept === undefined) {
    one.load.filling = ++core.sequence
    await fillRemote(core, core.remotes[0]!, [one], options)
    fillNear(core, one, options)
  }
  const loaded = settle(core, one, options)
  if (loaded === undefined) throw one.refused!.error
  return loaded
}

/** Tells the callers, the counters and the listeners how a load ended; undefined when it failed. */
function settle(core: Core, one: Keeping, { startedAt }: KeepOptions): Loaded | undefined {
  const { load, entry, unkept } = one
  if (one.refused) {
    fail(core, load, one.refused.error)
    return undefined
  }
  if (entry === undefined) one.copied = unkept === undefined
  else {
    // What process memory keeps is nobody's own.
    load.taken = true
    one.value = entry.value
    one.copied = entry.copied
  }
  if (unkept === 'skipped' || unkept === 'ttl') one.freshUntil = one.loadedAt
  rememberTags(core, load.key, one.tags)
  if (core.backoffs.size > 0) core.backoffs.delete(load.key)
  releaseLeases(core, load)
  if (unkept === undefined) {
    core.counters.fills++
    if (core.events.wants('fill')) {
      const ms = core.clock.now() - startedAt
      core.events.emit('fill', { key: readable(load.key), ms, tags: one.tags })
    }
  } else {
    core.counters.unkept++
    if (core.events.wants('unkept'))
      core.events.emit('unkept', { key: readable(load.key), reason: unkept })
  }
  end(core, load, one)
  return one
}

/** Decides whether a value may be kept, for how long, and under which tags with which versions. */
function weigh(core: Core, returned: Returned, { policy, scope, startedAt }: KeepOptions): Keeping {
  const { load, said, value } = returned
  const now = core.clock.now()
  const inherited = policy.inherit ? scope : undefined
  let ttlMs = said.ttlMs ?? policy.ttlMs
  if (policy.jitter > 0) ttlMs *= 1 - policy.jitter * core.random.fraction()
  const freshUntil = Math.min(now + ttlMs, inherited?.freshUntil ?? Infinity)
  const staleUntil = freshUntil + (said.graceMs ?? policy.graceMs)
  const { pairs, consistent } = pairsOf(core, load, said, inherited)
  let unkept: Unkept | undefined
  if (value === undefined) unkept = 'undefined'
  else if (said.skipped) unkept = 'skipped'
  else if (ttlMs <= 0 || staleUntil <= now) unkept = 'ttl'
  else if (!consistent || inherited?.uncacheable === true) unkept = 'dependencies'
  else if (load.overtaken) unkept = 'overtaken'
  else if (core.remotes.length > 0 && load.leases.every((lease) => lease === undefined))
    unkept = 'unleased'
  return {
    load,
    value,
    state: 'miss',
    tier: undefined,
    loadedAt: startedAt,
    freshUntil,
    staleUntil,
    private: policy.private || said.private || (inherited?.private ?? false),
    tags: pairs.size === 0 ? NONE : [...pairs.keys()],
    versions: pairs.size === 0 ? NONE : [...pairs.values()],
    consistent,
    validated: false,
    copied: false,
    unkept,
    entry: undefined,
    refused: undefined,
  }
}

const NONE: readonly never[] = Object.freeze([])

/** Own tags as noted before the loader began, and inherited ones as noted when they were read. */
function pairsOf(
  core: Core,
  load: Load,
  said: Said,
  inherited: Scope | undefined,
): { readonly pairs: ReadonlyMap<string, Version>; readonly consistent: boolean } {
  let consistent = !said.missed && inherited?.conflict !== true
  const parts = inherited === undefined ? NO_PAIRS : inherited.pairs(core)
  if (load.tags.length === 0 && said.tags === undefined) return { pairs: parts, consistent }
  const pairs = new Map<string, Version>()
  for (const tag of said.tags === undefined ? load.tags : [...load.tags, ...said.tags]) {
    const version = load.noted.get(tag)
    if (version === undefined) consistent = false
    // The tag is kept all the same, so that the next load notes it in time.
    pairs.set(tag, version ?? '')
  }
  for (const [tag, version] of parts) {
    const own = pairs.get(tag)
    if (own !== undefined && own !== version) consistent = false
    pairs.set(tag, version)
  }
  return { pairs, consistent }
}

/**
 * Parts that another cache keeps: their tags become tags here too, noted as late ones, and an invalidation over there, in
 * this process, is repeated here. Across processes only one shared cache gives the full promise.
 */
export async function noteForeign(
  core: Core,
  { load, said }: Returned,
  { scope, policy }: KeepOptions,
): Promise<void> {
  for (const authority of scope.authorities()) {
    if (authority === core) continue
    const pairs = scope.pairs(authority)
    const tags = [...pairs.keys()]
    if ('followers' in authority) (authority as Core).followers.add(core)
    // Before we followed it, an invalidation over there was not repeated here.
    if (!stillHold(authority, tags, [...pairs.values()])) said.missed = true
    noteLate(core, load, said, tags, policy.ttlMs + policy.graceMs)
  }
  if (said.noting) await Promise.all(said.noting)
}

/** Whether what was noted of parts that another keeps has not been invalidated since, as far as that one can tell at once. */
function stillHold(
  authority: object,
  tags: readonly string[],
  versions: readonly Version[],
): boolean {
  if ('holds' in authority) {
    const { holds } = authority as {
      readonly holds: (...pairs: [typeof tags, typeof versions]) => boolean
    }
    return holds.call(authority, tags, versions)
  }
  const { near, remotes } = authority as Partial<Core>
  if (near === undefined || remotes === undefined || remotes.length > 0) return true
  return near.note(tags).every((version, index) => version === versions[index])
}

/** Whether something was made from parts that another cache keeps. */
export function hasForeign(core: Core, { policy, scope }: KeepOptions): boolean {
  return policy.inherit && scope.hasOthersThan(core)
}

/** Fills process memory, if everything behind it took the value. */
function fillNear(core: Core, one: Keeping, { policy }: KeepOptions): void {
  const { load } = one
  if (core.near === undefined || one.unkept !== undefined || one.refused) return
  if (load.nearLease === undefined || !core.trusted) return
  try {
    one.entry = createEntry(
      core,
      load.key,
      one.value,
      one,
      policy.earlyRefresh,
      policy.shared ? 'readers' : 'others',
    )
  } catch (error) {
    one.refused = { error }
    return
  }
  const { live } = load.nearLease
  const filled = core.near.fill(load.key, load.nearLease, one.entry)
  if (core.remotes.length > 0) return
  one.validated = filled
  if (!filled) one.unkept = live && core.near.epoch === load.epoch ? 'size' : 'overtaken'
}
