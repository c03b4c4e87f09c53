import { toMilliseconds, type Duration } from '../base/duration.js'
import { CacheError } from '../base/errors.js'
import { assertTag } from '../base/stable-key.js'
import { EPOCH_NAME, remoteName } from '../store/names.js'
import type { Version } from '../store/store.js'
import { readable, report, type Core } from './core.js'
import type { Load } from './load.js'
import { isUnavailable } from './lookup.js'
import type { Scope } from './scope.js'

/** What a loader is given: what it may need, and what only it can know. */
export interface LoaderContext {
  /** The key being loaded, in readable form. */
  readonly key: string
  /** Aborts when every caller has left, or has waited longer than the hard timeout, or the cache is closed. */
  readonly signal: AbortSignal
  /**
   * The previous value, when one is still at hand past its freshness and nothing has invalidated it: the loader's own copy.
   * Looking at it makes its tags the new value's too.
   */
  readonly stale: unknown
  /** Adds tags to the entry. A tag is best named before what it stands for is read. */
  tag(...tags: readonly string[]): void
  /** How long this value is fresh, instead of the `ttl` option. `0` does not keep it. */
  ttl(ttl: Duration): void
  /** How long this value may be served after that, instead of the `grace` option. */
  grace(grace: Duration): void
  /** Returns the value without keeping it. */
  skip(): void
  /** Marks the value, and all that is made from it, as belonging to one user. */
  private(): void
}

/** What a loader said of its value through the context. */
export interface Said {
  ttlMs: number | undefined
  graceMs: number | undefined
  skipped: boolean
  private: boolean
  /** Tags named while loading; undefined before the first. */
  tags: Set<string> | undefined
  /** Named tags that could not be noted in time: the value is not kept. */
  missed: boolean
  /** Notes under way; undefined before the first. */
  noting: Promise<void>[] | undefined
}

export function createSaid(): Said {
  return {
    ttlMs: undefined,
    graceMs: undefined,
    skipped: false,
    private: false,
    tags: undefined,
    missed: false,
    noting: undefined,
  }
}

/** A previous value with what it depends on. */
export interface Previous {
  readonly value: unknown
  readonly pairs: ReadonlyMap<string, Version>
  readonly private: boolean
}

export interface ContextBase {
  readonly scope: Scope
  readonly previous: Previous | undefined
  /** How long the new value may be kept, ms. */
  readonly keepMs: number
}

const previousValues = new WeakMap<LoaderContext, Previous>()

/** The previous value without taking over its tags: for those who know which parts of it they use. */
export function previousOf(context: LoaderContext): Previous | undefined {
  return previousValues.get(context)
}

export function createContext(
  core: Core,
  load: Load,
  said: Said,
  base: ContextBase,
): LoaderContext {
  const context = new Context(core, load, said, base)
  if (base.previous) previousValues.set(context, base.previous)
  return context
}

/** The loader has returned: what it still says changes nothing, and its context keeps nothing of the load alive. */
export function endContext(context: LoaderContext): void {
  if (context instanceof Context) context.end()
}

/**
 * A class with everything on its prototype: most loaders look at nothing of it, and an object literal with a getter gets a shape
 * of its own each time, which stays with all that it refers to until the next full collection. A verb is a function of its own
 * when it is looked at, so that `({ tag }) => …` works. What refers to the load is dropped at its end, since contexts outlive it:
 * each load left 20 kB behind for the collector to copy.
 */
class Context implements LoaderContext {
  readonly #core: Core
  readonly #key: string
  readonly #said: Said
  #load: Load | undefined
  #base: ContextBase | undefined
  #signal: AbortSignal | undefined

  constructor(core: Core, load: Load, said: Said, base: ContextBase) {
    this.#core = core
    this.#key = load.key
    this.#said = said
    this.#load = load
    this.#base = base
  }

  get key(): string {
    return readable(this.#key)
  }

  get signal(): AbortSignal {
    this.#signal ??= this.#load?.signal ?? AbortSignal.abort()
    return this.#signal
  }

  get stale(): unknown {
    if (this.#base?.previous === undefined) return undefined
    const { scope, previous } = this.#base
    const { pairs } = previous
    scope.note(this.#core, [...pairs.keys()], [...pairs.values()], Infinity, previous.private)
    return previous.value
  }

  get tag(): LoaderContext['tag'] {
    return (...tags) => {
      for (const tag of tags) assertTag(tag)
      if (this.#load === undefined || this.#base === undefined) return
      noteLate(this.#core, this.#load, this.#said, tags, this.#base.keepMs)
    }
  }

  get ttl(): LoaderContext['ttl'] {
    return (ttl) => {
      this.#said.ttlMs = toMilliseconds(ttl, 'ctx.ttl')
    }
  }

  get grace(): LoaderContext['grace'] {
    return (grace) => {
      this.#said.graceMs = toMilliseconds(grace, 'ctx.grace')
    }
  }

  get skip(): LoaderContext['skip'] {
    return () => {
      this.#said.skipped = true
    }
  }

  get private(): LoaderContext['private'] {
    return () => {
      this.#said.private = true
    }
  }

  end(): void {
    this.#load = undefined
    this.#base = undefined
  }
}

/**
 * Notes tags that were not known when the load began. Their versions of now are those of then only if no tag
 * of the namespace has been invalidated since, which the epoch record tells: an invalidation replaces it before the tag's record,
 * and here it is read after the tag's record. Otherwise the value is returned but not kept, and the tags are remembered,
 * so that the next load notes them in time.
 */
export function noteLate(
  core: Core,
  load: Load,
  said: Said,
  tags: readonly string[],
  keepMs: number,
): void {
  const named = (said.tags ??= new Set())
  const late = tags.filter((tag) => !load.noted.has(tag) && !named.has(tag))
  for (const tag of tags) named.add(tag)
  if (late.length === 0) return
  const { near } = core
  const records = core.remotes[0]
  if (records === undefined) {
    if (near === undefined || near.epoch !== load.epoch) {
      said.missed = true
      return
    }
    const versions = near.note(late)
    late.forEach((tag, index) => load.noted.set(tag, versions[index]!))
    return
  }
  if (load.epochVersion === undefined) {
    said.missed = true
    return
  }
  said.noting ??= []
  said.noting.push(
    records.store.note([...late.map((tag) => remoteName(tag).name), EPOCH_NAME], keepMs).then(
      (versions) => {
        if (versions.some(isUnavailable) || versions.at(-1) !== load.epochVersion) {
          said.missed = true
          return
        }
        late.forEach((tag, index) => {
          load.noted.set(tag, versions[index] as Version)
          core.known.set(tag, versions[index] as Version)
        })
      },
      (error: unknown) => {
        said.missed = true
        report(core, error, 'note', { key: load.key, tier: records.name })
      },
    ),
  )
}

/** The error of a loader that asks, while it runs, for the key it is loading. */
export function cycleError(key: string): CacheError {
  return new CacheError(
    'CACHE_LOADER_CYCLE',
    `the loader of ${readable(key)} waits, directly or through other loaders, for itself`,
    { key: readable(key) },
  )
}
