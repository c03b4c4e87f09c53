import type { Clock } from '../base/clock.js'
import { CacheError, invalidOption } from '../base/errors.js'
import { Few } from '../base/few.js'
import type { Random } from '../base/random.js'
import { Recent } from '../base/recent.js'
import { createEnvelopes, type Envelopes } from '../store/envelope.js'
import { EPOCH_NAME, remoteName } from '../store/names.js'
import type { Bus, LocalStore, RemoteStore, Sheet, StoreContext, Version } from '../store/store.js'
import type { LoaderContext } from './context.js'
import { createCounters, Events, type Counters } from './events.js'
import { Journal, type Pending } from './journal.js'
import type { Load } from './load.js'
import type { Looked } from './shared-lookup.js'
import type { Settings } from './options.js'

/** A remote store in its place, with what could not be delivered to it. */
export interface Remote {
  readonly name: string
  readonly store: RemoteStore
  readonly journal: Journal
  /** Place among the remote stores, nearest first. The first keeps the tag records for all. */
  readonly place: number
}

/** A remote store whose questions of one tick go out on one sheet. */
export interface StraightRemote extends Remote {
  readonly sheet: () => Sheet
}

/** What the parts of the engine share. One per cache. */
export interface Core {
  readonly settings: Settings
  readonly clock: Clock
  readonly random: Random
  readonly events: Events
  readonly counters: Counters
  readonly envelopes: Envelopes
  /** Names of the tiers as statistics show them, nearest first, process memory included. */
  readonly tierNames: readonly string[]
  readonly near: LocalStore | undefined
  /** Nearest first. */
  readonly remotes: readonly Remote[]
  /** Process memory, where it is all there is and nobody else has to be heard: most loads then take a short way (lone-load.ts). */
  readonly alone: LocalStore | undefined
  /** The one remote store there is, where it has sheets: most reads then take a straight way (straight.ts). */
  readonly straight: StraightRemote | undefined
  readonly bus: Bus | undefined
  /** True when the nearest remote store publishes by itself, on the bus that is used. */
  readonly announces: boolean
  /** What the bus could not carry yet. */
  readonly busJournal: Journal | undefined
  /** How long process memory may answer without asking, ms. */
  readonly memoryTtlMs: number
  /** This cache among all that share the namespace: its own messages are not for itself. */
  readonly origin: string
  /** A number that gives this process moments of its own for early refreshes, 0 to 1. */
  readonly phase: number
  /** Process memory is believed: there is nothing to hear, or we hear it. */
  trusted: boolean
  /** Numbers the beginnings of reads and loads in this process, so that they can be ordered without a clock. */
  sequence: number
  /** How many straight reads in a row found nothing; `Infinity` before any has found something. */
  misses: number
  /** Loads that a new reader may join. */
  readonly loads: Few<Load>
  /** Loads that have not ended and that nobody may join any more. */
  readonly apart: Set<Load>
  /** Remote reads that a new reader may join. */
  readonly lookups: Few<{ readonly promise: Promise<Looked>; joinable: () => boolean }>
  /** Tags of each key's last load, so that the next read and load ask for them in time. */
  readonly hints: Recent<readonly string[]>
  /** Tag versions as last seen in the records, for writes to guess with. */
  readonly known: Recent<Version>
  /** Keys whose refresh failed: until when the loader is left alone. */
  readonly backoffs: Recent<{ readonly until: number; readonly ms: number }>
  /** Caches that keep things made from what this one keeps. */
  readonly followers: Set<Core>
  /** What has to be ended first when the cache is closed. */
  readonly endings: Set<() => void>
  /** Checks some of the hits, when the audit is on. */
  audit: Audit | undefined
  closed: boolean
}

/** Sees every hit that has a loader, and checks some of them. */
export interface Audit {
  hit(key: string, served: Served, loader: (context: LoaderContext) => unknown): void
}

/** What was served, with what tells whether it still holds. */
export interface Served {
  readonly value: unknown
  readonly loadedAt: number
  readonly tags: readonly string[]
  readonly versions: readonly Version[]
}

/** Opens the stores of a cache (not their connections) and puts them in order. */
export function createCore(settings: Settings): Core {
  const { clock, random } = settings
  const events = new Events(settings.namespace)
  const counters = createCounters(settings.tiers.length)
  const report = (tier: string) => (error: unknown, operation: string) => {
    counters.errors++
    if (events.wants('error')) events.emit('error', { error, operation, tier })
  }
  const context = (tier: string): StoreContext => ({
    namespace: settings.safeNamespace,
    clock,
    random,
    onError: report(tier),
  })
  let near: LocalStore | undefined
  let nearName = ''
  const stores: { name: string; store: RemoteStore }[] = []
  settings.tiers.forEach((tier, index) => {
    const store = tier.open(context(tier.name))
    if (store.kind === 'remote') stores.push({ name: tier.name, store })
    else if (near === undefined) {
      near = store
      nearName = tier.name
    } else
      throw invalidOption(
        `tiers[${index}]`,
        'a remote store: process memory is one tier at most',
        tier,
      )
  })
  const remotes = stores.map(({ name, store }, place): Remote => {
    const journal = new Journal({
      clock,
      maxPending: settings.maxPending,
      token: () => random.token(),
      deliver: (pending) => deliver(store, pending, place === 0 && announces ? origin : undefined),
    })
    return { name, store, journal, place }
  })
  const origin = random.token()
  const own = remotes.find((remote) => remote.store.bus !== undefined)
  const bus = settings.bus?.open(context('bus')) ?? own?.store.bus
  const announces =
    bus !== undefined && own !== undefined && bus === own.store.bus && own.place === 0
  const busJournal =
    bus === undefined || announces
      ? undefined
      : new Journal({
          clock,
          maxPending: settings.maxPending,
          token: () => random.token(),
          deliver: async (pending) => {
            for (const text of announcements(origin, pending)) await bus.publish(text)
          },
        })
  const core: Core = {
    settings,
    clock,
    random,
    events,
    counters,
    envelopes: createEnvelopes({
      codec: settings.codec,
      compression: settings.compression,
      encryption: settings.encryption,
      random,
    }),
    tierNames: [...(near ? [nearName] : []), ...remotes.map((remote) => remote.name)],
    near,
    remotes,
    alone: remotes.length === 0 && bus === undefined ? near : undefined,
    straight: remotes.length === 1 ? straightOf(remotes[0]!) : undefined,
    bus,
    announces,
    busJournal,
    memoryTtlMs:
      settings.memoryTtlMs ?? (remotes.length > 0 && bus === undefined ? 1_000 : Infinity),
    origin,
    phase: random.fraction(),
    trusted: bus === undefined,
    sequence: 0,
    misses: Infinity,
    loads: new Few(),
    apart: new Set(),
    lookups: new Few(),
    hints: new Recent(10_000),
    known: new Recent(10_000),
    backoffs: new Recent(10_000),
    followers: new Set(),
    endings: new Set(),
    audit: undefined,
    closed: false,
  }
  if (near !== undefined) {
    const store: LocalStore = near
    store.onEvict = (key, entry) => {
      counters.evictions++
      if (events.wants('evict')) events.emit('evict', { key: readable(key), bytes: entry.bytes })
    }
  }
  return core
}

function straightOf(remote: Remote): StraightRemote | undefined {
  const { store } = remote
  return store.sheet && { ...remote, sheet: () => store.sheet!() }
}

/** What other processes have to hear of a change, as it travels. */
export interface Announcement {
  /** Who says so. */
  readonly o: string
  readonly k?: readonly string[]
  readonly t?: readonly string[]
  readonly v?: readonly Version[]
  /** Everything. */
  readonly c?: 1
}

export function announce(origin: string, what: Omit<Announcement, 'o'>): string {
  return JSON.stringify({ o: origin, ...what })
}

function announcements(origin: string, pending: Pending): string[] {
  const texts: string[] = []
  if (pending.keys.length > 0) texts.push(announce(origin, { k: pending.keys }))
  if (pending.tags.length > 0)
    texts.push(announce(origin, { t: pending.tags, v: pending.versions }))
  if (pending.all !== undefined) texts.push(announce(origin, { c: 1 }))
  return texts
}

/** Delivers what was pending to one store; rejects unless all of it arrived. */
async function deliver(
  store: RemoteStore,
  pending: Pending,
  origin: string | undefined,
): Promise<void> {
  const text = (what: Omit<Announcement, 'o'>): string | undefined =>
    origin === undefined ? undefined : announce(origin, what)
  if (pending.all !== undefined) await store.clear(pending.all, text({ c: 1 }))
  if (pending.keys.length > 0) {
    const outcomes = await store.drop(
      pending.keys.map((key) => remoteName(key).name),
      text({ k: pending.keys }),
    )
    throwFirst(outcomes)
  }
  if (pending.tags.length > 0) {
    const outcomes = await store.invalidate(
      [EPOCH_NAME, ...pending.tags.map((tag) => remoteName(tag).name)],
      [pending.versions[0]!, ...pending.versions],
      text({ t: pending.tags, v: pending.versions }),
    )
    throwFirst(outcomes)
  }
}

function throwFirst(outcomes: readonly (Error | undefined)[]): void {
  const failed = outcomes.find((outcome) => outcome !== undefined)
  if (failed) throw failed
}

/** A key as a person reads it: a structure's canonical text without the mark in front. */
export function readable(key: string): string {
  return key.charCodeAt(0) === 1 ? key.slice(1) : key
}

/** Counts a failure that no caller is told of, and tells the listeners. */
export function report(
  core: Core,
  error: unknown,
  operation: string,
  at: { readonly key?: string; readonly tier?: string } = {},
): void {
  core.counters.errors++
  if (core.events.wants('error')) {
    core.events.emit('error', {
      error,
      operation,
      ...(at.key === undefined ? {} : { key: readable(at.key) }),
      ...(at.tier === undefined ? {} : { tier: at.tier }),
    })
  }
}

/** @throws {CacheError} `CACHE_CLOSED` after `close()`. */
export function assertOpen(core: Core): void {
  if (core.closed)
    throw new CacheError('CACHE_CLOSED', 'the cache is closed; make another with createCache()')
}
