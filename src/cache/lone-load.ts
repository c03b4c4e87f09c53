import type { LocalStore } from '../store/store.js'
import { type Ahead, takeAhead } from './ahead.js'
import {
  type ContextBase,
  createContext,
  createSaid,
  endContext,
  type LoaderContext,
  type Said,
} from './context.js'
import { valueOfLoaded } from './answer.js'
import { type Core, readable } from './core.js'
import { fail } from './ending.js'
import {
  hasForeign,
  keepHere,
  type KeepOptions,
  keepThere,
  noteForeign,
  type Returned,
} from './keep.js'
import { Load, type Loaded } from './load.js'
import type { Policy } from './options.js'
import type { Reading } from './reading.js'
import { learnNear, noteNear, renewWhile, SOON } from './run.js'
import { currentScope, endInScope, Scope } from './scope.js'
import { waitsBegin } from './waiting.js'

/**
 * The short way of a load: it is known that nothing is there, the lease is at hand, nobody is loading the key, and the caller waits
 * as long as it takes. That is so where process memory is all there is, and where the lease of the one remote store came with its
 * answer (ahead.ts). There is nothing to ask, to claim or to fall back on, so that one async function does what `read` and
 * `runLoads` do in eight: what the loader returns is weighed and kept by the same rules, and whoever comes meanwhile finds the
 * load in `core.loads` and joins it as any other.
 */

/** Whether the caller waits as long as it takes, and nobody is loading the key. */
export function isLone(core: Core, { key, policy, signal }: Reading): boolean {
  if (signal !== undefined || policy.hardMs !== undefined) return false
  return !core.closed && !core.loads.has(key)
}

/** Whether a reading may take the short way where process memory is all there is. */
export function mayLoadAlone(core: Core, near: LocalStore, reading: Reading): boolean {
  if (reading.fresh || !isLone(core, reading)) return false
  const entry = near.get(reading.key)
  return entry === undefined || core.clock.now() >= entry.staleUntil
}

/** What the caller of a load is given of how it ended. */
export type Give<T> = (core: Core, load: Load, loaded: Loaded) => T

/**
 * Loads and keeps: see above. To be called only where {@link mayLoadAlone} has just said so.
 *
 * What an async function has at hand while it waits is copied for each wait, so that all of it is in one object.
 */
export async function loadAlone<T>(core: Core, reading: Reading, give: Give<T>): Promise<T> {
  const lone = new LoneLoad(core, reading)
  try {
    await SOON
    lone.value = await lone.call()
    lone.returned()
    if (hasForeign(core, lone)) await noteForeign(core, lone, lone)
    return give(core, lone.load, lone.note(keepHere(core, lone, lone)))
  } catch (error) {
    lone.failed(error)
    throw error
  } finally {
    lone.end()
  }
}

/**
 * The same where the one remote store there is has just said that it holds nothing, and given its lease. To be called only where
 * {@link isLone} has just said so.
 */
export async function loadAhead(core: Core, reading: Reading, ahead: Ahead): Promise<unknown> {
  const lone = new LoneLoad(core, reading, ahead)
  try {
    lone.value = await lone.call()
    if (lone.said.noting !== undefined) await Promise.all(lone.said.noting)
    lone.returned()
    if (hasForeign(core, lone)) await noteForeign(core, lone, lone)
    return valueOfLoaded(core, lone.load, lone.note(await keepThere(core, lone, lone)))
  } catch (error) {
    lone.failed(error)
    throw error
  } finally {
    lone.end()
  }
}

/** A load on the short way: what its loader needs, what it returned, and how that is to be kept. */
class LoneLoad implements Returned, KeepOptions, ContextBase {
  readonly load: Load
  readonly policy: Policy
  readonly said: Said = createSaid()
  readonly scope: Scope
  /** Nothing of use is there, not even for the loader to build upon. */
  readonly previous = undefined
  value: unknown = undefined
  readonly #core: Core
  readonly #reading: Reading
  /** The scope of the caller. */
  readonly #outer: Scope | undefined = currentScope()
  readonly #makers: readonly Load[] | undefined
  #context: LoaderContext | undefined
  #stopRenewing: (() => void) | undefined

  constructor(core: Core, reading: Reading, ahead?: Ahead) {
    this.#core = core
    this.#reading = reading
    const { key, policy } = reading
    this.policy = policy
    core.counters.misses++
    if (core.events.wants('miss')) core.events.emit('miss', { key: readable(key) })
    const load = new Load(core, key, policy.tags, ahead?.near)
    this.load = load
    this.scope = new Scope([load], undefined)
    core.loads.set(key, load)
    if (ahead === undefined) noteNear(core, load)
    else takeAhead(core, load, ahead)
    this.#makers = this.#outer === undefined ? undefined : waitsBegin(core, this.#outer, load)
    load.enter()
  }

  /** The loader is called in the turn in which the load was planned, or in the next one. */
  get startedAt(): number {
    return this.load.plannedAt
  }

  get keepMs(): number {
    return this.policy.ttlMs + this.policy.graceMs
  }

  /** Calls the loader: the last that is done in this turn of the microtask queue. */
  call(): unknown {
    const core = this.#core
    const { load, said, scope } = this
    load.begun = ++core.sequence
    core.counters.loads++
    if (core.remotes.length > 0) {
      learnNear(core, load)
      this.#stopRenewing = renewWhile(core, [load])
    }
    this.#context = createContext(core, load, said, this)
    return endInScope(scope, this.#reading.loader, this.#context)
  }

  /** The loader has ended: tells the listeners. */
  returned(failure?: { readonly error: unknown }): void {
    const { events, clock } = this.#core
    this.scope.ended = true
    this.#stopRenewing?.()
    endContext(this.#context!)
    this.#context = undefined
    if (!events.wants('load')) return
    const ms = clock.now() - this.startedAt
    events.emit('load', { key: readable(this.load.key), ms, ...failure })
  }

  /** Notes how it ended with what the caller is making. */
  note(loaded: Loaded): Loaded {
    const outer = this.#outer
    if (outer !== undefined) {
      if (!loaded.consistent) outer.conflict = true
      outer.note(this.#core, loaded.tags, loaded.versions, loaded.freshUntil, loaded.private)
    }
    return loaded
  }

  /** The loader has thrown, or what it returned cannot be kept: whoever waits is told the same. */
  failed(error: unknown): void {
    if (this.#context !== undefined) {
      this.#core.counters.loadErrors++
      this.returned({ error })
    }
    fail(this.#core, this.load, error)
  }

  end(): void {
    this.load.leave(undefined)
    if (this.#makers !== undefined) {
      for (const maker of this.#makers) maker.waitsFor.delete(this.load)
    }
  }
}
