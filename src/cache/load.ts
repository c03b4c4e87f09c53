import type { LocalLease, RemoteLease, Version } from '../store/store.js'
import type { NearLease } from './ahead.js'
import type { Core } from './core.js'
import type { Facts } from './entries.js'
import type { Seen } from './lookup.js'

/**
 * One load of one key in this process, and what the callers that share it need to know.
 *
 * Who may be answered by a load? The promise of coherence is about moments: a read that starts after an invalidation has
 * returned must not get a value whose load began before it. So each reader and each load is numbered at its beginning, in
 * one sequence, and a reader takes a load's value only if one of these holds:
 *
 * 1. the load began after the reader did: no invalidation that the reader must respect lies between;
 * 2. every store accepted the fill, sent after the reader began, and the tags still had the noted versions then: nothing
 *    was invalidated between the load's beginning and that moment;
 * 3. the reader asked the store, after it began, and the load's lease was still there and its tags unchanged;
 * 4. this process is the authority (no remote store), or its memory is trusted and may be as late as the messages are:
 *    then it is enough that nothing had overtaken the load, to this process's knowledge, when the reader joined.
 *
 * Else the reader waits for the load to end and starts over, where rule 1 applies to whatever it finds.
 */
export class Load {
  readonly key: string
  /** Tags the caller gave for this key. */
  readonly tags: readonly string[]
  /** When it was planned; loads begin later, when the loader is called. */
  readonly plannedAt: number
  /** Number of the moment the loader was called; undefined before. */
  begun: number | undefined
  /** Number of the moment the last lease request was sent. */
  claimed = 0
  /** Number of the moment the fill was sent; undefined before. */
  filling: number | undefined
  /** Number of the latest reader for whom a store confirmed that nothing has overtaken this load. */
  verified = 0
  /** The first caller has taken the value itself; the others get copies where they must not share. */
  taken = false
  /** Something changed the key, or everything, as far as this process knows: nobody may join any more. */
  overtaken = false
  /** A remote store exists but gave no lease: unreachable, or held too long by another. */
  unleased = false
  /** Invalidations counted by process memory when the load was planned. */
  readonly epoch: number
  readonly nearLease: LocalLease | undefined
  /** Leases by place of the remote store. */
  readonly leases: (RemoteLease | undefined)[] = []
  /** The namespace's version by place, as noted with the lease. */
  readonly spaces: (Version | undefined)[] = []
  /** The place to claim next. */
  next = 0
  /** A bit per place of a remote store that could not be asked a moment ago: it is not asked for a lease. */
  unreached = 0
  /** The record that every tag invalidation replaces, as noted before the loader began. */
  epochVersion: Version | undefined
  /** What the stores hold past its freshness, found on the way. */
  stale: Seen | undefined
  /** Callers that wait; when the last one leaves, the loader's signal aborts. */
  waiting = 0
  // Most loads have one caller and no tags: what they need not have is made when it is looked at.
  #noted: Map<string, Version> | undefined
  #waitsFor: Set<Load> | undefined
  #done: PromiseWithResolvers<Loaded> | undefined
  #outcome: Outcome | undefined
  #controller: AbortController | undefined
  #aborted: { readonly reason: unknown } | undefined

  constructor(core: Core, key: string, tags: readonly string[], near?: NearLease) {
    this.key = key
    this.tags = tags
    this.plannedAt = core.clock.now()
    this.epoch = near?.epoch ?? core.near?.epoch ?? 0
    this.nearLease =
      near?.lease ?? (core.near !== undefined && core.trusted ? core.near.plant(key) : undefined)
    for (let place = 0; place < core.remotes.length; place++) {
      this.leases.push(undefined)
      this.spaces.push(undefined)
    }
  }

  /** Versions of tags as noted before the loader began. */
  get noted(): Map<string, Version> {
    this.#noted ??= new Map()
    return this.#noted
  }

  /** Other loads that this one waits for, so that a circle of loaders is found instead of waited in. */
  get waitsFor(): Set<Load> {
    this.#waitsFor ??= new Set()
    return this.#waitsFor
  }

  /** Settles when the load has ended and, where it is kept, has been kept. */
  get done(): Promise<Loaded> {
    if (this.#done === undefined) {
      this.#done = Promise.withResolvers()
      this.#done.promise.catch(ignore)
      if (this.#outcome) settle(this.#done, this.#outcome)
    }
    return this.#done.promise
  }

  resolve(loaded: Loaded): void {
    this.#end({ loaded })
  }

  reject(error: unknown): void {
    this.#end({ error })
  }

  /** The first end counts. */
  #end(outcome: Outcome): void {
    if (this.#outcome) return
    this.#outcome = outcome
    if (this.#done) settle(this.#done, outcome)
  }

  /** The loader's signal, made when it is first looked at. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#aborted) this.#controller.abort(this.#aborted.reason)
    }
    return this.#controller.signal
  }

  enter(): void {
    this.waiting++
  }

  /** A caller stops waiting; the last one cancels the load. */
  leave(reason: unknown): void {
    this.waiting--
    if (this.waiting === 0) this.abort(reason)
  }

  get aborted(): boolean {
    return this.#aborted !== undefined
  }

  abort(reason: unknown): void {
    this.#aborted ??= { reason }
    this.#controller?.abort(reason)
  }

  /** True when this load waits, directly or through others, for `other`. */
  waitsOn(other: Load, visited: Set<Load> = new Set()): boolean {
    if (this === other) return true
    if (visited.has(this)) return false
    visited.add(this)
    if (this.#waitsFor === undefined) return false
    for (const load of this.#waitsFor) if (load.waitsOn(other, visited)) return true
    return false
  }
}

type Outcome = { readonly loaded: Loaded } | { readonly error: unknown }

function settle({ resolve, reject }: PromiseWithResolvers<Loaded>, outcome: Outcome): void {
  if ('loaded' in outcome) resolve(outcome.loaded)
  else reject(outcome.error)
}

/** Whoever waits is told; that nobody does is no fault. */
function ignore(): void {}

/** How a load ended. */
export interface Loaded extends Facts {
  readonly value: unknown
  /** `miss`: the loader ran. `hit`: somebody else had filled the key meanwhile. `stale`: somebody else is loading it. */
  readonly state: 'miss' | 'hit' | 'stale'
  readonly tier: string | undefined
  /** False when the value must not be kept inside anything either: its parts disagreed. */
  readonly consistent: boolean
  /** Every store took it, and its tags had the noted versions after that. */
  readonly validated: boolean
  /** True when the value must be copied for each caller but the first. */
  readonly copied: boolean
}
