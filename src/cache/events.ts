import { channel, type Channel } from 'node:diagnostics_channel'
import { tell } from '../base/listeners.js'
import type { ServerHealth, Version } from '../store/store.js'

/** How a read ended. */
export type ReadState = 'hit' | 'stale' | 'miss' | 'bypass'

/** What a cache tells its listeners. Keys are in readable form. */
export interface CacheEvents {
  /** A fresh entry was served; `tier` names the store it came from. */
  readonly hit: { readonly key: string; readonly tier: string }
  /** A stale entry was served, and why a fresh one was not. */
  readonly stale: {
    readonly key: string
    readonly tier: string
    readonly reason: 'revalidate' | 'error' | 'timeout' | 'held'
  }
  /** Nothing usable was there; the loader answers. */
  readonly miss: { readonly key: string }
  /** The cache was not asked. */
  readonly bypass: { readonly key: string }
  /** A loader has ended, after `ms`; `error` is what it threw. Told where the read that began the load goes on. */
  readonly load: { readonly key: string; readonly ms: number; readonly error?: unknown }
  /** A loaded or set value was kept; `ms` is how long the load took. */
  readonly fill: { readonly key: string; readonly ms: number; readonly tags: readonly string[] }
  /** A load ran and its value was returned but not kept, and why. */
  readonly unkept: {
    readonly key: string
    readonly reason:
      | 'overtaken'
      | 'unleased'
      | 'skipped'
      | 'undefined'
      | 'ttl'
      | 'dependencies'
      | 'unavailable'
      | 'size'
  }
  /** A load began behind an answer that was served already. */
  readonly refresh: { readonly key: string; readonly reason: 'stale' | 'early' }
  /** Keys, tags or the whole namespace became unusable; `remote` when another process said so. */
  readonly invalidate: {
    readonly keys?: readonly string[]
    readonly tags?: readonly string[]
    readonly all?: boolean
    readonly remote: boolean
    readonly pending: boolean
  }
  /** The memory tier made room. */
  readonly evict: { readonly key: string; readonly bytes: number }
  /** A set that is kept warm: its run began, went on, ended. */
  readonly warm: {
    readonly name: string
    readonly state: 'begun' | 'progress' | 'done'
    readonly total: number
    readonly loaded: number
    readonly fresh: number
    readonly failed: number
  }
  /** The messages of other processes are heard (`up`) or may be missed (`down`): then process memory is not trusted. */
  readonly bus: { readonly state: 'up' | 'down' }
  /** A value was served that was no longer true, and nothing had invalidated it: some writer forgets to. See `AuditOptions`. */
  readonly audit: {
    readonly key: string
    /** What was served, and what the loader returned a moment later. */
    readonly served: unknown
    readonly truth: unknown
    /** When the load of what was served began, and when it was served, ms since the epoch. */
    readonly loadedAt: number
    readonly servedAt: number
    /** The tags that an invalidation could have named, with the versions that still hold. */
    readonly tags: readonly { readonly tag: string; readonly version: Version }[]
  }
  /** Something failed that no caller is told of. */
  readonly error: {
    readonly error: unknown
    readonly operation: string
    readonly key?: string
    readonly tier?: string
  }
}

export type CacheEventName = keyof CacheEvents

/** Counters since the cache was made. */
export interface CacheStats {
  readonly hits: number
  readonly staleHits: number
  readonly misses: number
  readonly bypasses: number
  readonly loads: number
  readonly loadErrors: number
  readonly refreshes: number
  readonly fills: number
  readonly unkept: number
  readonly invalidations: number
  readonly evictions: number
  readonly errors: number
  /** Hits that were checked by the audit, and those that were found to be wrong. */
  readonly audits: number
  readonly auditFindings: number
  /** Reads answered by each tier, by its name. */
  readonly hitsByTier: Readonly<Record<string, number>>
  /** hits and stale hits over all reads; 0 when there were none. */
  readonly hitRatio: number
  /** Entries and approximate bytes in process memory. */
  readonly entries: number
  readonly bytes: number
  /** Loads running now. */
  readonly loading: number
  /** Invalidations that could not be delivered yet. */
  readonly pending: number
  /** The servers behind the remote tiers, and whether they are asked: the ones known so far. */
  readonly servers: readonly (ServerHealth & { readonly tier: string })[]
}

/** Counters that the engine moves; plain fields, so that counting costs nothing worth measuring. */
export interface Counters {
  hits: number
  staleHits: number
  misses: number
  bypasses: number
  loads: number
  loadErrors: number
  refreshes: number
  fills: number
  unkept: number
  invalidations: number
  evictions: number
  errors: number
  audits: number
  auditFindings: number
  /** Hits per tier, nearest first. */
  readonly byTier: number[]
}

export function createCounters(tiers: number): Counters {
  return {
    hits: 0,
    staleHits: 0,
    misses: 0,
    bypasses: 0,
    loads: 0,
    loadErrors: 0,
    refreshes: 0,
    fills: 0,
    unkept: 0,
    invalidations: 0,
    evictions: 0,
    errors: 0,
    audits: 0,
    auditFindings: 0,
    byTier: Array.from({ length: tiers }, () => 0),
  }
}

type Listener<Name extends CacheEventName> = (event: CacheEvents[Name]) => void

/** Who is told of an event. */
interface Audience {
  listeners: Set<(event: never) => void> | undefined
  readonly channel: Channel
}

/**
 * Listeners of one cache, and the process-wide `diagnostics_channel`s `keepfresh:<event>`, whose messages carry the
 * cache's namespace too. Ask `wants` before building an event: nothing is computed for listeners that are not there.
 */
export class Events {
  readonly #namespace: string
  readonly #audiences = new Map<CacheEventName, Audience>()
  /** The two events of the hit path have their own switch. */
  hitListened = false
  readonly hitChannel: Channel

  constructor(namespace: string) {
    this.#namespace = namespace
    this.hitChannel = this.#of('hit').channel
  }

  on<Name extends CacheEventName>(name: Name, listener: Listener<Name>): void {
    const audience = this.#of(name)
    audience.listeners ??= new Set()
    audience.listeners.add(listener)
    if (name === 'hit') this.hitListened = true
  }

  off<Name extends CacheEventName>(name: Name, listener: Listener<Name>): void {
    const audience = this.#of(name)
    audience.listeners?.delete(listener)
    if (audience.listeners?.size === 0) audience.listeners = undefined
    if (name === 'hit') this.hitListened = audience.listeners !== undefined
  }

  wants(name: CacheEventName): boolean {
    const { listeners, channel } = this.#of(name)
    return listeners !== undefined || channel.hasSubscribers
  }

  /** Tells everyone. A listener that throws does not disturb the cache: its error is thrown on its own, later. */
  emit<Name extends CacheEventName>(name: Name, event: CacheEvents[Name]): void {
    const { listeners, channel } = this.#of(name)
    if (listeners !== undefined) {
      for (const listener of listeners) tell(listener as Listener<Name>, event)
    }
    if (channel.hasSubscribers) channel.publish({ namespace: this.#namespace, ...event })
  }

  #of(name: CacheEventName): Audience {
    let audience = this.#audiences.get(name)
    if (audience === undefined) {
      audience = { listeners: undefined, channel: channel(`keepfresh:${name}`) }
      this.#audiences.set(name, audience)
    }
    return audience
  }
}
