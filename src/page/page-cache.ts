import { Recent } from '../base/recent.js'
import { type Cache, coreOf } from '../cache/cache.js'
import { report } from '../cache/core.js'
import { fieldValue, isSafeMethod, parseRequestCacheControl } from '../http/index.js'
import { answerVisit } from './answer-visit.js'
import { bypass, proceedAlone, whyNotCached } from './bypass.js'
import { watchChange } from './change.js'
import { answeredFromMemory } from './hit.js'
import { Codings } from './codings.js'
import { createPageKeys, type PageKeys, pageTag, VariantBound } from './keys.js'
import { createUrlFinder } from './known-url.js'
import { type PageOptions, type PageSettings, resolvePageOptions } from './options.js'
import { continueDetached } from './run-handler.js'
import type { Shared, Visit } from './visit.js'

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
 * The way of a visit: `hit.ts` answers it from process memory; else `answer-visit.ts` looks in every store and serves
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
  const settings = resolvePageOptions(options)
  const keys = createPageKeys(settings)
  const core = coreOf(cache)
  const { compress } = settings
  const shared: Shared = {
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
  return {
    visit: (visit) => arrive(shared, visit),
    async invalidate(...urls) {
      const tags = urls.flatMap((url) => {
        const keyed = absolute(keys, settings, url)
        return keyed === undefined ? [] : [pageTag(keyed)]
      })
      if (tags.length > 0) await cache.invalidateTags(tags)
    },
  }
}

function absolute(keys: PageKeys, settings: PageSettings, url: string): string | undefined {
  const first = [settings.hosts ?? []].flat()[0]
  const base = first === undefined ? undefined : `${settings.scheme}://${first}`
  if (!URL.canParse(url, base)) return undefined
  const parsed = new URL(url, base)
  const keyed = keys.url(parsed.pathname + parsed.search, parsed.host)
  return 'key' in keyed ? keyed.key : undefined
}

function arrive(shared: Shared, visit: Visit): void {
  if (continueDetached(visit)) return
  const { request, response } = visit
  const { settings } = shared
  const { method = 'GET', headers } = request
  const url = shared.find(visit.target ?? request.url ?? '/', headers.host)
  if (method !== 'GET' && method !== 'HEAD') {
    if (!isSafeMethod(method) && 'at' in url) watchUnsafe(shared, visit, method, url.at.key)
    proceedAlone(shared.core, settings, visit)
    return
  }
  if ('refused' in url) {
    bypass(shared, visit, url.refused)
    return
  }
  if (answeredFromMemory(shared, visit, url)) return
  const why = whyNotCached(request, settings)
  if (why !== undefined) {
    bypass(shared, visit, why)
    return
  }
  const directives = settings.honoursRequests
    ? parseRequestCacheControl(fieldValue(headers, 'cache-control'), fieldValue(headers, 'pragma'))
    : undefined
  answerVisit({ visit, at: url.at, headers, method, directives, shared }).catch(
    (error: unknown) => {
      report(shared.core, error, 'page')
      if (!response.headersSent && !response.writableEnded) bypass(shared, visit, 'error')
      else response.destroy()
    },
  )
}

/** A change invalidates what it has changed, before its answer ends. */
function watchUnsafe(shared: Shared, { response }: Visit, method: string, url: string): void {
  watchChange(response, {
    method,
    url,
    keyOf: (other) => absolute(shared.keys, shared.settings, other),
    invalidate: (tags) => shared.cache.invalidateTags(tags),
    failed: (error) => report(shared.core, error, 'invalidate'),
  })
}
