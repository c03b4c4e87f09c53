import { systemClock, type Clock } from '../base/clock.js'
import { toMilliseconds, type Duration } from '../base/duration.js'
import { describe, invalidOption } from '../base/errors.js'
import { systemRandom, type Random } from '../base/random.js'
import { assertTag } from '../base/stable-key.js'
import type { Codec } from '../store/codec.js'
import type { CompressionOptions } from '../store/compression.js'
import type { EncryptionOptions } from '../store/encryption.js'
import { safeNamespace } from '../store/names.js'
import type { BusSource, Store } from '../store/store.js'
import type { CacheEvents } from './events.js'

/** How long an entry lives and how it is renewed; on the cache as defaults, on a call for that call. */
export interface LifetimeOptions {
  /** How long an entry is fresh. `0` keeps nothing, `Infinity` keeps it until it is evicted. Default: 5 minutes. */
  readonly ttl?: Duration | undefined
  /**
   * How long after `ttl` an entry may still be served (stale): while it is refreshed behind the answer, and when the
   * loader fails. Default: `0`, never.
   */
  readonly grace?: Duration | undefined
  /** The part of the grace in which a stale answer is given at once and refreshed behind it. Default: all of `grace`. */
  readonly staleWhileRevalidate?: Duration | undefined
  /** The part of the grace in which a stale answer covers a failing loader. Default: all of `grace`. */
  readonly staleIfError?: Duration | undefined
  /** Shortens each ttl by up to this fraction, at random, so that what was kept together does not end together. `0` to `1`. Default: `0`. */
  readonly jitter?: number | undefined
  /**
   * Refreshes an entry in use ahead of its end: from this fraction of the ttl on, at a moment that each process draws
   * for itself. `0` to `1`, for example `0.8`. Default: off.
   */
  readonly earlyRefresh?: number | undefined
  /**
   * With something stale at hand: wait this long for the load before answering stale, and finish it in the background.
   * Default: `0` within `staleWhileRevalidate`; outside of it, as long as the load takes.
   */
  readonly softTimeout?: Duration | undefined
  /**
   * The longest a caller waits for a load: then stale where `staleIfError` allows, else `CACHE_TIMEOUT`. The loader's signal
   * aborts when nobody waits any more; a value it returns all the same is kept. Default: none.
   */
  readonly hardTimeout?: Duration | undefined
  /** After a failed refresh, how long stale is served before the loader is asked again; doubles up to 30 s. Default: 1 second. */
  readonly errorBackoff?: Duration | undefined
}

/**
 * The audit finds out that some writer forgets to invalidate. A hit of `getOrSet` that is drawn is checked a moment later: its
 * loader is called once more, behind the answer, and what it returns is compared with what was served and kept nowhere. Where
 * they differ although nothing has invalidated the entry, before or for as long after, that is told by the event `audit`.
 *
 * What a loader reads through a cache comes from that cache here too. A value that differs at every load (a time of day, an
 * order that the database does not promise) is told as well.
 */
export interface AuditOptions {
  /** The part of the hits to check. `0` to `1`. Default: `0.001`. */
  readonly sample?: number | undefined
  /** How long after the hit: longer than an invalidation takes to follow its write. Default: 2 seconds. */
  readonly after?: Duration | undefined
  /** Told of each finding, as listeners of `audit` are. */
  readonly onStale?: ((finding: CacheEvents['audit']) => void) | undefined
}

/** The options of an audit, resolved. */
export interface AuditSettings {
  readonly sample: number
  readonly afterMs: number
  readonly onStale: ((finding: CacheEvents['audit']) => void) | undefined
}

/** Options of `createCache`. Each has a default; none is required. */
export interface CacheOptions extends LifetimeOptions {
  /** Separates this cache's keys and tags from all others on the same stores. 1 to 100 bytes. Default: `'default'`. */
  readonly namespace?: string | undefined
  /**
   * Where entries live, nearest first: any number of stores, of which at most one is process memory (which is always
   * asked first). Default: process memory alone.
   */
  readonly tiers?: readonly Store[] | undefined
  /** Carries invalidations between processes. Default: the bus of the nearest store that has one (Redis). */
  readonly bus?: BusSource | undefined
  /**
   * With a remote store behind process memory: the longest an entry is served from memory without asking again.
   * Default: no bound while a bus carries invalidations; 1 second where there is none (Memcached alone).
   */
  readonly memoryTtl?: Duration | undefined
  /**
   * What protects values in process memory from callers that change what they got. `'freeze'`: kept frozen, handed out as
   * they are, with copies only of what cannot be frozen (Date, Map, Buffer …). `'copy'`: handed out as copies. `'share'`:
   * handed out as they were given, for callers that promise not to. Default: `'freeze'`.
   */
  readonly values?: 'freeze' | 'copy' | 'share' | undefined
  /** How values become bytes for remote stores. Default: exact for plain data and the standard classes, safe on foreign bytes. */
  readonly codec?: Codec | undefined
  /** Compression of large values in remote stores; `false` for none. Default: from a threshold on. */
  readonly compression?: CompressionOptions | false | undefined
  /** Encryption at rest in remote stores, with key rotation. Default: none. */
  readonly encryption?: EncryptionOptions | undefined
  /** How long a lease lives without being renewed: when a process dies while loading, others take over after this. Default: 5 seconds. */
  readonly lease?: Duration | undefined
  /** How long to wait for a load in another process before loading without keeping. Default: 10 seconds. */
  readonly lockWait?: Duration | undefined
  /** Invalidations kept one by one while a store is unreachable; past it everything is invalidated at recovery. Default: 10,000. */
  readonly maxPending?: number | undefined
  /** `'reject'`: an invalidation that could not be delivered rejects with `CACHE_INVALIDATION_PENDING`. Default: `'resolve'`, with a receipt that says so. */
  readonly onPending?: 'resolve' | 'reject' | undefined
  /** How long `close` waits for running loads and fills. Default: 5 seconds. */
  readonly closeTimeout?: Duration | undefined
  /**
   * Loads the truth again behind a few of the hits, and tells of those that were served wrong: see `AuditOptions`. Costs
   * nothing when off. Default: off.
   */
  readonly audit?: AuditOptions | undefined
  /** Where time comes from, for tests. Default: the machine's. */
  readonly clock?: Clock | undefined
  /** Where chance comes from, for tests. Default: the machine's. */
  readonly random?: Random | undefined
}

/** Options of a call that may keep a value. */
export interface KeepOptions extends LifetimeOptions {
  /** Labels to invalidate by. */
  readonly tags?: readonly string[] | undefined
  /** True when the value belongs to one user: what is made from it is private too. Default: false. */
  readonly private?: boolean | undefined
}

/** Options of `getOrSet`. */
export interface GetOrSetOptions extends KeepOptions {
  /** Leaves when it aborts; the load is cancelled only when every caller has left. */
  readonly signal?: AbortSignal | undefined
  /** Loads now, whatever is kept, and keeps the new value. Default: false. */
  readonly fresh?: boolean | undefined
  /** Whether what is loaded inherits the tags, lifetime and privacy of what the loader read through a cache. Default: true. */
  readonly inherit?: boolean | undefined
}

/** Lifetime and protection of one call, every field present, in milliseconds. */
export interface Policy {
  readonly ttlMs: number
  /** The longest an entry may be served after its ttl, for whichever reason. */
  readonly graceMs: number
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  readonly jitter: number
  readonly earlyRefresh: number | undefined
  readonly softMs: number | undefined
  readonly hardMs: number | undefined
  readonly errorBackoffMs: number
  readonly tags: readonly string[]
  readonly private: boolean
  readonly inherit: boolean
  /** Nobody changes what a loader returns: it is kept and handed out as it is, whatever `values` says. */
  readonly shared: boolean
}

/** The options of a cache, resolved: past this nobody asks "is this set?". */
export interface Settings {
  readonly namespace: string
  readonly safeNamespace: string
  readonly tiers: readonly Store[]
  readonly bus: BusSource | undefined
  readonly memoryTtlMs: number | undefined
  readonly values: 'freeze' | 'copy' | 'share'
  readonly codec: Codec | undefined
  readonly compression: CompressionOptions | false | undefined
  readonly encryption: EncryptionOptions | undefined
  readonly leaseMs: number
  readonly lockWaitMs: number
  readonly maxPending: number
  readonly onPending: 'resolve' | 'reject'
  readonly closeTimeoutMs: number
  readonly audit: AuditSettings | undefined
  readonly clock: Clock
  readonly random: Random
  readonly policy: Policy
}

const NO_TAGS: readonly string[] = Object.freeze([])

const DEFAULT_POLICY: Policy = Object.freeze({
  ttlMs: 5 * 60_000,
  graceMs: 0,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  jitter: 0,
  earlyRefresh: undefined,
  softMs: undefined,
  hardMs: undefined,
  errorBackoffMs: 1_000,
  tags: NO_TAGS,
  private: false,
  inherit: true,
  shared: false,
})

/** The names of {@link LifetimeOptions}. */
export const LIFETIME_OPTIONS: readonly (keyof LifetimeOptions)[] = [
  'ttl',
  'grace',
  'staleWhileRevalidate',
  'staleIfError',
  'jitter',
  'earlyRefresh',
  'softTimeout',
  'hardTimeout',
  'errorBackoff',
]

const CACHE_OPTIONS = new Set<string>([
  ...LIFETIME_OPTIONS,
  'namespace',
  'tiers',
  'bus',
  'memoryTtl',
  'values',
  'codec',
  'compression',
  'encryption',
  'lease',
  'lockWait',
  'maxPending',
  'onPending',
  'closeTimeout',
  'audit',
  'clock',
  'random',
])

/**
 * Every option of `createCache` checked and in place.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option and the value, for a wrong or unknown one.
 */
export function resolveSettings(
  options: CacheOptions & { readonly tiers: readonly Store[] },
): Settings {
  if (typeof options !== 'object' || options === null)
    throw invalidOption('options', 'an object', options)
  for (const name of Object.keys(options)) {
    if (!CACHE_OPTIONS.has(name)) {
      throw invalidOption(
        name,
        `one of ${[...CACHE_OPTIONS].join(', ')}`,
        (options as unknown as Record<string, unknown>)[name],
      )
    }
  }
  const {
    namespace = 'default',
    values = 'freeze',
    onPending = 'resolve',
    maxPending = 10_000,
  } = options
  if (typeof namespace !== 'string') throw invalidOption('namespace', 'a string', namespace)
  if (!Array.isArray(options.tiers) || options.tiers.length === 0) {
    throw invalidOption('tiers', 'a list of at least one store', options.tiers)
  }
  options.tiers.forEach((tier: unknown, index) => {
    if (typeof (tier as Store | null)?.open !== 'function') {
      throw invalidOption(
        `tiers[${index}]`,
        'a store, such as memoryStore() or redisStore(url)',
        tier,
      )
    }
  })
  if (options.bus !== undefined && typeof options.bus?.open !== 'function') {
    throw invalidOption('bus', 'a bus, such as redisBus(url)', options.bus)
  }
  if (!['freeze', 'copy', 'share'].includes(values))
    throw invalidOption('values', "'freeze', 'copy' or 'share'", values)
  if (!['resolve', 'reject'].includes(onPending))
    throw invalidOption('onPending', "'resolve' or 'reject'", onPending)
  if (!Number.isInteger(maxPending) || maxPending < 1)
    throw invalidOption('maxPending', 'a whole number from 1', maxPending)
  return Object.freeze({
    namespace,
    safeNamespace: safeNamespace(namespace),
    tiers: [...options.tiers],
    bus: options.bus,
    memoryTtlMs: optionalMs(options.memoryTtl, 'memoryTtl'),
    values,
    codec: options.codec,
    compression: options.compression,
    encryption: options.encryption,
    leaseMs: bounded(options.lease, 'lease', 5_000),
    lockWaitMs: bounded(options.lockWait, 'lockWait', 10_000),
    maxPending,
    onPending,
    closeTimeoutMs: bounded(options.closeTimeout, 'closeTimeout', 5_000),
    audit: resolveAudit(options.audit),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    policy: resolvePolicy(DEFAULT_POLICY, options),
  })
}

/**
 * The policy of one call: its options over the cache's.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` or `CACHE_TAG_INVALID` naming what is wrong.
 */
export function resolvePolicy(base: Policy, options: GetOrSetOptions | undefined): Policy {
  if (options === undefined) return base
  if (typeof options !== 'object' || options === null)
    throw invalidOption('options', 'an object', options)
  const graceGiven = options.grace !== undefined
  const graceMs = optionalMs(options.grace, 'grace') ?? base.graceMs
  const swr =
    optionalMs(options.staleWhileRevalidate, 'staleWhileRevalidate') ??
    (graceGiven ? graceMs : base.staleWhileRevalidateMs)
  const sie =
    optionalMs(options.staleIfError, 'staleIfError') ?? (graceGiven ? graceMs : base.staleIfErrorMs)
  const { tags } = options
  if (tags !== undefined) {
    if (!Array.isArray(tags)) throw invalidOption('tags', 'a list of strings', tags)
    for (const tag of tags) assertTag(tag)
  }
  return {
    ttlMs: optionalMs(options.ttl, 'ttl') ?? base.ttlMs,
    graceMs: Math.max(swr, sie, graceGiven ? graceMs : 0),
    staleWhileRevalidateMs: swr,
    staleIfErrorMs: sie,
    jitter: fraction(options.jitter, 'jitter') ?? base.jitter,
    earlyRefresh: fraction(options.earlyRefresh, 'earlyRefresh') ?? base.earlyRefresh,
    softMs: optionalMs(options.softTimeout, 'softTimeout') ?? base.softMs,
    hardMs: optionalMs(options.hardTimeout, 'hardTimeout') ?? base.hardMs,
    errorBackoffMs: optionalMs(options.errorBackoff, 'errorBackoff') ?? base.errorBackoffMs,
    tags:
      tags === undefined || tags.length === 0 ? base.tags : [...new Set([...base.tags, ...tags])],
    private: boolean(options.private, 'private') ?? base.private,
    inherit: boolean(options.inherit, 'inherit') ?? base.inherit,
    shared: base.shared,
  }
}

function resolveAudit(audit: AuditOptions | undefined): AuditSettings | undefined {
  if (audit === undefined) return undefined
  if (typeof audit !== 'object' || audit === null)
    throw invalidOption('audit', 'an object such as { sample: 0.001 }', audit)
  if (audit.onStale !== undefined && typeof audit.onStale !== 'function')
    throw invalidOption('audit.onStale', 'a function', audit.onStale)
  const sample = fraction(audit.sample, 'audit.sample') ?? 0.001
  if (sample === 0) return undefined
  return Object.freeze({
    sample,
    afterMs: bounded(audit.after, 'audit.after', 2_000),
    onStale: audit.onStale,
  })
}

function optionalMs(duration: Duration | undefined, option: string): number | undefined {
  return duration === undefined ? undefined : toMilliseconds(duration, option)
}

function bounded(duration: Duration | undefined, option: string, otherwise: number): number {
  const ms = optionalMs(duration, option) ?? otherwise
  if (ms > 0 && ms < 2 ** 31) return ms
  throw invalidOption(option, 'longer than 0 and shorter than 24 days', duration)
}

function fraction(value: number | undefined, option: string): number | undefined {
  if (value === undefined || (typeof value === 'number' && value >= 0 && value <= 1)) return value
  throw invalidOption(option, 'a number from 0 to 1', value)
}

function boolean(value: boolean | undefined, option: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value
  throw invalidOption(option, `true or false, not ${describe(value)}`, value)
}
