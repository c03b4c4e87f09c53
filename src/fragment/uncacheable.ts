import { AsyncLocalStorage } from 'node:async_hooks'
import { CacheError } from '../base/errors.js'
import { currentScope } from '../cache/scope.js'

const rendering = new AsyncLocalStorage<'kept' | 'hole'>()

/** Runs the rendering of a fragment that will be kept. */
export function renderKept<T>(render: () => T): T {
  return rendering.run('kept', render)
}

/** Runs the rendering of what stands in a hole, which is not kept. */
export function fillHole<T>(render: () => T): T {
  return rendering.run('hole', render)
}

/** True within the rendering of a hole: what it reads of a request is no part of the page. */
export function isInHole(): boolean {
  return rendering.getStore() === 'hole'
}

/**
 * Says that what is being made here must never be kept. Within a cached fragment that is a mistake, and told at once; anything
 * else that is being made, a page for instance, is made and not kept.
 *
 * @throws {CacheError} `CACHE_SCOPE_VIOLATION` within a cached fragment.
 */
export function uncacheable(what = 'this'): void {
  if (rendering.getStore() === 'kept') {
    throw new CacheError(
      'CACHE_SCOPE_VIOLATION',
      `${what} is uncacheable and stands in a cached fragment; render it outside of fragment()`,
    )
  }
  const scope = currentScope()
  if (scope !== undefined) scope.uncacheable = true
}
