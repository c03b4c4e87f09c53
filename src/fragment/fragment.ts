import type { Key } from '../base/stable-key.js'
import { type Cache, coreOf } from '../cache/cache.js'
import type { Core } from '../cache/core.js'
import type { LoaderContext } from '../cache/context.js'
import type { GetOrSetOptions } from '../cache/options.js'
import { collect, currentScope, noteAll, runInScope } from '../cache/scope.js'
import type { Html } from './html.js'
import { assemble, type Holed, renderHoled } from './holed.js'

/** What a fragment may be: text, or bytes; and markup of `html`. */
export type Markup = string | Uint8Array

/** How a fragment is kept: what a call of the cache takes, and the version of its template. */
export interface FragmentOptions extends GetOrSetOptions {
  /** Part of the key: see `templateVersion`. Default: none. */
  readonly version?: string | undefined
}

/** The same for the fragments of a list. */
export interface ItemOptions<Item> extends Omit<FragmentOptions, 'tags' | 'fresh'> {
  readonly tags?: readonly string[] | ((item: Item) => readonly string[]) | undefined
}

/**
 * Answers a piece of a page from the cache, or renders it once and keeps it.
 *
 * Fragments nest: what a fragment reads through a cache, other fragments included, is noted, so touching the innermost row makes
 * all around it invalid. What `render` throws reaches the callers, and nothing is kept. Holes in it are kept as holes.
 *
 * @throws {CacheError} as a rejection, as `getOrSet`.
 */
export async function fragment<M extends Markup | Html>(
  cache: Cache,
  key: Key,
  options: FragmentOptions,
  render: () => M | Promise<M>,
): Promise<M> {
  const { version, ...rest } = options
  return assemble(await cache.getOrSet(keyOf(key, version), () => renderHoled(render), rest))
}

function keyOf(key: Key, version: string | undefined): Key {
  return ['keepfresh:fragment', version ?? null, key]
}

export const fragments: {
  /**
   * The fragments of a list, in its order: one read for all of them, and only those that are missing are rendered. Each depends on
   * what it was itself made from, and not on its neighbours.
   *
   * @throws {CacheError} as a rejection, as `getOrSetMany`; what `render` throws, for the first item it throws for.
   */
  readonly each: <Item, M extends Markup | Html>(
    cache: Cache,
    items: readonly Item[],
    key: (item: Item) => Key,
    render: (item: Item) => M | Promise<M>,
    options?: ItemOptions<Item>,
  ) => Promise<M[]>
} = {
  each: async (cache, items, key, render, options = {}) => {
    const core = coreOf(cache)
    const { version, ...rest } = options
    const found = await cache.getOrSetMany(
      items,
      (missing, _context, contexts) =>
        Promise.all(missing.map((item, at) => renderItem(core, () => render(item), contexts[at]!))),
      { ...rest, key: (item) => keyOf(key(item), version) },
    )
    for (const one of found as unknown[]) if (one instanceof Error) throw one
    return found.map(assemble)
  },
}

/** Renders one of several, in a scope of its own; what it was made from is said to its own context. */
async function renderItem<M extends Markup | Html>(
  core: Core,
  render: () => M | Promise<M>,
  context: LoaderContext,
): Promise<M | Holed | Error> {
  const shared = currentScope()
  try {
    const { value, dependencies, scope } = await runInScope(undefined, () =>
      collect(() => renderHoled(render)),
    )
    // What another cache keeps is noted for all of the batch: only a scope can carry it.
    const foreign = [...scope.authorities()].some((authority) => authority !== core)
    if (foreign && shared !== undefined) noteAll(scope, shared)
    context.tag(...scope.pairs(core).keys())
    if (dependencies.private) context.private()
    if (!dependencies.consistent || scope.uncacheable) context.skip()
    const leftMs = dependencies.freshUntil - core.clock.now()
    if (leftMs !== Infinity) context.ttl(Math.max(0, Math.min(leftMs, core.settings.policy.ttlMs)))
    return value
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error), { cause: error })
  }
}
