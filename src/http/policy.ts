import { invalidOption } from '../base/errors.js'
import type { ResponseDirectives } from './cache-control.js'
import {
  cacheControlDirectives,
  type CacheControlOptions,
  capLifetimes,
  formatCacheControl,
} from './cache-control-format.js'
import type { FieldLine } from './fields.js'
import { formatHttpDate } from './http-date.js'
import { parseTargetedCacheControl } from './targeted.js'
import { isToken } from './tokens.js'

/** A caching policy: what every cache is told, and what particular ones are told instead. */
export interface CachePolicyOptions extends CacheControlOptions {
  /**
   * Directives for caches that listen to a field of their own (RFC 9213), by field name: `{ 'cdn-cache-control': { maxAge: '1h' } }`.
   * Such a cache ignores `Cache-Control` and `Expires`.
   */
  readonly targeted?: Readonly<Record<string, CacheControlOptions>>
  /** Say the same in an `Expires` field, for caches of HTTP/1.0. Default: false. */
  readonly expires?: boolean
}

/** A policy with its constant field values written once. Make it where routes are set up and keep it. */
export interface CachePolicy {
  readonly directives: ResponseDirectives
  /** The value of `Cache-Control`; empty when the policy says nothing. */
  readonly cacheControl: string
  readonly targeted: readonly TargetedPolicy[]
  readonly expires: boolean
}

/** The part of a policy for one targeted field. */
export interface TargetedPolicy {
  /** Lower-case. */
  readonly field: string
  readonly directives: ResponseDirectives
  readonly value: string
}

/**
 * Checks a policy and writes what of it does not change.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option, for what cannot be written or contradicts itself.
 */
export function cachePolicy(options: CachePolicyOptions): CachePolicy {
  const directives = cacheControlDirectives(options)
  return Object.freeze({
    directives,
    cacheControl: formatCacheControl(directives),
    targeted: Object.entries(options.targeted ?? {}).map(targetedPolicy),
    expires: options.expires === true,
  })
}

function targetedPolicy([name, options]: [string, CacheControlOptions]): TargetedPolicy {
  const option = `targeted['${name}']`
  if (!isToken(name)) throw invalidOption(option, 'keyed by a field name', name)
  const directives = cacheControlDirectives(options)
  const value = formatCacheControl(directives)
  if (parseTargetedCacheControl(value) === undefined) {
    throw invalidOption(option, 'at least one directive that a structured field can hold', options)
  }
  return { field: name.toLowerCase(), directives, value }
}

/**
 * The fields a response gets under the policy.
 *
 * No lifetime among them is longer than `remainingSeconds`: what the response was made of is fresh no longer than that.
 */
export function policyFields(
  policy: CachePolicy,
  now: number,
  remainingSeconds: number = Infinity,
): FieldLine[] {
  const fields: FieldLine[] = []
  const directives = capLifetimes(policy.directives, remainingSeconds)
  const value =
    directives === policy.directives ? policy.cacheControl : formatCacheControl(directives)
  if (value !== '') fields.push(['cache-control', value])
  for (const targeted of policy.targeted) {
    const capped = capLifetimes(targeted.directives, remainingSeconds)
    const same = capped === targeted.directives
    fields.push([targeted.field, same ? targeted.value : formatCacheControl(capped)])
  }
  if (policy.expires) {
    const expires = expiresValue(directives, now)
    if (expires !== undefined) fields.push(['expires', expires])
  }
  return fields
}

/**
 * The `Expires` that says what the directives say (RFC 9111 section 5.3); `undefined` when they state no lifetime.
 *
 * What is not to be reused without asking expired at the epoch. `s-maxage` is not for the caches that read `Expires`.
 */
export function expiresValue(directives: ResponseDirectives, now: number): string | undefined {
  if (directives.noStore || directives.noCache) return formatHttpDate(0)
  return directives.maxAge === undefined
    ? undefined
    : formatHttpDate(now + directives.maxAge * 1000)
}
