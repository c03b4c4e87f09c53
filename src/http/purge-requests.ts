import { invalidOption } from '../base/errors.js'
import { encodeSurrogateKey } from './surrogate-keys.js'

/** A request that makes a CDN forget responses by tag. Send it with whatever sends requests. */
export interface PurgeRequest {
  readonly method: 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** A CDN with a purge by tag, and what it takes to ask it. */
export type PurgeTarget =
  | {
      readonly cdn: 'fastly'
      readonly serviceId: string
      readonly token: string
      /** Mark stale instead of removing, so that it can be served while a new one is made. Default: true. */
      readonly soft?: boolean
    }
  | { readonly cdn: 'cloudflare'; readonly zoneId: string; readonly token: string }

/** How many tags each takes in one request. */
const BATCH = { fastly: 256, cloudflare: 30 } as const

/**
 * The requests that purge these tags, as few as the CDN allows.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for an id or a token that cannot stand in a request.
 */
export function purgeRequests(target: PurgeTarget, tags: Iterable<string>): PurgeRequest[] {
  checkToken('token', target.token)
  const keys = [...new Set(tags)].map(encodeSurrogateKey)
  const requests: PurgeRequest[] = []
  for (let at = 0; at < keys.length; at += BATCH[target.cdn]) {
    const batch = keys.slice(at, at + BATCH[target.cdn])
    requests.push(
      target.cdn === 'fastly' ? fastlyRequest(target, batch) : cloudflareRequest(target, batch),
    )
  }
  return requests
}

function fastlyRequest(
  target: PurgeTarget & { cdn: 'fastly' },
  keys: readonly string[],
): PurgeRequest {
  checkId('serviceId', target.serviceId)
  const headers: Record<string, string> = {
    'fastly-key': target.token,
    'surrogate-key': keys.join(' '),
    accept: 'application/json',
  }
  if (target.soft !== false) headers['fastly-soft-purge'] = '1'
  return {
    method: 'POST',
    url: `https://api.fastly.com/service/${target.serviceId}/purge`,
    headers,
  }
}

function cloudflareRequest(
  target: PurgeTarget & { cdn: 'cloudflare' },
  keys: readonly string[],
): PurgeRequest {
  checkId('zoneId', target.zoneId)
  return {
    method: 'POST',
    url: `https://api.cloudflare.com/client/v4/zones/${target.zoneId}/purge_cache`,
    headers: { authorization: `Bearer ${target.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ tags: keys }),
  }
}

function checkId(option: string, id: string): void {
  if (!/^\w+$/.test(id)) throw invalidOption(option, 'letters and digits', id)
}

function checkToken(option: string, token: string): void {
  if (!/^[!-~]+$/.test(token)) throw invalidOption(option, 'printable ASCII', '(not shown)')
}
