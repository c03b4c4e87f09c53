import type { Cancel } from '../base/clock.js'
import { EPOCH_NAME, remoteName } from '../store/names.js'
import type { AcquireResult, RemoteLease, Version } from '../store/store.js'
import { copyOut } from '../store/value.js'
import {
  createContext,
  createSaid,
  endContext,
  type LoaderContext,
  type Previous,
} from './context.js'
import { readable, report, type Core, type Remote } from './core.js'
import { end, fail, overtake, releaseLeases } from './ending.js'
import { createEntry, type Facts } from './entries.js'
import { fillNearer } from './fill-remote.js'
import { keepLoads } from './keep.js'
import type { Load, Loaded } from './load.js'
import {
  expectedTags,
  isUnavailable,
  judge,
  learnTags,
  noteVersions,
  tagsHold,
  type Seen,
} from './lookup.js'
import type { Policy } from './options.js'
import { runInScope, Scope } from './scope.js'

/** Calls the loader for several keys at once; a result that is an `Error` fails its own key only. */
export type GroupLoader = (
  loads: readonly Load[],
  contexts: readonly LoaderContext[],
) => Promise<readonly GroupResult[]>

export type GroupResult = { readonly value: unknown } | { readonly error: unknown }

export interface RunOptions {
  readonly policy: Policy
  /** An entry found on the way answers only if its load began after this moment: `-Infinity` for any, `Infinity` for none. */
  readonly newerThan: number
  /** Nobody waits: when somebody else is loading the key, leave it to them. */
  readonly background: boolean
}

/** No loader runs inside the call that asked for it. */
export const SOON: Promise<void> = Promise.resolve()
const FIRST_POLL_MS = 5
const LAST_POLL_MS = 100

/**
 * Runs loads of several keys: claims the right to fill each in every remote store, calls the loader once for those that
 * nobody else is loading, keeps what it returned, and settles each load. Never rejects: what goes wrong reaches the loads.
 */
export async function runLoads(
  core: Core,
  loads: readonly Load[],
  loader: GroupLoader,
  options: RunOptions,
): Promise<void> {
  for (const load of loads) if (core.loads.get(load.key) !== load) core.apart.add(load)
  try {
    if (core.remotes.length === 0) {
      for (const load of loads) noteNear(core, load)
      // No loader runs inside the call that asked for it: a stale answer is given first, and with a remote store it is so anyway.
      await SOON
      await lead(core, loads, loader, options)
      return
    }
    const { ready, held } = await claim(core, loads, options)
    for (const load of held) void runHeld(core, load, loader, options)
    if (ready.length > 0) await lead(core, ready, loader, options)
  } catch (error) {
    for (const load of loads) fail(core, load, error)
  }
}

/** A load that somebody else is doing: waits for their fill, and takes over when their lease ends without one. */
async function runHeld(
  core: Core,
  load: Load,
  loader: GroupLoader,
  options: RunOptions,
): Promise<void> {
  try {
    const seen = load.stale
    if (options.background || (seen && staleAllowed(core, seen, options.policy))) {
      await settleFound(core, load, seen, 'stale')
      return
    }
    const until = core.clock.now() + core.settings.lockWaitMs
    let pauseMs = FIRST_POLL_MS
    for (;;) {
      await pause(core, pauseMs * (0.75 + core.random.fraction() / 2))
      pauseMs = Math.min(pauseMs * 1.5, LAST_POLL_MS)
      const { ready, held } = await claim(core, [load], options)
      if (ready.length > 0) break
      if (held.length === 0) return
      if (core.clock.now() >= until || core.closed) {
        load.unleased = true
        break
      }
    }
    await lead(core, [load], loader, options)
  } catch (error) {
    fail(core, load, error)
  }
}

function pause(core: Core, ms: number): Promise<void> {
  return new Promise((resolve) => core.clock.after(ms, resolve))
}

function staleAllowed(core: Core, { judged }: Seen, policy: Policy): boolean {
  return core.clock.now() < judged.freshUntil + policy.staleWhileRevalidateMs
}

/**
 * Asks for the lease of each key in each remote store, nearest first. A load that finds its key filled meanwhile is settled
 * with what was found. `ready` may call the loader; `held` are being loaded by somebody else.
 */
async function claim(
  core: Core,
  loads: readonly Load[],
  options: RunOptions,
): Promise<{ readonly ready: readonly Load[]; readonly held: readonly Load[] }> {
  const held: Load[] = []
  let claiming: readonly Load[] = loads
  for (const remote of core.remotes) {
    for (const load of claiming) skipUnreached(load, remote)
    const asked = claiming.filter((load) => load.next === remote.place)
    if (asked.length === 0) continue
    const refused = await claimAt(core, remote, asked, options)
    held.push(...refused.held)
    claiming = claiming.filter(
      (load) => !refused.held.includes(load) && !refused.settled.includes(load),
    )
  }
  return { ready: claiming, held }
}

/** A store that could not be asked a moment ago gives no lease, and is not waited for once more. */
function skipUnreached(load: Load, { place }: Remote): void {
  if (load.next !== place || (load.unreached & (1 << place)) === 0) return
  load.next++
  if (place === 0) load.unleased = true
}

/** The tags of a load noted in process memory's own table, where that is the authority. */
export function noteNear(core: Core, load: Load): void {
  const tags = expectedTags(core, load.key, load.tags)
  if (tags.length === 0 || core.near === undefined) return
  const versions = core.near.note(tags)
  tags.forEach((tag, index) => load.noted.set(tag, versions[index]!))
}

async function claimAt(
  core: Core,
  remote: Remote,
  loads: readonly Load[],
  { policy, newerThan }: RunOptions,
): Promise<{ readonly held: readonly Load[]; readonly settled: readonly Load[] }> {
  const records = remote.place === 0
  const tags = records
    ? [...new Set(loads.flatMap((load) => expectedTags(core, load.key, load.tags)))]
    : []
  const names = records ? [...tags.map((tag) => remoteName(tag).name), EPOCH_NAME] : []
  core.sequence++
  for (const load of loads) load.claimed = core.sequence
  let result: AcquireResult
  try {
    result = await remote.store.acquire(
      loads.map((load) => remoteName(load.key).name),
      names,
      core.settings.leaseMs,
      policy.ttlMs + policy.graceMs,
    )
  } catch (error) {
    report(core, error, 'acquire', { tier: remote.name })
    for (const load of loads) {
      load.next++
      if (records) load.unleased = true
    }
    return { held: [], settled: [] }
  }
  const versions = new Map<string, Version | undefined>()
  if (records) {
    const epoch = result.versions.at(-1)
    noteVersions(core, versions, tags, result.versions)
    for (const load of loads) {
      if (typeof epoch === 'string') load.epochVersion = epoch
      noteOnce(core, load, versions)
    }
  }
  const found: {
    readonly load: Load
    readonly lease: RemoteLease | undefined
    readonly seen: Seen
  }[] = []
  const held: Load[] = []
  loads.forEach((load, index) => {
    const state = result.keys[index]!
    if (isUnavailable(state)) {
      report(core, state.unavailable, 'acquire', { key: load.key, tier: remote.name })
      load.next++
      if (records) load.unleased = true
      return
    }
    const judged = judge(core, remote, load.key, state)
    if (judged)
      found.push({ load, lease: state.lease, seen: { judged, found: state.found!, remote } })
    if (state.lease === undefined) {
      held.push(load)
      return
    }
    load.next++
    load.leases[remote.place] = state.lease
    load.spaces[remote.place] = state.space
  })
  const settled: Load[] = []
  if (found.length > 0) {
    if (!records)
      for (const { load } of found)
        for (const [tag, version] of load.noted) versions.set(tag, version)
    await learnTags(
      core,
      versions,
      found.map(({ seen }) => seen.judged),
    )
    const now = core.clock.now()
    for (const { load, seen } of found) {
      if (!tagsHold(core, versions, seen.judged)) continue
      if (seen.judged.freshUntil > now && seen.judged.loadedAt > newerThan) {
        settled.push(load)
        await settleFound(core, load, seen, 'hit')
      } else load.stale ??= seen
    }
  }
  return { held: held.filter((load) => !settled.includes(load)), settled }
}

/** A tag is noted at the first claim and keeps that version, however often the claim is repeated before the loader begins. */
function noteOnce(
  core: Core,
  load: Load,
  versions: ReadonlyMap<string, Version | undefined>,
): void {
  for (const tag of expectedTags(core, load.key, load.tags)) {
    const version = versions.get(tag)
    if (version !== undefined) load.noted.set(tag, version)
  }
}

/** Settles a load with an entry that a store holds; decoding it may fail, which fails the load. */
async function settleFound(
  core: Core,
  load: Load,
  seen: Seen | undefined,
  state: 'hit' | 'stale',
): Promise<void> {
  if (seen === undefined) {
    // A refresh that somebody else is doing already: there is nobody to answer.
    end(core, load, NOTHING)
    return
  }
  const { judged } = seen
  const value = await judged.decode()
  const kept = state === 'hit' ? keepNear(core, load, value, seen) : undefined
  if (state === 'hit') await fillNearer(core, load, value, seen)
  releaseLeases(core, load)
  if (kept) load.taken = true
  end(core, load, {
    value: kept === undefined ? value : kept.value,
    state,
    tier: seen.remote.name,
    loadedAt: judged.loadedAt,
    freshUntil: judged.freshUntil,
    staleUntil: judged.staleUntil,
    tags: judged.tags,
    versions: judged.versions,
    private: judged.private,
    consistent: true,
    validated: false,
    copied: kept === undefined || kept.copied,
  })
}

/** How a refresh ends that somebody else was doing already: an answer for nobody. */
export const NOTHING: Loaded = Object.freeze({
  value: undefined,
  state: 'stale',
  tier: undefined,
  loadedAt: 0,
  freshUntil: 0,
  staleUntil: 0,
  tags: [],
  versions: [],
  private: false,
  consistent: true,
  validated: false,
  copied: false,
})

function keepNear(
  core: Core,
  load: Load,
  value: unknown,
  { judged }: Seen,
): { value: unknown; copied: boolean } | undefined {
  if (core.near === undefined || load.nearLease === undefined || !core.trusted) return undefined
  // The versions were read after the lease was planted: unless a message came since, they are the truth.
  core.near.learn(load.nearLease, judged.tags, judged.versions)
  const entry = createEntry(
    core,
    load.key,
    value,
    judged,
    core.settings.policy.earlyRefresh,
    'nobody',
  )
  core.near.fill(load.key, load.nearLease, entry)
  return entry
}

/** Calls the loader for loads that are ready, keeps what it returns and settles them. */
async function lead(
  core: Core,
  loads: readonly Load[],
  loader: GroupLoader,
  { policy }: RunOptions,
): Promise<void> {
  const keepMs = policy.ttlMs + policy.graceMs
  const scope = new Scope(loads, undefined)
  const said = loads.map(() => createSaid())
  const previous =
    core.remotes.length === 0
      ? loads.map((load) => previousHere(core, load))
      : await Promise.all(loads.map((load) => previousOf(core, load)))
  const startedAt = core.clock.now()
  core.sequence++
  for (const load of loads) {
    load.begun = core.sequence
    core.counters.loads++
    learnNear(core, load)
  }
  const stopRenewing = renewWhile(core, loads)
  const contexts = loads.map((load, index) =>
    createContext(core, load, said[index]!, { scope, previous: previous[index], keepMs }),
  )
  let results: readonly GroupResult[]
  try {
    results = await runInScope(scope, loader, loads, contexts)
    for (const notes of said) if (notes.noting) await Promise.all(notes.noting)
  } catch (error) {
    results = loads.map(() => ({ error }))
  } finally {
    scope.ended = true
    contexts.forEach(endContext)
    stopRenewing()
  }
  if (core.events.wants('load')) {
    const ms = core.clock.now() - startedAt
    loads.forEach(({ key }, index) => {
      core.events.emit('load', { key: readable(key), ms, ...failureIn(results[index]!) })
    })
  }
  const loaded = loads.flatMap((load, index) => {
    const result = results[index]!
    if ('value' in result) return [{ load, value: result.value, said: said[index]! }]
    core.counters.loadErrors++
    fail(core, load, result.error)
    return []
  })
  if (loaded.length > 0) await keepLoads(core, loaded, { policy, scope, startedAt })
}

/** Process memory takes over what a remote store noted for a load. */
export function learnNear(core: Core, load: Load): void {
  if (core.near === undefined || !load.nearLease || core.remotes.length === 0) return
  core.near.learn(load.nearLease, [...load.noted.keys()], [...load.noted.values()])
}

/**
 * What the stores hold of a key past its use, for the loader to build upon. Only what was read under the lease, with the tag
 * versions that are noted for the new value, counts: then nothing that was invalidated can come back by way of it.
 */
async function previousOf(core: Core, load: Load): Promise<Previous | undefined> {
  const { stale } = load
  if (stale === undefined || load.leases[stale.remote.place] === undefined) return undefined
  const { tags, versions } = stale.judged
  if (tags.some((tag, index) => load.noted.get(tag) !== versions[index])) return undefined
  try {
    return { value: await stale.judged.decode(), ...pairsIn(stale.judged) }
  } catch {
    return undefined
  }
}

/** The same where process memory is all there is. */
function previousHere(core: Core, load: Load): Previous | undefined {
  const kept = core.near?.peek(load.key)
  if (!kept?.valid || kept.entry.staleUntil <= core.clock.now()) return undefined
  return { value: copyOut(kept.entry.value), ...pairsIn(kept.entry) }
}

function pairsIn({
  tags,
  versions,
  private: isPrivate,
}: Pick<Facts, 'tags' | 'versions' | 'private'>): Omit<Previous, 'value'> {
  return { pairs: new Map(tags.map((tag, index) => [tag, versions[index]!])), private: isPrivate }
}

/** Prolongs the leases for as long as the loader runs; returns what ends it. */
export function renewWhile(core: Core, loads: readonly Load[]): () => void {
  if (loads.every((load) => load.leases.every((lease) => lease === undefined))) return () => {}
  const { leaseMs } = core.settings
  let cancel: Cancel
  let stopped = false
  const renew = (): void => {
    for (const load of loads) {
      for (const { store, place, name } of core.remotes) {
        const lease = load.leases[place]
        if (lease === undefined) continue
        store.renew(remoteName(load.key).name, lease, leaseMs).then(
          (ours) => {
            if (!ours && !stopped) overtake(core, load)
          },
          (error: unknown) => report(core, error, 'renew', { key: load.key, tier: name }),
        )
      }
    }
    cancel = core.clock.after(leaseMs / 3, renew)
  }
  cancel = core.clock.after(leaseMs / 3, renew)
  return () => {
    stopped = true
    cancel()
  }
}

function failureIn(result: GroupResult): { readonly error?: unknown } {
  return 'value' in result ? {} : { error: result.error }
}
