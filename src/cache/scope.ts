import { AsyncLocalStorage } from 'node:async_hooks'
import type { Version } from '../store/store.js'

/**
 * The dependency scope: while something is being made, what it reads through a cache is noted, so that what is made
 * inherits the tags (with their versions as they were noted), the soonest end of freshness, and privacy.
 *
 * A scope belongs to one making. A nested making has a scope of its own; its result is noted in the outer one when the
 * read that asked for it returns. A scope that has ended notes nothing more, so work that outlives its making leaks nowhere.
 */
export class Scope {
  /** What is being made: compared by identity, to find a loader that asks for itself. */
  readonly maker: unknown
  readonly outer: Scope | undefined
  /** Nothing read so far stays fresh beyond this, ms since the epoch. */
  freshUntil: number = Infinity
  private = false
  /** Two parts disagreed on a tag's version: what is made of them cannot be kept. */
  conflict = false
  /** Something was read that cannot be kept at all. */
  uncacheable = false
  ended = false
  /** Versions by tag, for each place that keeps versions (one per cache). */
  #noted: Map<object, Map<string, Version>> | undefined

  constructor(maker: unknown, outer: Scope | undefined) {
    this.maker = maker
    this.outer = outer
  }

  /** Notes one part: its tags with their versions, kept by `authority`, its end of freshness and privacy. */
  note(
    authority: object,
    tags: readonly string[],
    versions: readonly Version[],
    freshUntil: number,
    isPrivate: boolean,
  ): void {
    if (this.ended) return
    if (freshUntil < this.freshUntil) this.freshUntil = freshUntil
    if (isPrivate) this.private = true
    if (tags.length === 0) return
    const noted = (this.#noted ??= new Map())
    let pairs = noted.get(authority)
    if (!pairs) noted.set(authority, (pairs = new Map()))
    for (let index = 0; index < tags.length; index++) {
      const tag = tags[index]!
      const version = versions[index]!
      const before = pairs.get(tag)
      if (before === undefined) pairs.set(tag, version)
      else if (before !== version) this.conflict = true
    }
  }

  /** The tags noted, with their versions, that `authority` keeps. */
  pairs(authority: object): ReadonlyMap<string, Version> {
    return this.#noted?.get(authority) ?? NO_PAIRS
  }

  /** Every place whose tags were noted. */
  authorities(): Iterable<object> {
    return this.#noted === undefined ? NOBODY : this.#noted.keys()
  }

  /** Whether tags were noted that another place keeps. */
  hasOthersThan(authority: object): boolean {
    return this.#noted !== undefined && this.#noted.size > (this.#noted.has(authority) ? 1 : 0)
  }

  /** Every tag noted, whoever keeps its version. */
  tags(): string[] {
    const all = new Set<string>()
    for (const pairs of this.#noted?.values() ?? []) for (const tag of pairs.keys()) all.add(tag)
    return [...all]
  }
}

/** No tags at all. */
export const NO_PAIRS: ReadonlyMap<string, Version> = new Map()

const NOBODY: readonly object[] = []

const storage = new AsyncLocalStorage<Scope | undefined>()
let everUsed = false

/** The scope of what is being made here, if anything is. Costs one comparison until the first scope was opened. */
export function currentScope(): Scope | undefined {
  return everUsed ? storage.getStore() : undefined
}

/** What of all that is being made here will be kept first: the innermost, by identity; undefined when nothing is. */
export function currentMaker(): unknown {
  for (let at = currentScope(); at !== undefined; at = at.outer) {
    if (at.maker !== undefined) return at.maker
  }
  return undefined
}

/** Runs `make` in a scope, with what it is given. */
export function runInScope<T, Args extends readonly unknown[] = []>(
  scope: Scope | undefined,
  make: (...args: Args) => T,
  ...args: Args
): T {
  everUsed = true
  return storage.run(scope, make as unknown as (...args: unknown[]) => T, ...args)
}

/**
 * As `runInScope`, for whoever does nothing more in its turn of the microtask queue: the scope stays open until that ends.
 * `AsyncLocalStorage.run` goes back to what was before it, and that costs as much again as the way there.
 */
export function endInScope<T, Arg>(scope: Scope, make: (arg: Arg) => T, arg: Arg): T {
  // Where async hooks carry the scope (before Node 24), the first use of a storage does not know this turn yet.
  if (!everUsed) return runInScope(scope, make, arg)
  storage.enterWith(scope)
  return make(arg)
}

/** What something was made from. */
export interface Dependencies {
  /** Tags of everything read, without duplicates. */
  readonly tags: readonly string[]
  /** The soonest end of freshness of anything read, ms since the epoch; `Infinity` when nothing was read. */
  readonly freshUntil: number
  /** True when anything read is private to a user. */
  readonly private: boolean
  /** False when two parts disagreed on a tag's version: made from a mixture of before and after an invalidation. */
  readonly consistent: boolean
}

/**
 * Runs `make` and tells what it read through any cache. An outer scope sees those reads too.
 *
 * A failing `make` rejects with its own error.
 */
export async function collect<T>(
  make: () => T | Promise<T>,
): Promise<{ readonly value: T; readonly dependencies: Dependencies; readonly scope: Scope }> {
  const outer = currentScope()
  const scope = new Scope(undefined, outer)
  try {
    const value = await runInScope(scope, make)
    return {
      value,
      dependencies: {
        tags: scope.tags(),
        freshUntil: scope.freshUntil,
        private: scope.private,
        consistent: !scope.conflict,
      },
      scope,
    }
  } finally {
    scope.ended = true
    if (outer) noteAll(scope, outer)
  }
}

/** Notes in `outer` all that was noted in `inner`. */
export function noteAll(inner: Scope, outer: Scope): void {
  for (const authority of inner.authorities()) {
    const pairs = inner.pairs(authority)
    outer.note(authority, [...pairs.keys()], [...pairs.values()], inner.freshUntil, inner.private)
  }
  outer.note(inner, [], [], inner.freshUntil, inner.private)
  if (inner.conflict) outer.conflict = true
  if (inner.uncacheable) outer.uncacheable = true
}
