import { judgeReuse } from '../http/index.js'
import { whyNotCached } from './bypass.js'
import { isFillable } from './holes.js'
import { MAX_STEPS } from './keys.js'
import type { KnownUrl } from './known-url.js'
import { readyPage, type ReadyPage } from './ready-page.js'
import { isUnwatched, sendReady } from './send-head.js'
import { serve } from './serve.js'
import { isSound } from './sound.js'
import type { StoredPage } from './stored-page.js'
import type { Entered, Shared, Visit } from './visit.js'

/**
 * The quick way: a fresh page in process memory, found and sent without a promise. True when it has answered.
 *
 * The entry is asked for anew each time, so all that makes it unusable counts: an invalidated tag, its end, its eviction, the
 * loss of the connection over which invalidations come.
 */
export function answeredFromMemory(shared: Shared, visit: Visit, url: KnownUrl): boolean {
  const { core, settings } = shared
  const { near } = core
  if (near === undefined || !core.trusted || core.closed) return false
  const { request } = visit
  const { headers } = request
  if (settings.honoursRequests && saysSomething(headers)) return false
  if (whyNotCached(request, settings) !== undefined) return false
  const now = core.clock.now()
  let selection = url.variants
  let variant = selection.of(headers)
  for (let step = 0; step < MAX_STEPS; step++) {
    const entry = near.get(variant.key)
    if (entry === undefined || now >= entry.freshUntil) return false
    if (!isSound(entry.value)) return false
    const { vary, variant: kept, page } = entry.value
    const narrower = selection.by(vary)
    if (narrower !== selection) {
      selection = narrower
      variant = selection.of(headers)
    }
    if (page === null || variant.text !== kept) continue
    if (judgeReuse(page.freshness, now) !== 'fresh' || !isFillable(page, settings)) return false
    core.counters.hits++
    url.remember?.()
    send(shared, visit, url, shared.codings?.of(page, headers) ?? page, now)
    return true
  }
  return false
}

function saysSomething(headers: Visit['request']['headers']): boolean {
  return headers['cache-control'] !== undefined || headers.pragma !== undefined
}

function send(shared: Shared, visit: Visit, url: KnownUrl, page: StoredPage, now: number): void {
  const { request, response, answering } = visit
  const { method = 'GET', headers } = request
  answering?.()
  const ready = readied(shared, page)
  if (ready !== undefined && isUnwatched(response)) {
    const way = ready.decide(method, headers)
    if (way === 'not-modified' && sendReady(response, ready.notModified(now), undefined)) return
    const body = method === 'HEAD' ? undefined : ready.body
    if (way === 'whole' && sendReady(response, ready.whole(now), body)) return
  }
  const entered: Entered = { visit, at: url.at, headers, method, directives: undefined, shared }
  serve(entered, page)
}

/** The page made ready; made once for each page, and forgotten with it. */
function readied({ ready, settings }: Shared, page: StoredPage): ReadyPage | undefined {
  const known = ready.get(page)
  if (known !== undefined || ready.has(page)) return known
  const made = readyPage(page, settings)
  ready.set(page, made)
  return made
}
