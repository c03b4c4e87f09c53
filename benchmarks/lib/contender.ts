import type { Value } from './value.js'

/** Where a contender is to keep things. */
export type Place =
  | { readonly kind: 'memory' }
  | { readonly kind: 'redis'; readonly url: string }
  | { readonly kind: 'memcached'; readonly servers: string }
  /** Process memory in front of Redis. */
  | { readonly kind: 'tiers'; readonly url: string }

export interface Task {
  readonly place: Place
  /** Bound on entries in process memory: the most that the scenario keeps. */
  readonly maxEntries: number
  /** How many callers read at once. */
  readonly callers: number
  /** Tags that every entry carries. */
  readonly tags: readonly string[]
  /** The key of a value, for those who ask. */
  readonly keyOf: (value: Value) => string
  /** The source that the cache stands before. */
  readonly load: (key: string) => Promise<Value>
}

/** An opened cache. */
export interface Side {
  /** What the library calls get-or-set, wrap or fetch: the kept value, else `load`, kept for an hour. */
  read(key: string): Promise<unknown>
  /** Many kept values with one call. */
  readMany?(keys: readonly string[]): Promise<readonly unknown[]>
  /** Makes everything unusable that carries the tag. */
  invalidate?(tag: string): Promise<unknown>
  close(): Promise<unknown>
}

export type Ability = Place['kind'] | 'many' | 'tags'

/**
 * A library in the way its documentation advises to use it. One file each, so that a reader who would configure it in another
 * way knows where to say so.
 */
export interface Contender {
  readonly name: string
  /** Whose versions are printed. */
  readonly packages: readonly string[]
  /** True when the packages are those of `benchmarks/peers`. */
  readonly isPeer: boolean
  /** What it can be measured at. */
  readonly can: readonly Ability[]
  open(task: Task): Promise<Side>
}

export const TTL_MS = 3_600_000
