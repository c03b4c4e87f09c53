import type { Clock } from '../base/clock.js'
import type { Random } from '../base/random.js'

/**
 * The contract between the engine and the places where entries live.
 *
 * Two kinds of store exist. A *local* store is this process: synchronous, holding values. A *remote*
 * store is a server shared by processes: asynchronous, holding envelopes (bytes). Both speak the verbs
 * of the coherence protocol: read, lease, fill, drop, invalidate; a fill succeeds only while its lease
 * is still there, and everything that changes a key takes the lease away.
 */

/** The number of a tag at some moment: random, replaced by each invalidation, never used twice. */
export type Version = string

/** What the engine gives a store when the cache is made. */
export interface StoreContext {
  /** The namespace in a form that is safe in any key: letters, digits, `-`, `_`, `.` and `%` escapes. */
  readonly namespace: string
  readonly clock: Clock
  readonly random: Random
  /** Something went wrong that no caller is waiting for. */
  readonly onError: (error: unknown, operation: string) => void
}

/**
 * What a user passes as a tier: a description that opens when a cache is made from it. One description
 * given to two caches is opened twice; a client that the application owns is shared and never closed.
 */
export interface Store {
  /** Names the store in events and statistics: `memory`, `redis`, `memcached`. */
  readonly name: string
  open(context: StoreContext): LocalStore | RemoteStore
}

// ---------------------------------------------------------------------------------------- local

/** A value with what is needed to judge it. Immutable once filled, but for what store and engine note beside it. */
export interface Entry {
  readonly value: unknown
  /** When the load that made it began, ms since the epoch. */
  readonly loadedAt: number
  /** Fresh before this moment, ms since the epoch. */
  readonly freshUntil: number
  /** May be served stale before this moment, ms since the epoch; unusable after. */
  readonly staleUntil: number
  /** From here on a reader has something to decide (refresh ahead, stale, expired); at most `freshUntil`. */
  readonly checkAt: number
  /** True when `value` is handed out as a copy, because it could not be frozen. */
  readonly copied: boolean
  /** True when what it was made from is private to a user. */
  readonly private: boolean
  /** Approximate weight in bytes, of key and value. */
  readonly bytes: number
  /** What it depends on, with the versions as they were noted; the two arrays have one length. */
  readonly tags: readonly string[]
  readonly versions: readonly Version[]
  /** The value as a promise, for the engine: made at the first hit of a value that callers share. */
  answer?: Promise<unknown> | undefined
}

/** The right to fill one key of a local store: `live` until anything changes the key. */
export interface LocalLease {
  readonly live: boolean
}

/**
 * This process. Every verb is synchronous, so that nothing can come between two of them.
 *
 * Tags: the store keeps one version per tag that its entries carry. An entry is valid only while every
 * one of its pairs equals the kept version. Comparing costs nothing while no tag has been invalidated:
 * the store counts invalidations (`epoch`) and an entry checked at this count need not be checked again.
 * The table of tags is bounded; when one is evicted, the entries that carry it become invalid.
 */
export interface LocalStore {
  readonly kind: 'local'
  /** Moves with every `invalidate`, `clear` and eviction of a tag. */
  readonly epoch: number
  /**
   * The entry, if it is there and valid by its tags. Counts as use. Does not look at the clock: the caller
   * judges the times (it has read the clock already, and reading it costs more than the look-up).
   */
  get(key: string): Entry | undefined
  /** As `get`, without counting as use, and also when invalid: for inspection. */
  peek(key: string): { readonly entry: Entry; readonly valid: boolean } | undefined
  /**
   * Plants a lease. Several may be live on one key at once (a reader and a refresh): `drop`, `put`, `clear`
   * and a successful `fill` by another lease end each of them.
   * A lease costs memory until `release`d, filled or ended.
   */
  plant(key: string): LocalLease
  release(key: string, lease: LocalLease): void
  /** The versions of tags by this store's own table, created where missing: for caches with no remote store. */
  note(tags: readonly string[]): Version[]
  /**
   * Takes over what a remote store said about tags. Heeded only if no invalidation has come since the lease
   * was planted: then the remote's answer is the truth, and what the table held before gives way.
   */
  learn(
    lease: LocalLease,
    tags: readonly string[],
    versions: readonly (Version | undefined)[],
  ): void
  /**
   * Keeps the entry, if the lease is live and each pair equals the table's version. A tag that is not in the
   * table is taken over from the entry if no invalidation has come since the lease was planted, else the fill
   * is refused. Ends the lease either way. False when refused, or when the entry is too large to keep.
   */
  fill(key: string, lease: LocalLease, entry: Entry): boolean
  /** Keeps the entry whatever is there, and ends all leases of the key: for caches with no remote store. */
  put(key: string, entry: Entry): boolean
  /** Removes the entry and ends all leases of the key. True when an entry was there that a read would have used. */
  drop(key: string): boolean
  /** Gives tags new versions, whatever the table held; nothing needs to be kept for a tag that no entry carries. */
  invalidate(tags: readonly string[], versions: readonly Version[]): void
  /** Empties the store and ends all leases. Bounded pause, also with a million entries. */
  clear(): void
  /** Number of entries kept. */
  readonly size: number
  /** Sum of `bytes` of the entries kept. */
  readonly bytes: number
  /** Told of each entry that left to make room. At most one listener; `undefined` takes it away. */
  onEvict: ((key: string, entry: Entry) => void) | undefined
  /** Ends the sweep and lets everything go. */
  close(): void
}

// --------------------------------------------------------------------------------------- remote

/** An envelope as it was found, with what is needed to replace exactly this one. */
export interface Found {
  readonly bytes: Buffer
  /** Opaque to the engine: the server's own CAS number, or the bytes themselves. */
  readonly token: unknown
}

/** The right to fill one key of a remote store: unforgeable, and short-lived. */
export interface RemoteLease {
  /** Opaque to the engine, but for its text: `String(token)` is what `holder` says while the lease is there. */
  readonly token: unknown
}

/** A part of a command failed while the rest succeeded: one of several servers is down, say. */
export interface Unavailable {
  readonly unavailable: Error
}

/** What a command says of a key: the entry if there is one, and the namespace's version where the key lives. */
export interface KeyState {
  readonly found: Found | undefined
  /** Replaced by `clear`. Undefined when the record is missing: then nothing in the namespace is valid. */
  readonly space: Version | undefined
}

export interface ReadResult {
  /** One per key. */
  readonly keys: readonly (KeyState | Unavailable)[]
  /** One per tag; undefined when the record is missing, which matches nothing. */
  readonly versions: readonly (Version | undefined | Unavailable)[]
}

/**
 * What is asked in one tick of a store whose answers all come together: readers write on it, wait for one promise, and read
 * their answers off it. Where many read one key each, this costs a fraction of a `read` for each of them.
 *
 * Nothing may be read off before `done` has resolved, and nothing asked after the tick in which it was handed out.
 */
export interface Sheet {
  /** Asks for an entry and the namespace's version where it lives. Returns its place; the same key has one place. */
  entry(key: string): number
  /**
   * As `entry`, for somebody who expects that nothing is there. Then, unless somebody else holds it, the lease of the key is
   * planted in the same step, as by `acquire`, and the tags that are asked on this sheet are noted, and the record `also`.
   * Whatever is there keeps it from being planted. A store may leave it at reading, and does when more is on the sheet.
   */
  claim?(key: string, also: string, leaseMs: number, keepMs: number): number
  /** What `claim` gained, for the one who asks first: to fill with it, or to release it. */
  gained?(place: number): Gained | undefined
  /** Asks for several entries, whoever else asks for them. Returns the place of the first; the others follow it. */
  entries(keys: readonly string[]): number
  /** Asks for the versions of tags. The same list has one question. */
  tags(tags: readonly string[]): TagQuestion
  /** Resolves when there are answers, or none to come. Never rejects, so that those who wait need one callback and not two. */
  readonly done: Promise<void>
  /** Then, why there are no answers: a `CacheError` `CACHE_STORE_UNAVAILABLE` when nothing could be reached. */
  readonly error: Error | undefined
  /** When the answers came, ms since the epoch: what was fresh then was fresh while the question was asked. */
  readonly at: number
  /** The envelope in a place, and the namespace's version where it lives; undefined where there is none or nobody knows. */
  bytes(place: number): Buffer | undefined
  space(place: number): Version | undefined
  /** The same as `read` tells it. */
  state(place: number): KeyState | Unavailable
}

/** A lease that came with the answer that nothing is there. */
export interface Gained {
  readonly lease: RemoteLease
  /** The namespace's version, and that of the record that was noted beside the tags. */
  readonly space: Version
  readonly also: Version
}

export interface TagQuestion {
  /** One per tag, in one list for all who ask; undefined when the record is missing, which matches nothing. */
  readonly versions: readonly (Version | undefined | Unavailable)[]
}

export interface AcquireResult {
  /** One per key. `lease` is undefined while somebody else holds it; `space` was created where missing. */
  readonly keys: readonly (
    | {
        readonly lease: RemoteLease | undefined
        readonly found: Found | undefined
        readonly space: Version
      }
    | Unavailable
  )[]
  /** One per tag, created where missing. */
  readonly versions: readonly (Version | Unavailable)[]
}

export interface Fill {
  readonly key: string
  readonly lease: RemoteLease
  readonly bytes: Buffer
  /** How long the server keeps it, ms from now; `Infinity` for as long as it can. */
  readonly keepMs: number
}

export interface Write {
  readonly key: string
  readonly bytes: Buffer
  readonly keepMs: number
}

/** Fails with a reason per key: `undefined` where it succeeded. */
export type Outcome = Error | undefined

/**
 * A server, or several, shared by processes.
 *
 * Names: the engine passes keys and tags as 1 to 180 bytes of printable ASCII without space, `{` and `}`
 * (long and odd ones come digested); the store adds the namespace and what tells entries, leases and records apart.
 *
 * Time: every verb settles within the store's operation deadline, also when the connection is open and
 * nothing answers, and at once while the server's circuit is open. It rejects with a `CacheError`
 * `CACHE_STORE_UNAVAILABLE` when nothing at all could be reached, and reports per item where only a part failed.
 *
 * Gathering: verbs called in one tick go out as one command, or one write of pipelined commands, per server.
 *
 * `announcement`: what other processes have to hear of this change. A store that has a `bus` publishes it in the
 * same atomic step as the change; others ignore it.
 */
export interface RemoteStore {
  readonly kind: 'remote'
  /** Entries, the namespace's version for each, and tag versions: one round trip per server. */
  read(keys: readonly string[], tags: readonly string[]): Promise<ReadResult>
  /** The sheet of this tick: as `read`, for a store that answers all that is asked of it in one tick at once. */
  sheet?(): Sheet
  /**
   * Plants a lease on each key unless one is there, then reads the entries (after the planting), and notes
   * the tags, creating records where missing: one round trip per server. `leaseMs` is how long a lease lives unless renewed.
   * `keepMs` is how long the entry to come may live: records created or found here are kept at least that long.
   */
  acquire(
    keys: readonly string[],
    tags: readonly string[],
    leaseMs: number,
    keepMs: number,
  ): Promise<AcquireResult>
  /** Prolongs a lease. False when it is no longer ours. */
  renew(key: string, lease: RemoteLease, leaseMs: number): Promise<boolean>
  /** Gives a lease back unused, if it is still ours. */
  release(key: string, lease: RemoteLease): Promise<void>
  /**
   * Sets each entry if its lease is still there, and drops the lease; then reads the namespace's versions and the tags.
   * `filled` has one per fill: false when the lease was gone.
   */
  fill(
    fills: readonly Fill[],
    tags: readonly string[],
  ): Promise<{ readonly filled: readonly (boolean | Unavailable)[]; readonly state: ReadResult }>
  /**
   * Notes tags in the order given, creating records where missing: a later one is not read before an earlier one.
   * With `invalidate`, which replaces in the order given, it follows that who sees the last replaced saw the first replaced too.
   */
  note(tags: readonly string[], keepMs: number): Promise<readonly (Version | Unavailable)[]>
  /**
   * The namespace's version as last seen where this key lives, without asking: what a `write` guesses with.
   * Undefined when it has not been seen yet.
   */
  lastSpace(key: string): Version | undefined
  /**
   * Sets entries unconditionally, drops their leases; then reads the namespace's versions and the tags, creating
   * both where missing. The caller compares them with what it wrote into the envelopes and writes again if it guessed wrong.
   */
  write(
    writes: readonly Write[],
    tags: readonly string[],
    announcement: string | undefined,
  ): Promise<{ readonly written: readonly Outcome[]; readonly state: ReadResult }>
  /**
   * Replaces exactly what was found (or nothing, where `expected` is undefined) and drops the lease. False when
   * something else is there now.
   */
  swap(
    write: Write,
    expected: Found | undefined,
    announcement: string | undefined,
  ): Promise<boolean>
  /** Removes entries and leases. */
  drop(keys: readonly string[], announcement: string | undefined): Promise<readonly Outcome[]>
  /**
   * Replaces the versions of tags, in the order given. Records are kept at least `keepMs` (a missing record is safe).
   */
  invalidate(
    tags: readonly string[],
    versions: readonly Version[],
    announcement: string | undefined,
  ): Promise<readonly Outcome[]>
  /**
   * Replaces the namespace's version on every server, so that nothing in it is valid any more; space is taken
   * back in the background where the server allows. Safe to repeat.
   */
  clear(version: Version, announcement: string | undefined): Promise<void>
  /** Who holds the lease of a key, by the text of its token: undefined when nobody does. */
  holder(
    key: string,
  ): Promise<{ readonly token: string; readonly remainingMs: number | undefined } | undefined>
  /** Present when the server carries messages between processes too. */
  readonly bus?: Bus
  /** State of the connections, for statistics and health checks. */
  health(): readonly ServerHealth[]
  /** Ends the connections we opened. Commands that run are given `graceMs` to finish. */
  close(graceMs: number): Promise<void>
}

export interface ServerHealth {
  readonly server: string
  /** `closed`: used; `open`: not asked until it recovers; `half-open`: being probed. */
  readonly circuit: 'closed' | 'open' | 'half-open'
}

// ------------------------------------------------------------------------------------------ bus

/** What a user passes as `bus`: opens when a cache is made from it. */
export interface BusSource {
  open(context: StoreContext): Bus
}

export interface BusListener {
  message(text: string): void
  /** Messages are heard from now on. Anything may have been missed before. */
  up(): void
  /** Messages may be missed from now on. */
  down(reason: Error | undefined): void
}

/** Carries announcements between the processes that share a namespace. */
export interface Bus {
  /**
   * Begins to listen. Reconnects by itself for as long as it is wanted, and tells of each change by `up` and `down`;
   * a connection that is open but dead is noticed by a heartbeat and told as `down`.
   */
  subscribe(listener: BusListener): void
  publish(text: string): Promise<void>
  close(): Promise<void>
}
