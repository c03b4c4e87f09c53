import type { ExtensionDirective } from './cache-control.js'
import { parseDeltaSeconds } from './delta-seconds.js'
import { type Directive, parseDirectives } from './directives.js'
import { splitList } from './fields.js'

/**
 * What a request says to caches (RFC 9111 section 5.2.1, RFC 5861 section 4). Lengths are seconds.
 *
 * All of it is advice: a cache in front of an origin may ignore it, so that a visitor cannot make the origin work.
 */
export interface RequestDirectives {
  /** The oldest answer wanted. Zero when the argument cannot be read. */
  readonly maxAge: number | undefined
  /** How long past its freshness an answer is still accepted; `Infinity` when no limit was given. */
  readonly maxStale: number | undefined
  /** How long the answer should stay fresh from now on. */
  readonly minFresh: number | undefined
  readonly noCache: boolean
  readonly noStore: boolean
  readonly noTransform: boolean
  readonly onlyIfCached: boolean
  /** How long past its freshness an answer is accepted when the origin fails. */
  readonly staleIfError: number | undefined
  readonly extensions: readonly ExtensionDirective[]
}

/** A request that says nothing to caches. */
export const NO_REQUEST_DIRECTIVES: RequestDirectives = Object.freeze({
  maxAge: undefined,
  maxStale: undefined,
  minFresh: undefined,
  noCache: false,
  noStore: false,
  noTransform: false,
  onlyIfCached: false,
  staleIfError: undefined,
  extensions: [],
})

const PRAGMA_NO_CACHE: RequestDirectives = Object.freeze({
  ...NO_REQUEST_DIRECTIVES,
  noCache: true,
})

/**
 * The directives of a request's `Cache-Control`, or what `Pragma` says where there is none (RFC 9111 section 5.4).
 *
 * Of a directive given twice the stricter value counts.
 */
export function parseRequestCacheControl(
  cacheControl: string | undefined,
  pragma?: string,
): RequestDirectives {
  if (cacheControl === undefined) {
    return pragma !== undefined && hasNoCache(pragma) ? PRAGMA_NO_CACHE : NO_REQUEST_DIRECTIVES
  }
  const result = { ...NO_REQUEST_DIRECTIVES }
  const extensions: ExtensionDirective[] = []
  for (const directive of parseDirectives(cacheControl)) {
    switch (directive.name) {
      case 'max-age':
        result.maxAge = least(result.maxAge, seconds(directive) ?? 0)
        break
      case 'max-stale':
        result.maxStale = least(result.maxStale, tolerance(directive))
        break
      case 'min-fresh':
        result.minFresh = most(result.minFresh, seconds(directive))
        break
      case 'stale-if-error':
        result.staleIfError = least(result.staleIfError, seconds(directive))
        break
      case 'no-cache':
        result.noCache = true
        break
      case 'no-store':
        result.noStore = true
        break
      case 'no-transform':
        result.noTransform = true
        break
      case 'only-if-cached':
        result.onlyIfCached = true
        break
      default:
        extensions.push({ name: directive.name, argument: directive.argument })
    }
  }
  result.extensions = extensions
  return result
}

function hasNoCache(pragma: string): boolean {
  return splitList(pragma).some((member) => member.toLowerCase() === 'no-cache')
}

function seconds({ argument, valid }: Directive): number | undefined {
  return valid && argument !== undefined ? parseDeltaSeconds(argument) : undefined
}

/** `max-stale` without an argument accepts any age; with one that cannot be read, nothing. */
function tolerance(directive: Directive): number | undefined {
  return directive.valid && directive.argument === undefined ? Infinity : seconds(directive)
}

function least(before: number | undefined, value: number | undefined): number | undefined {
  return before === undefined || value === undefined ? (value ?? before) : Math.min(before, value)
}

function most(before: number | undefined, value: number | undefined): number | undefined {
  return before === undefined || value === undefined ? (value ?? before) : Math.max(before, value)
}
