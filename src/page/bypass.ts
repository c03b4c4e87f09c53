import type { IncomingMessage } from 'node:http'
import type { PageSettings } from './options.js'
import type { Visit } from './visit.js'

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

/** Lets the handler answer this visit alone. */
export function bypass(
  settings: PageSettings,
  { response, proceed }: Visit,
  detail: string | undefined,
): void {
  response.setHeader(
    'cache-status',
    settings.status.write({ fwd: 'bypass', ...(detail === undefined ? {} : { detail }) }),
  )
  proceed()
}
