import { CacheError } from '../base/errors.js'
import { remoteName } from '../store/names.js'
import type { Entry, LocalLease, Version } from '../store/store.js'
import { copyOut } from '../store/value.js'
import type { LoaderContext } from './context.js'
import { cycleError } from './context.js'
import { assertOpen, readable, report, type Audit, type Core } from './core.js'
import { overtake } from './ending.js'
import { createEntry, handOut, refreshAt } from './entries.js'
import type { CacheEvents, ReadState } from './events.js'
import { Load, type Loaded } from './load.js'
import { expectedTags, lookupOne, type Seen } from './lookup.js'
import type { GetOrSetOptions, Policy } from './options.js'
import { NOTHING, runLoads, type GroupLoader } from './run.js'
import { currentScope, type Scope } from './scope.js'

/** Knows the truth for one key. */
export type Loader<T> = (context: LoaderContext) => T | Promise<T>

/** A value with how it was found and how long it holds. */
export interface Answer<T = unknown> {
  readonly value: T
  readonly state: ReadState
  /** The tier it came from; undefined when the loader answered. */
  readonly tier: string | undefined
  /** When the load that made it began, ms since the epoch. */
  readonly loadedAt: number
  /** Fresh before this moment, ms since the epoch. */
  readonly freshUntil: number
  readonly staleUntil: number
  readonly tags: readonly string[]
  readonly versions: readonly Version[]
  readonly private: boolean
}

/** Something usable that is at hand: an entry of process memory or of a remote store. */
export interface AtHand {
  readonly tier: number
  readonly loadedAt: number
  readonly freshUntil: number
  readonly staleUntil: number
  readonly tags: readonly string[]
  readonly versions: readonly Version[]
  readonly private: boolean
  /** The value for one caller. */
  value(): unknown
}

/** What a look at the remote stores gave. */
export interface Looked {
  readonly atHand: AtHand | undefined
  /** A bit per place that could not be asked. */
  readonly unreached: number
}

/** How a reader reads: its loader, and what it allows. */
export interface Reading {
  readonly key: string
  readonly loader: Loader<unknown>
  readonly policy: Policy
  readonly signal: AbortSignal | undefined
  readonly fresh: boolean
}

export function createReading(
  key: string,
  loader: Loader<unknown>,
  policy: Policy,
  options: GetOrSetOptions | undefined,
): Reading {
  return { key, loader, policy, signal: options?.signal, fresh: options?.fresh === true }
}

/** Reads a key through all tiers and loads it when nothing usable is there. */
export async function read(core: Core, reading: Reading): Promise<Answer> {
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

/** An entry of process memory; `tier` is where it came from, when it was put there just now. */
export function ofMemory(entry: Entry, tier = 0): AtHand {
  const { loadedAt, freshUntil, staleUntil, tags, versions } = entry
  return {
    tier,
    loadedAt,
    freshUntil,
    staleUntil,
    tags,
    versions,
    private: entry.private,
    value: () => handOut(entry),
  }
}

export function ofStore(core: Core, { judged, remote }: Seen): AtHand {
  const { loadedAt, freshUntil, staleUntil, tags, versions } = judged
  return {
    tier: remote.place + (core.near === undefined ? 0 : 1),
    loadedAt,
    freshUntil,
    staleUntil,
    tags,
    versions,
    private: judged.private,
    value: () => judged.decode(),
  }
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

/** A fresh answer from a tier: a promise only when its value has to be unpacked first. */
export function hit(core: Core, key: string, atHand: AtHand): Answer | Promise<Answer> {
  const value = atHand.value()
  return value instanceof Promise
    ? value.then((unpacked: unknown) => hitWith(core, key, atHand, unpacked))
    : hitWith(core, key, atHand, value)
}

function hitWith(core: Core, key: string, atHand: AtHand, value: unknown): Answer {
  core.counters.hits++
  core.counters.byTier[atHand.tier]!++
  if (core.events.wants('hit')) {
    core.events.emit('hit', { key: readable(key), tier: core.tierNames[atHand.tier]! })
  }
  return answerWith(core, atHand, value, 'hit')
}

async function stale(
  core: Core,
  key: string,
  atHand: AtHand,
  reason: CacheEvents['stale']['reason'],
): Promise<Answer> {
  const value = await atHand.value()
  core.counters.staleHits++
  core.counters.byTier[atHand.tier]!++
  if (core.events.wants('stale')) {
    core.events.emit('stale', { key: readable(key), tier: core.tierNames[atHand.tier]!, reason })
  }
  return answerWith(core, atHand, value, 'stale')
}

function answerWith(core: Core, atHand: AtHand, value: unknown, state: ReadState): Answer {
  return {
    value,
    state,
    tier: core.tierNames[atHand.tier],
    loadedAt: atHand.loadedAt,
    freshUntil: atHand.freshUntil,
    staleUntil: atHand.staleUntil,
    tags: atHand.tags,
    versions: atHand.versions,
    private: atHand.private,
  }
}

/**
 * Reads the remote stores for one key, shared by the readers of one tick: their command has not been sent when they join. With
 * process memory that hears of changes, later readers may join too: memory will answer them with the same entry.
 */
export function lookupShared(core: Core, key: string, policy: Policy): Promise<Looked> {
  const running = core.lookups.get(key)
  if (running?.joinable() === true) return running.promise
  const flight = new Lookup(core, key)
  flight.promise = lookUp(core, key, policy, flight)
  core.lookups.set(key, flight)
  return flight.promise
}

async function lookUp(core: Core, key: string, policy: Policy, flight: Lookup): Promise<Looked> {
  const { lease } = flight
  try {
    const { seen, unreached } = await lookupOne(core, key, expectedTags(core, key, policy.tags))
    if (seen === undefined) return { atHand: undefined, unreached }
    const promoted = promote(core, key, seen, lease, policy)
    return { atHand: promoted instanceof Promise ? await promoted : promoted, unreached }
  } finally {
    if (core.lookups.get(key) === flight) core.lookups.delete(key)
    if (lease !== undefined) core.near!.release(key, lease)
  }
}

/** A look at the remote stores for one key, under way. */
class Lookup {
  promise!: Promise<Looked>
  /** Planted in process memory before the stores are asked. */
  readonly lease: LocalLease | undefined
  readonly #core: Core
  readonly #epoch: number | undefined
  readonly #turn = currentTurn()

  constructor(core: Core, key: string) {
    this.#core = core
    this.lease = core.near !== undefined && core.trusted ? core.near.plant(key) : undefined
    this.#epoch = core.near?.epoch
  }

  joinable(): boolean {
    if (this.#turn === currentTurn()) return true
    const { near, trusted } = this.#core
    return this.lease !== undefined && this.lease.live && trusted && near!.epoch === this.#epoch
  }
}

let turn = 0
let isTurnEnding = false

/** Numbers what happens before the commands of this tick are sent: one callback, however many ask. */
function currentTurn(): number {
  if (!isTurnEnding) {
    isTurnEnding = true
    process.nextTick(endTurn)
  }
  return turn
}

function endTurn(): void {
  isTurnEnding = false
  turn++
}

/**
 * What a remote store answered, kept in process memory on the way if a lease was planted there before it was asked. A promise
 * only when the value has to be unpacked for that.
 */
export function promote(
  core: Core,
  key: string,
  seen: Seen,
  lease: LocalLease | undefined,
  policy: Policy,
): AtHand | Promise<AtHand> {
  const { near } = core
  if (seen.remote.place > 0) void fillBehind(core, key, seen, policy)
  if (near === undefined || lease === undefined || !lease.live || !core.trusted) {
    return ofStore(core, seen)
  }
  return keepNear(core, key, seen, lease, policy)
}

async function keepNear(
  core: Core,
  key: string,
  seen: Seen,
  lease: LocalLease,
  policy: Policy,
): Promise<AtHand> {
  const near = core.near!
  const atHand = ofStore(core, seen)
  const { judged } = seen
  try {
    const decoded = judged.decode()
    const value = decoded instanceof Promise ? await decoded : decoded
    const entry = createEntry(
      core,
      key,
      value,
      judged,
      policy.earlyRefresh,
      policy.shared ? 'readers' : 'nobody',
    )
    near.learn(lease, judged.tags, judged.versions)
    return near.fill(key, lease, entry) ? ofMemory(entry, atHand.tier) : atHand
  } catch (error) {
    report(core, error, 'promote', { key })
    return atHand
  }
}

/**
 * Fills the remote stores nearer than the one that answered. Their leases have to be there before the farther one is read, so
 * this is a load of its own whose loader finds the entry on its way.
 */
async function fillBehind(
  core: Core,
  key: string,
  { judged }: Seen,
  policy: Policy,
): Promise<void> {
  if (core.loads.has(key) || judged.freshUntil <= core.clock.now()) return
  const load = new Load(core, key, policy.tags)
  load.enter()
  const gone: GroupLoader = async () => [{ error: FOUND_NOTHING }]
  await runLoads(core, [load], gone, { policy, newerThan: -Infinity, background: true })
}

/** How a promotion ends whose entry has gone meanwhile: nobody waits for it. */
const FOUND_NOTHING = new CacheError(
  'CACHE_ENTRY_INVALID',
  'the entry has gone before it could be promoted',
)

/** True when a reader that started at `started` may wait for this load: see the rules at `Load`. */
async function joinable(core: Core, load: Load, started: number): Promise<boolean> {
  if (load.overtaken) return false
  if (core.remotes.length === 0) return true
  if (core.near !== undefined && core.trusted) return load.nearLease?.live === true
  if (load.begun === undefined || load.begun > started) return true
  const lease = load.leases[0]
  if (load.filling !== undefined || lease === undefined) return false
  const { store } = core.remotes[0]!
  const tags = [...load.noted.keys()]
  try {
    const [holder, { versions }] = await Promise.all([
      store.holder(remoteName(load.key).name),
      store.read(
        [],
        tags.map((tag) => remoteName(tag).name),
      ),
    ])
    if (holder?.token !== String(lease.token)) {
      overtake(core, load)
      return false
    }
    const unchanged = tags.every((tag, index) => versions[index] === load.noted.get(tag))
    if (unchanged) load.verified = Math.max(load.verified, started)
    return unchanged
  } catch {
    return false
  }
}

/** What a reader knows when it comes to load. */
export interface Beginning extends Looked {
  readonly scope: Scope | undefined
  readonly started: number
  /** A load that it may join. */
  readonly join: Load | undefined
}

/** Leads a load of the key or joins the one that runs, as often as the promise needs it: once, or twice when overtaken. */
async function loadFor(
  core: Core,
  reading: Reading,
  { scope, started, join: found, atHand, unreached }: Beginning,
): Promise<Answer> {
  const { key, policy } = reading
  let join = found
  for (;;) {
    const load =
      join ??
      (core.loads.has(key)
        ? await leadOrJoin(core, reading, { scope, started, unreached })
        : startNew(core, reading, unreached))
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

/** The answer for one caller of a load: the first gets the value itself, the others copies where they must not share. */
export function answerOfLoaded(core: Core, load: Load, loaded: Loaded): Answer {
  const value = load.taken && loaded.copied ? copyOut(loaded.value) : loaded.value
  if (loaded.copied) load.taken = true
  if (loaded.state === 'stale') core.counters.staleHits++
  return {
    value,
    state: loaded.state,
    tier: loaded.tier,
    loadedAt: loaded.loadedAt,
    freshUntil: loaded.freshUntil,
    staleUntil: loaded.staleUntil,
    tags: loaded.tags,
    versions: loaded.versions,
    private: loaded.private,
  }
}

/** The load that answers this reader: the one that runs, where it may be joined, else a new one. */
async function leadOrJoin(
  core: Core,
  reading: Reading,
  { scope, started, unreached }: Pick<Beginning, 'scope' | 'started' | 'unreached'>,
): Promise<Load> {
  for (;;) {
    assertOpen(core)
    const running = core.loads.get(reading.key)
    if (running === undefined) break
    if (running.aborted) {
      // Everyone has left it: what it still returns may be kept, but nobody waits for it.
      core.loads.delete(reading.key)
      break
    }
    const begunBefore = running.begun !== undefined && running.begun < started
    if (reading.fresh ? !begunBefore : !begunBefore || running.verified >= started) return running
    if (!reading.fresh && (core.remotes.length === 0 || (core.near !== undefined && core.trusted)))
      return running
    if (!running.unleased && !reading.fresh) {
      if (await joinable(core, running, started)) return running
      if (core.loads.get(reading.key) === running) overtake(core, running)
      continue
    }
    // No store can tell whether this load was overtaken: wait for its end, so that one load runs at a time.
    throwOnCycle(scope, running, core)
    await running.done.catch(() => {})
  }
  return startNew(core, reading, unreached)
}

function startNew(core: Core, reading: Reading, unreached: number): Load {
  assertOpen(core)
  return startLoad(core, reading, {
    newerThan: reading.fresh ? Infinity : -Infinity,
    background: false,
    unreached,
  })
}

/** Starts a load that others may join. */
function startLoad(
  core: Core,
  { key, loader, policy }: Reading,
  {
    newerThan,
    background,
    unreached = 0,
  }: { readonly newerThan: number; readonly background: boolean; readonly unreached?: number },
): Load {
  const load = new Load(core, key, policy.tags)
  load.unreached = unreached
  core.loads.set(key, load)
  if (background) load.enter()
  void runLoads(core, [load], single(loader), { policy, newerThan, background })
  return load
}

/** A loader of one key as a loader of a group of one. */
export function single(loader: Loader<unknown>): GroupLoader {
  return async (_loads, [context]) => [{ value: await loader(context!) }]
}

/** Loads behind an answer that was served already, unless somebody is loading the key. Its failure is an event. */
function refresh(core: Core, reading: Reading, reason: 'stale' | 'early', newerThan: number): void {
  const { key, policy } = reading
  if (core.loads.has(key) || core.closed) return
  core.counters.refreshes++
  if (core.events.wants('refresh')) core.events.emit('refresh', { key: readable(key), reason })
  watchBackground(core, startLoad(core, reading, { newerThan, background: true }), policy)
}

/** A load that nobody waits for: its failure is an event, and the loader is left alone for a while. */
function watchBackground(core: Core, load: Load, policy: Policy): void {
  load.done.catch((error: unknown) => {
    backOff(core, load.key, policy)
    report(core, error, 'refresh', { key: load.key })
  })
}

/** After a failed load the loader is left alone for a while, longer each time, as long as stale can be served. */
function backOff(core: Core, key: string, policy: Policy): void {
  const before = core.backoffs.get(key)
  const ms = before === undefined ? policy.errorBackoffMs : Math.min(before.ms * 2, 30_000)
  core.backoffs.set(key, { until: core.clock.now() + ms, ms })
}

/** A failed load is covered by something stale, where the caller allows it; the failure is an event then. */
export async function coverFailure(
  core: Core,
  { key, policy, signal }: Reading,
  load: Load,
  error: unknown,
  atHand: AtHand | undefined,
): Promise<Answer | undefined> {
  if (signal?.aborted === true) return undefined
  if (error instanceof CacheError && error.code !== 'CACHE_TIMEOUT') return undefined
  const covering = atHand ?? (load.stale && ofStore(core, load.stale))
  const now = core.clock.now()
  if (covering === undefined || now >= covering.freshUntil + policy.staleIfErrorMs) return undefined
  if (now >= covering.staleUntil) return undefined
  backOff(core, key, policy)
  report(core, error, 'load', { key })
  return stale(core, key, covering, 'error')
}

/** See the rules at `Load`. */
function acceptable(
  core: Core,
  load: Load,
  loaded: Loaded,
  started: number,
  epoch: number,
): boolean {
  if (loaded === NOTHING) return false
  if (load.verified >= started) return true
  const began = loaded.state === 'miss' ? load.begun! : load.claimed
  if (began > started) return true
  if (loaded.validated && load.filling !== undefined && load.filling > started) return true
  if (core.remotes.length > 0 && (core.near === undefined || !core.trusted)) return false
  return epoch === load.epoch || loaded.validated
}

/** Notes that the loaders which asked wait for this load; a circle among them is an error at once. */
export function waitsBegin(core: Core, scope: Scope | undefined, load: Load): readonly Load[] {
  if (scope === undefined) return []
  throwOnCycle(scope, load, core)
  const makers = makersOf(scope)
  for (const maker of makers) maker.waitsFor.add(load)
  return makers
}

function throwOnCycle(scope: Scope | undefined, load: Load, core: Core): void {
  if (scope === undefined) return
  if (makersOf(scope).some((maker) => load.waitsOn(maker))) {
    const error = cycleError(load.key)
    if (load.waiting === 0 && core.loads.get(load.key) === load) overtake(core, load)
    throw error
  }
}

/** The loads whose loader this code runs in, through scopes that are no loads (collect, fragments). */
function makersOf(scope: Scope): readonly Load[] {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    if (Array.isArray(at.maker)) return at.maker as readonly Load[]
  }
  return []
}

/** Waits for a load as the caller allows: its signal, the soft timeout (with something stale at hand) and the hard one. */
export async function waitFor(
  core: Core,
  load: Load,
  { policy, signal }: Reading,
  atHand: AtHand | undefined,
): Promise<Loaded | 'timeout'> {
  load.enter()
  const now = core.clock.now()
  const soft =
    policy.softMs !== undefined &&
    atHand !== undefined &&
    now < atHand.freshUntil + policy.staleIfErrorMs
      ? policy.softMs
      : undefined
  if (signal === undefined && soft === undefined && policy.hardMs === undefined) {
    try {
      return await load.done
    } finally {
      load.leave(undefined)
    }
  }
  const { promise, resolve, reject } = Promise.withResolvers<Loaded | 'timeout'>()
  load.done.then(resolve, reject)
  const onAbort = (): void => reject(signal!.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  const cancelSoft =
    soft === undefined
      ? undefined
      : core.clock.after(soft, () => {
          // The load goes on in the background: this caller stays counted, so that it is not cancelled.
          load.enter()
          watchBackground(core, load, policy)
          resolve('timeout')
        })
  const cancelHard =
    policy.hardMs === undefined
      ? undefined
      : core.clock.after(policy.hardMs, () =>
          reject(
            new CacheError(
              'CACHE_TIMEOUT',
              `loading ${readable(load.key)} took longer than the hard timeout of ${policy.hardMs} ms`,
              { key: readable(load.key) },
            ),
          ),
        )
  let reason: unknown
  try {
    return await promise
  } catch (error) {
    reason = error
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
    cancelSoft?.()
    cancelHard?.()
    load.leave(reason)
  }
}
