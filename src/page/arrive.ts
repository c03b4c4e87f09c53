import { report } from '../cache/core.js'
import { fieldValue, isSafeMethod, parseRequestCacheControl } from '../http/index.js'
import { answerVisit } from './answer-visit.js'
import { bypass, proceedAlone, whyNotCached } from './bypass.js'
import { watchChange } from './change.js'
import { answeredFromMemory } from './hit.js'
import { absoluteKey } from './keys.js'
import { takesOver } from './passage.js'
import { continueDetached } from './run-handler.js'
import type { Entered, Shared, Visit } from './visit.js'

/** Answers a visit from storage, has its page made, or lets the handler answer it. Never throws. */
export function arrive(shared: Shared, visit: Visit): void {
  if (continueDetached(visit)) return
  if (!takesOver(shared, visit, (own) => enter(shared, own))) enter(shared, visit)
}

function enter(shared: Shared, visit: Visit): void {
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
  const entered: Entered = { visit, at: url.at, headers, method, directives, shared }
  answerVisit(entered, url.variants).catch((error: unknown) => {
    report(shared.core, error, 'page')
    if (!response.headersSent && !response.writableEnded) bypass(shared, visit, 'error')
    else response.destroy()
  })
}

/** A change invalidates what it has changed, before its answer ends. */
function watchUnsafe(shared: Shared, { response }: Visit, method: string, url: string): void {
  watchChange(response, {
    method,
    url,
    keyOf: (other) => absoluteKey(shared.keys, shared.settings, other),
    invalidate: (tags) => shared.cache.invalidateTags(tags),
    failed: (error) => report(shared.core, error, 'invalidate'),
  })
}
