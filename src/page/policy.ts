import type { Core } from '../cache/core.js'
import type { Policy } from '../cache/options.js'
import { mayServeOnError } from '../http/index.js'
import { pageTag } from './keys.js'
import type { PageSettings } from './options.js'
import type { StoredPage } from './stored-page.js'
import type { Entered } from './visit.js'

/** How the engine is to keep a page: staleness is judged here, page by page, and only a failing handler is left to it. */
export function policyFor(
  core: Core,
  settings: PageSettings,
  tags: readonly string[],
  page: StoredPage | undefined,
): Policy {
  const { staleIfErrorMs, keepMs, staleWhileRevalidateMs, permission } = settings
  const covers =
    page === undefined || mayServeOnError(page.freshness, core.clock.now(), undefined, permission)
  return {
    ...core.settings.policy,
    ttlMs: settings.ttlMs ?? 86_400_000,
    graceMs: Math.max(staleIfErrorMs, staleWhileRevalidateMs) + keepMs,
    staleWhileRevalidateMs: 0,
    staleIfErrorMs: covers ? (page?.freshness.staleIfErrorMs ?? staleIfErrorMs) : 0,
    jitter: 0,
    earlyRefresh: undefined,
    softMs: undefined,
    hardMs: undefined,
    tags,
    private: false,
    inherit: true,
    // Pages are never changed, and copying one costs as much as sending it.
    shared: true,
  }
}

/** The same for the page of one visit, which takes the place of `stale`. */
export function pagePolicy({ at, shared, visit }: Entered, stale: StoredPage | undefined): Policy {
  const { core, settings } = shared
  const tags = [pageTag(at.key), ...settings.tags(visit.request)]
  return policyFor(core, settings, tags, stale)
}
