import type { IncomingMessage } from 'node:http'
import type { Core } from '../cache/core.js'
import type { FieldLine } from '../http/index.js'
import { markIn } from '../fragment/marks.js'
import { fillOnTheWay, stopFilling } from './fill-holes.js'
import { marksFor } from './holes.js'
import type { PageSettings } from './options.js'
import type { Shared, Visit } from './visit.js'

const OVERRIDES = ['x-http-method-override', 'x-http-method', 'x-method-override'] as const

/** Why a request is no plain question for a page, for the `detail` of `Cache-Status`; undefined when it is one. */
export function whyNotCached(request: IncomingMessage, settings: PageSettings): string | undefined {
  const { headers } = request
  if (headers['transfer-encoding'] !== undefined) return 'request-body'
  const length = headers['content-length']
  if (length !== undefined && length !== '0') return 'request-body'
  if (headers.upgrade !== undefined) return 'upgrade'
  for (const name of OVERRIDES) if (headers[name] !== undefined) return 'method-override'
  return settings.bypass(request) ? 'configured' : undefined
}

/** What is said of a response to caches behind us, where its handler says nothing: who looks at the visitor answers the visitor. */
export const PERSONAL: FieldLine = ['cache-control', 'private']

/** Lets the handler answer this visit alone. `why`: what the answer to another one was not kept for. */
export function bypass(
  { core, settings }: Pick<Shared, 'core' | 'settings'>,
  visit: Visit,
  detail: string | undefined,
  why: string | undefined = detail,
): void {
  if (why === 'personal' && !visit.response.hasHeader(PERSONAL[0])) {
    visit.response.setHeader(...PERSONAL)
  }
  visit.response.setHeader(
    'cache-status',
    settings.status.write({ fwd: 'bypass', ...(detail === undefined ? {} : { detail }) }),
  )
  proceedAlone(core, settings, visit)
}

/** Lets the handler answer, and fills the holes in what it writes. */
export function proceedAlone(core: Core, settings: PageSettings, visit: Visit): void {
  const marks = marksFor(settings)
  if (marks === undefined) {
    visit.proceed()
    return
  }
  stopFilling(visit.response)
  fillOnTheWay(core, settings, visit, marks)
  markIn(marks, visit.proceed)
}
