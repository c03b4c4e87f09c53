import { invalidOption } from '../base/errors.js'
import { type ExtensionDirective, NO_DIRECTIVES, type ResponseDirectives } from './cache-control.js'
import { type Lifetime, toSeconds } from './lifetime.js'
import type { RequestDirectives } from './request-cache-control.js'
import { isToken, tokenOrQuoted } from './tokens.js'

/** The directives of a response as an application states them. Each is left out unless it is given. */
export interface CacheControlOptions {
  /** Any cache may keep it, even the answer to a request with `Authorization`. */
  readonly public?: boolean
  /** Only the visitor's own cache may keep it; as a list, that holds for these fields only. */
  readonly private?: boolean | readonly string[]
  /** Kept, but asked about on every use; as a list, these fields are not kept. */
  readonly noCache?: boolean | readonly string[]
  /** Not kept anywhere. */
  readonly noStore?: boolean
  /** How long it is fresh. Milliseconds or `'5m'`, `'1y'`; written in seconds. */
  readonly maxAge?: Lifetime
  /** The same for shared caches. */
  readonly sMaxAge?: Lifetime
  /** Once stale it must not be used, whatever happens. */
  readonly mustRevalidate?: boolean
  /** The same for shared caches. */
  readonly proxyRevalidate?: boolean
  /** Only caches that know the status code may keep it. Written with `noStore`, which such caches then ignore. */
  readonly mustUnderstand?: boolean
  /** No intermediary may change the content. */
  readonly noTransform?: boolean
  /** It will not change while fresh: a reload need not ask. */
  readonly immutable?: boolean
  /** How long past its freshness it may be served while a new one is fetched. */
  readonly staleWhileRevalidate?: Lifetime
  /** How long past its freshness it may be served when the origin fails. */
  readonly staleIfError?: Lifetime
  /** Directives of other specifications: `true` for a name alone, else the argument. */
  readonly extensions?: Readonly<Record<string, string | number | true>>
}

/**
 * What the options say, checked: the same form that parsing a response gives.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for a length or a name that cannot be written, and for directives that
 * contradict each other, so that no half of a contradiction is silently the one that counts.
 */
export function cacheControlDirectives(options: CacheControlOptions): ResponseDirectives {
  const directives: ResponseDirectives = {
    ...NO_DIRECTIVES,
    public: options.public === true,
    private: options.private === true,
    privateFields: fieldNames(options.private, 'private'),
    noCache: options.noCache === true,
    noCacheFields: fieldNames(options.noCache, 'noCache'),
    noStore: options.noStore === true,
    maxAge: seconds(options.maxAge, 'maxAge'),
    sMaxAge: seconds(options.sMaxAge, 'sMaxAge'),
    mustRevalidate: options.mustRevalidate === true,
    proxyRevalidate: options.proxyRevalidate === true,
    mustUnderstand: options.mustUnderstand === true,
    noTransform: options.noTransform === true,
    immutable: options.immutable === true,
    staleWhileRevalidate: seconds(options.staleWhileRevalidate, 'staleWhileRevalidate'),
    staleIfError: seconds(options.staleIfError, 'staleIfError'),
    extensions: extensionList(options.extensions),
  }
  refuseConflicts(directives)
  return directives
}

/** Pairs that cannot both be meant, and why. */
function refuseConflicts(d: ResponseDirectives): void {
  const refuse = (option: string, other: string, why: string): never => {
    throw invalidOption(option, `left out where ${other} is given (${why})`, true)
  }
  const staleAllowed = d.staleWhileRevalidate !== undefined || d.staleIfError !== undefined
  const lasting = (d.maxAge ?? 0) > 0 || (d.sMaxAge ?? 0) > 0 || staleAllowed || d.immutable
  if (d.public && d.private) refuse('public', 'private', 'a response is for everyone or for one')
  if (d.private && d.sMaxAge !== undefined) {
    refuse('sMaxAge', 'private', 'shared caches do not keep it')
  }
  if (d.private && d.proxyRevalidate) {
    refuse('proxyRevalidate', 'private', 'shared caches do not keep it')
  }
  if (d.noStore && !d.mustUnderstand && (lasting || d.public)) {
    refuse('noStore', 'a permission to keep the response', 'nothing is kept')
  }
  if (d.noCache && d.immutable) refuse('immutable', 'noCache', 'each use asks the origin')
  if (d.noCache && staleAllowed) {
    refuse('staleWhileRevalidate or staleIfError', 'noCache', 'each use asks the origin')
  }
  if (d.mustRevalidate && staleAllowed) {
    refuse('staleWhileRevalidate or staleIfError', 'mustRevalidate', 'nothing stale is served')
  }
  if (d.immutable && (d.maxAge ?? d.sMaxAge ?? 0) === 0) {
    throw invalidOption('immutable', 'given with a maxAge (it holds only while fresh)', true)
  }
}

function seconds(lifetime: Lifetime | undefined, option: string): number | undefined {
  return lifetime === undefined ? undefined : toSeconds(lifetime, option)
}

function fieldNames(value: boolean | readonly string[] | undefined, option: string): string[] {
  if (value === undefined || typeof value === 'boolean') return []
  if (value.length === 0 || !value.every(isToken)) {
    throw invalidOption(option, 'true, false or a list of field names', value)
  }
  return value.map((name) => name.toLowerCase())
}

function extensionList(extensions: CacheControlOptions['extensions']): ExtensionDirective[] {
  return Object.entries(extensions ?? {}).map(([name, value]) => {
    if (!isToken(name)) throw invalidOption('extensions', 'keyed by directive names', name)
    const argument = value === true ? undefined : String(value)
    // oxlint-disable-next-line no-control-regex
    if (argument !== undefined && /[^\t\u0020-\u007e]/.test(argument)) {
      throw invalidOption(`extensions.${name}`, 'printable ASCII', argument)
    }
    return { name: name.toLowerCase(), argument }
  })
}

/** The value of a response's `Cache-Control`, or of a targeted field; empty when there is nothing to say. */
export function formatCacheControl(directives: ResponseDirectives): string {
  const parts: string[] = []
  const flag = (set: boolean, name: string): void => {
    if (set) parts.push(name)
  }
  const count = (value: number | undefined, name: string): void => {
    if (value !== undefined) parts.push(`${name}=${value}`)
  }
  const names = (fields: readonly string[], name: string): void => {
    if (fields.length > 0) parts.push(`${name}="${fields.join(', ')}"`)
  }
  flag(directives.public, 'public')
  flag(directives.private, 'private')
  if (!directives.private) names(directives.privateFields, 'private')
  flag(directives.noStore, 'no-store')
  flag(directives.mustUnderstand, 'must-understand')
  flag(directives.noCache, 'no-cache')
  if (!directives.noCache) names(directives.noCacheFields, 'no-cache')
  count(directives.maxAge, 'max-age')
  count(directives.sMaxAge, 's-maxage')
  flag(directives.mustRevalidate, 'must-revalidate')
  flag(directives.proxyRevalidate, 'proxy-revalidate')
  flag(directives.noTransform, 'no-transform')
  flag(directives.immutable, 'immutable')
  count(directives.staleWhileRevalidate, 'stale-while-revalidate')
  count(directives.staleIfError, 'stale-if-error')
  for (const extension of directives.extensions) parts.push(formatExtension(extension))
  return parts.join(', ')
}

/** The value of a request's `Cache-Control`; empty when there is nothing to say. */
export function formatRequestCacheControl(directives: Partial<RequestDirectives>): string {
  const parts: string[] = []
  if (directives.noStore) parts.push('no-store')
  if (directives.noCache) parts.push('no-cache')
  if (directives.maxAge !== undefined) parts.push(`max-age=${directives.maxAge}`)
  if (directives.maxStale !== undefined) {
    parts.push(directives.maxStale === Infinity ? 'max-stale' : `max-stale=${directives.maxStale}`)
  }
  if (directives.minFresh !== undefined) parts.push(`min-fresh=${directives.minFresh}`)
  if (directives.noTransform) parts.push('no-transform')
  if (directives.onlyIfCached) parts.push('only-if-cached')
  if (directives.staleIfError !== undefined) {
    parts.push(`stale-if-error=${directives.staleIfError}`)
  }
  for (const extension of directives.extensions ?? []) parts.push(formatExtension(extension))
  return parts.join(', ')
}

function formatExtension({ name, argument }: ExtensionDirective): string {
  return argument === undefined ? name : `${name}=${tokenOrQuoted(argument)}`
}

/**
 * The directives with no lifetime longer than `seconds`: a page is not to promise more than what it was made of.
 *
 * Where nothing is promised nothing is added. A negative number counts as zero.
 */
export function capLifetimes(directives: ResponseDirectives, seconds: number): ResponseDirectives {
  const limit = Math.max(0, Math.floor(seconds))
  const { maxAge, sMaxAge } = directives
  if ((maxAge ?? 0) <= limit && (sMaxAge ?? 0) <= limit) return directives
  return {
    ...directives,
    maxAge: maxAge === undefined ? undefined : Math.min(maxAge, limit),
    sMaxAge: sMaxAge === undefined ? undefined : Math.min(sMaxAge, limit),
  }
}
