import type { ResponseDirectives } from './cache-control.js'
import { MAX_DELTA_SECONDS, parseAge } from './delta-seconds.js'
import { type FieldValues, fieldValue } from './fields.js'
import { parseHttpDate } from './http-date.js'
import { isHeuristicallyCacheable } from './statuses.js'
import type { GoverningDirectives } from './targeted.js'

/**
 * How old a stored response is and how long it stays fresh (RFC 9111 section 4.2).
 *
 * Everything that can be known when a response arrives is worked out then and kept as a few numbers with the stored
 * response, so that a hit costs a subtraction and a comparison.
 */

/** Where a lifetime comes from: the response, the configuration (`ttl`), a guess, or nowhere. */
export type LifetimeSource = 's-maxage' | 'max-age' | 'expires' | 'ttl' | 'heuristic' | 'none'

/** What a stored response is judged by later: plain data, to be kept with it. Times are milliseconds. */
export interface Freshness {
  /** When its age was zero: the moment of the response, less the age it had then. */
  readonly bornAt: number
  /** How long it is fresh from then on. */
  readonly lifetimeMs: number
  readonly source: LifetimeSource
  /** Never to be reused without asking (`no-cache`). */
  readonly alwaysValidate: boolean
  /** Never to be served once stale, whatever happens (`must-revalidate` and what amounts to it). */
  readonly neverStale: boolean
  /** How long past its lifetime it may be served while a new one is made; 0 when it does not say. */
  readonly staleWhileRevalidateMs: number
  /** How long past its lifetime it may be served when the origin fails; `undefined` when it does not say. */
  readonly staleIfErrorMs: number | undefined
}

/** What freshness is worked out from. */
export interface FreshnessInput {
  readonly status: number
  /** The fields of the response. */
  readonly fields: FieldValues
  readonly governing: GoverningDirectives
  /** When the request was sent, in milliseconds since the epoch. */
  readonly requestAt: number
  /** When the response arrived. */
  readonly responseAt: number
  /** Whether many users share the cache. Default: true. */
  readonly shared?: boolean
  /**
   * How long configuration lets it be fresh: its lifetime where it states none and its status may be given one, its bound
   * where it does.
   */
  readonly ttlMs?: number | undefined
  /** The moment what it was made of stops being fresh, in milliseconds since the epoch: it never outlives that. */
  readonly freshUntil?: number | undefined
  /** How to guess a lifetime where none is stated; `false` to guess none. Default: a tenth of the age, a day at most. */
  readonly heuristic?: HeuristicOptions | false
}

/** How to guess a lifetime (section 4.2.2). */
export interface HeuristicOptions {
  /** The part of the time since the last modification. Default: 0.1. */
  readonly fraction?: number
  /** The longest guess, in milliseconds. Default: 86_400_000, a day. */
  readonly maxMs?: number
}

const DAY_MS = 86_400_000

/** Works out how a response will be judged. */
export function computeFreshness(input: FreshnessInput): Freshness {
  const { fields, governing, responseAt, shared = true } = input
  const { directives } = governing
  const date = parseHttpDate(fieldValue(fields, 'date'), responseAt)
  const [statedMs, source] = lifetime(input, directives, date, shared)
  const bornAt = responseAt - initialAge(fields, date, input.requestAt, responseAt)
  const { ttlMs = Infinity, freshUntil = Infinity } = input
  return {
    bornAt,
    lifetimeMs: Math.max(0, Math.min(statedMs, ttlMs, freshUntil - bornAt)),
    source,
    alwaysValidate: directives.noCache,
    neverStale: prohibitsStale(directives, shared),
    staleWhileRevalidateMs: (directives.staleWhileRevalidate ?? 0) * 1000,
    staleIfErrorMs:
      directives.staleIfError === undefined ? undefined : directives.staleIfError * 1000,
  }
}

/** The age on arrival, the greater of two estimates (section 4.2.3). */
function initialAge(
  fields: FieldValues,
  date: number | undefined,
  requestAt: number,
  responseAt: number,
): number {
  const apparent = date === undefined ? 0 : Math.max(0, responseAt - date)
  const stated = (parseAge(fieldValue(fields, 'age')) ?? 0) * 1000
  return Math.max(wholeSeconds(apparent), stated + Math.max(0, responseAt - requestAt))
}

/** `Date` has no parts of a second, so the part of one by which it seems to lie back is not age. */
function wholeSeconds(ms: number): number {
  return ms < 1000 ? 0 : ms
}

function lifetime(
  input: FreshnessInput,
  directives: ResponseDirectives,
  date: number | undefined,
  shared: boolean,
): readonly [ms: number, source: LifetimeSource] {
  if (shared && directives.sMaxAge !== undefined) return [directives.sMaxAge * 1000, 's-maxage']
  if (directives.maxAge !== undefined) return [directives.maxAge * 1000, 'max-age']
  const { fields, governing, responseAt } = input
  if (governing.source === 'cache-control') {
    const expires = fieldValue(fields, 'expires')
    if (expires !== undefined) {
      const at = parseHttpDate(expires, responseAt)
      const left = at === undefined ? 0 : Math.max(0, at - (date ?? responseAt))
      return [Math.min(left, MAX_DELTA_SECONDS * 1000), 'expires']
    }
  }
  return unstatedLifetime(input, directives, date ?? responseAt)
}

/** By configuration, or by guess (section 4.2.2), where the status or `public` allows it. */
function unstatedLifetime(
  input: FreshnessInput,
  directives: ResponseDirectives,
  generatedAt: number,
): readonly [ms: number, source: LifetimeSource] {
  const { heuristic = {}, status, fields, responseAt, ttlMs } = input
  if (!isHeuristicallyCacheable(status) && !directives.public) return [0, 'none']
  if (ttlMs !== undefined) return [Math.min(ttlMs, MAX_DELTA_SECONDS * 1000), 'ttl']
  if (heuristic === false) return [0, 'none']
  const modified = parseHttpDate(fieldValue(fields, 'last-modified'), responseAt)
  if (modified === undefined || modified >= generatedAt) return [0, 'none']
  const guess = (generatedAt - modified) * (heuristic.fraction ?? 0.1)
  return [Math.min(guess, heuristic.maxMs ?? DAY_MS), 'heuristic']
}

/**
 * Whether it must never be served stale (section 4.2.4). `s-maxage` implies that for shared caches, unless the response
 * itself permits staleness in so many words (RFC 5861): an extension may override what is only implied.
 */
function prohibitsStale(directives: ResponseDirectives, shared: boolean): boolean {
  if (directives.mustRevalidate || directives.noCache) return true
  if (!shared) return false
  const permitted =
    directives.staleWhileRevalidate !== undefined || directives.staleIfError !== undefined
  return directives.proxyRevalidate || (directives.sMaxAge !== undefined && !permitted)
}

/** Its age now, in milliseconds (section 4.2.3). */
export function currentAgeMs(freshness: Freshness, now: number): number {
  return Math.max(0, now - freshness.bornAt)
}

/** The value of `Age` for a response served from storage: whole seconds (section 5.1). */
export function ageSeconds(freshness: Freshness, now: number): number {
  return Math.floor(currentAgeMs(freshness, now) / 1000)
}

/** How long it stays fresh from now, in milliseconds; negative once stale. */
export function remainingMs(freshness: Freshness, now: number): number {
  return freshness.lifetimeMs - currentAgeMs(freshness, now)
}
