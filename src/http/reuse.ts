import { currentAgeMs, type Freshness } from './freshness.js'
import type { RequestDirectives } from './request-cache-control.js'

/**
 * What may be done with a stored response for a request (RFC 9111 section 4).
 *
 * `'fresh'`: serve it. `'stale-while-revalidate'`: serve it and make a new one meanwhile. `'stale'`: serve it, the client
 * has said it accepts that. `'validate'`: ask first.
 */
export type Reuse = 'fresh' | 'stale-while-revalidate' | 'stale' | 'validate'

/** Permissions that come from configuration rather than from the response. */
export interface StalePermission {
  /** How long past its lifetime it may be served while a new one is made, at least. Default: 0. */
  readonly whileRevalidateMs?: number
  /** How long past its lifetime it may be served when the origin fails, where the response does not say. Default: 0. */
  readonly ifErrorMs?: number
}

const NOTHING: StalePermission = Object.freeze({})

/**
 * Judges a stored response. Give `request` only where visitors may have a say (section 5.2.1 leaves that to the cache).
 */
export function judgeReuse(
  freshness: Freshness,
  now: number,
  request?: RequestDirectives,
  permission: StalePermission = NOTHING,
): Reuse {
  if (freshness.alwaysValidate) return 'validate'
  const age = currentAgeMs(freshness, now)
  const remaining = freshness.lifetimeMs - age
  if (request !== undefined) {
    if (request.noCache) return 'validate'
    if (request.maxAge !== undefined && age > request.maxAge * 1000) return 'validate'
    if (request.minFresh !== undefined && remaining < request.minFresh * 1000) return 'validate'
  }
  if (remaining > 0) return 'fresh'
  if (freshness.neverStale) return 'validate'
  const window = Math.max(freshness.staleWhileRevalidateMs, permission.whileRevalidateMs ?? 0)
  if (-remaining < window && request?.maxAge === undefined) return 'stale-while-revalidate'
  return request !== undefined && acceptsStale(freshness, request, remaining) ? 'stale' : 'validate'
}

function acceptsStale(
  freshness: Freshness,
  request: RequestDirectives,
  remaining: number,
): boolean {
  return (
    !freshness.neverStale && request.maxStale !== undefined && -remaining <= request.maxStale * 1000
  )
}

/**
 * Whether it may be served because the origin failed: did not answer, threw, or answered 500, 502, 503 or 504.
 *
 * What the response says of `stale-if-error` counts; where it is silent, the configuration (section 4.2.4, RFC 5861
 * section 4). A client may widen that to what it accepts. Never when the response forbids staleness.
 */
export function mayServeOnError(
  freshness: Freshness,
  now: number,
  request?: RequestDirectives,
  permission: StalePermission = NOTHING,
): boolean {
  const staleFor = currentAgeMs(freshness, now) - freshness.lifetimeMs
  if (freshness.alwaysValidate || (freshness.neverStale && staleFor >= 0)) return false
  const own = freshness.staleIfErrorMs ?? permission.ifErrorMs ?? 0
  const accepted = (request?.staleIfError ?? 0) * 1000
  return staleFor < Math.max(own, accepted, freshness.staleWhileRevalidateMs)
}

/** The moment from which nothing may be done with it but ask: until then it is worth keeping, even without a validator. */
export function uselessFrom(freshness: Freshness, permission: StalePermission = NOTHING): number {
  const staleAt = freshness.bornAt + freshness.lifetimeMs
  if (freshness.alwaysValidate) return freshness.bornAt
  if (freshness.neverStale) return staleAt
  return (
    staleAt +
    Math.max(
      freshness.staleWhileRevalidateMs,
      permission.whileRevalidateMs ?? 0,
      freshness.staleIfErrorMs ?? permission.ifErrorMs ?? 0,
    )
  )
}
