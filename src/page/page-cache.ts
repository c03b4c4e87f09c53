import type { Cache } from '../cache/cache.js'
import { arrive } from './arrive.js'
import { absoluteKey, pageTag } from './keys.js'
import type { PageOptions } from './options.js'
import { createShared } from './shared.js'
import type { Visit } from './visit.js'

/**
 * The page cache: one run of the handler per page and variant, on all servers, and everybody else from storage.
 *
 * It is an entry of the cache like any other, made by a loader that runs the handler, so leases, tags and the dependency scope
 * hold for it as they do for a value. What is different:
 *
 * - What a page varies on is known only when it has been made. A key holds what was made for it, with the names it varies on;
 *   a visitor who differs goes on to the key of those names, and so on. Names only ever grow, so this ends.
 * - Somebody is waiting for the response while it is being made: it goes out to them as the handler writes it.
 * - A response may turn out to be for one visitor. Then nothing of it reaches those who waited: each runs the handler.
 *
 * The way of a visit: it arrives (`arrive.ts`); `hit.ts` answers it from process memory; else `answer-visit.ts` looks in every store and serves
 * (`serve.ts`), serves and makes anew behind the answer (`refresh.ts`), or has the page made (`fill.ts`). Both of these run
 * the handler (`run-handler.ts`) and keep what it answers (`make.ts`).
 */
export interface PageCache {
  /** Answers a visit from storage, or lets the handler answer it. Never throws. */
  visit(visit: Visit): void
  /** Makes all variants of these URLs unusable, on every server. Absolute, or paths where there is one host. */
  invalidate(...urls: readonly string[]): Promise<void>
}

/**
 * Makes a page cache over a cache.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option and the value.
 */
export function createPageCache(cache: Cache, options: PageOptions = {}): PageCache {
  const shared = createShared(cache, options)
  const { keys, settings } = shared
  return {
    visit: (visit) => arrive(shared, visit),
    async invalidate(...urls) {
      const tags = urls.flatMap((url) => {
        const keyed = absoluteKey(keys, settings, url)
        return keyed === undefined ? [] : [pageTag(keyed)]
      })
      if (tags.length > 0) await cache.invalidateTags(tags)
    },
  }
}
