import { useCore } from '../cache/first-use.js'
import { judgeReuse } from '../http/index.js'
import { bypass } from './bypass.js'
import { fillPage } from './fill.js'
import { isFillable } from './holes.js'
import { isFor, MAX_STEPS } from './keys.js'
import type { Selection } from './known-url.js'
import { look } from './look.js'
import { refresh } from './refresh.js'
import { serve } from './serve.js'
import type { Entered } from './visit.js'

/** Answers a visit from storage, fresh or stale, or has the page made. */
export async function answerVisit(entered: Entered, variants: Selection): Promise<void> {
  const { shared, headers, visit, directives } = entered
  const { core, settings } = shared
  const up = useCore(core)
  if (core.bus !== undefined) await up
  let selection = variants
  for (let step = 0; step < MAX_STEPS; step++) {
    const { names } = selection
    const { key } = selection.of(headers)
    const looked = look(core, key, settings)
    const found = looked instanceof Promise ? await looked : looked
    const now = core.clock.now()
    if (found !== undefined && !isFor(found.kept, headers, settings)) {
      selection = selection.by(found.kept.vary)
      continue
    }
    const kept = found?.kept.page ?? undefined
    const page = kept !== undefined && isFillable(kept, settings) ? kept : undefined
    if (found !== undefined && page !== undefined) {
      const how = judgeReuse(page.freshness, now, directives, settings.permission)
      if (how === 'stale' || (how === 'fresh' && found.fresh)) {
        serve(entered, page)
        return
      }
      const atOnce = (settings.softMs ?? 0) === 0
      if (how === 'stale-while-revalidate' && atOnce && directives?.onlyIfCached !== true) {
        serve(entered, page)
        refresh(entered, key, names, page)
        return
      }
    }
    if (directives?.onlyIfCached === true) {
      answerOnlyIfCached(entered)
      return
    }
    const pass = shared.passes.get(key)
    if (pass !== undefined && pass.until > now) {
      bypass(shared, visit, 'pass', pass.why)
      return
    }
    const next = await fillPage(entered, key, names, page, kept !== page)
    if (next === undefined) return
    selection = selection.by(next)
  }
  bypass(shared, visit, 'vary')
}

/** There is nothing usable, and the visitor does not want the handler to run. */
function answerOnlyIfCached({ visit, shared }: Entered): void {
  const { response } = visit
  visit.answering?.()
  response.statusCode = 504
  response.setHeader('cache-status', shared.settings.status.write({ fwd: 'request' }))
  response.end()
}
