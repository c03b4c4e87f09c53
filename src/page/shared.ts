import { Recent } from '../base/recent.js'
import { type Cache, coreOf } from '../cache/cache.js'
import { Codings } from './codings.js'
import { createPageKeys, VariantBound } from './keys.js'
import { createUrlFinder } from './known-url.js'
import { type PageOptions, resolvePageOptions } from './options.js'
import { purgeAfter } from './purge.js'
import type { Shared } from './visit.js'

/**
 * What the visits of a new page cache share.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option and the value.
 */
export function createShared(cache: Cache, options: PageOptions): Shared {
  const settings = resolvePageOptions(options)
  const keys = createPageKeys(settings)
  const core = coreOf(cache)
  const { compress, purge } = settings
  if (purge !== undefined) purgeAfter(cache, purge)
  return {
    cache,
    core,
    settings,
    codings: compress && new Codings(cache, core, compress, settings),
    keys,
    find: createUrlFinder(keys, settings),
    bound: new VariantBound(settings.maxVariants),
    passes: new Recent(10_000),
    refreshing: new Set(),
    ready: new WeakMap(),
  }
}
