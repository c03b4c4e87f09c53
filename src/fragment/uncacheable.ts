import { AsyncLocalStorage } from 'node:async_hooks'
import { CacheError } from '../base/errors.js'
import { currentScope } from '../cache/scope.js'

const rendering = new AsyncLocalStorage<true>()

/** Runs the rendering of a fragment that will be kept. */
export function renderKept<T>(render: () => T): T {
  return rendering.run(true, render)
}

/**
 * Says that what is being made here must never be kept. Within a cached fragment that is a mistake, and told at once; anything
 * else that is being made, a page for instance, is made and not kept.
 *
 * @throws {CacheError} `CACHE_SCOPE_VIOLATION` within a cached fragment.
 */
export function uncacheable(what = 'this'): void {
  if (rendering.getStore() === true) {
    throw new CacheError(
      'CACHE_SCOPE_VIOLATION',
      `${what} is uncacheable and stands in a cached fragment; render it outside of fragment()`,
    )
  }
  const scope = currentScope()
  if (scope !== undefined) scope.uncacheable = true
}
