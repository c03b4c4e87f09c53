import type { IncomingMessage } from 'node:http'
import { type Duration, toMilliseconds } from '../base/duration.js'
import { invalidOption } from '../base/errors.js'
import { assertTag } from '../base/stable-key.js'
import type { Hole } from '../fragment/hole.js'
import {
  createCacheStatusWriter,
  type CacheStatusWriter,
  createNormalisers,
  type DeclaredQuery,
  type FieldNormalisers,
  formatNoVarySearch,
  type NormaliserOptions,
  type SurrogateKeyDialect,
  type SurrogateKeyFormat,
  type StalePermission,
} from '../http/index.js'
import { memoise } from '../http/memoise.js'
import { type CompressOptions, type CompressSettings, resolveCompress } from './compress.js'
import type { Purge } from './purge.js'
import { resolveSurrogate } from './surrogate.js'

/** How pages of a route are kept. Each has a default; none is required. */
export interface PageOptions {
  /**
   * How long a page is fresh when its response does not say, and at most when it does. Default: what the response says, else a
   * tenth of the time since its `Last-Modified`, else not kept.
   */
  readonly ttl?: Duration
  /** How long after that it may be served while a new one is made, and when making it fails. Default: `0`, never. */
  readonly grace?: Duration
  /** The part of the grace for serving while a new one is made. Default: all of `grace`. */
  readonly staleWhileRevalidate?: Duration
  /** The part of the grace for a handler that fails: throws, or answers 500, 502, 503 or 504. Default: all of `grace`. */
  readonly staleIfError?: Duration
  /** How long a stale page with a validator is kept to be asked about, after its grace. Default: `'1h'`. */
  readonly keep?: Duration
  /**
   * With a stale page at hand that may be served, how long a visitor waits for the new one before getting it; the new one is
   * finished behind the answer. Default: within `staleWhileRevalidate` not at all, after that until the handler has answered.
   */
  readonly softTimeout?: Duration
  /** The longest a visitor waits for another visitor's run of the handler: then a stale page, or a run of their own. Default: none. */
  readonly hardTimeout?: Duration
  /**
   * Request fields that pages differ by. Fields that the handler reads or names in `Vary` are added by themselves; naming them
   * saves a look. Default: none.
   */
  readonly vary?: readonly string[]
  /**
   * Request fields the handler may read although the pages do not differ by them, as a log does. `'all'`: what counts is `vary`
   * and what the response names in `Vary`, as between a proxy and its origin, and nothing that the handler reads. Default: none.
   */
  readonly unkeyed?: readonly string[] | 'all'
  /** Query parameters that pages differ by. The handler sees no others. Default: `'none'`. */
  readonly query?: DeclaredQuery
  /**
   * Tell browsers by `No-Vary-Search` that the other parameters make no difference, so that their copies fit too. Default:
   * `false`.
   */
  readonly noVarySearch?: boolean
  /** Labels to invalidate by, besides those of what the page is made from. */
  readonly tags?: readonly string[] | ((request: IncomingMessage) => readonly string[])
  /** The hosts this application answers for; others are not cached. Default: any, each with pages of its own. */
  readonly hosts?: string | readonly string[]
  /** The scheme visitors use. Default: `'https'`. */
  readonly scheme?: 'http' | 'https'
  /** The content codings and languages there are, so that visitors who get the same share a page. Default: compared by meaning. */
  readonly variants?: NormaliserOptions
  /** Whether a request comes from a known user: the answer is kept only if it says `public` or `s-maxage`. Default: by what the handler reads. */
  readonly identified?: (request: IncomingMessage) => boolean
  /** Requests that are not to be cached at all. Default: none. */
  readonly bypass?: (request: IncomingMessage) => boolean
  /** Whether `Cache-Control` and `Pragma` of a request count. Default: `'ignore'`, so that a visitor cannot make the handler work. */
  readonly requestDirectives?: 'ignore' | 'honour'
  /** Response fields whose directives go before `Cache-Control` (RFC 9213), most specific first. Default: none. */
  readonly targets?: readonly string[]
  /**
   * Keep pages compressed too, each coding made once, behind an answer, and sent to whoever accepts it. Pages that are compressed
   * already, say `no-transform`, or vary on `Accept-Encoding` by themselves, are left alone. Needs a store in process memory.
   * Default: `false`.
   */
  readonly compress?: boolean | CompressOptions
  /**
   * Send the tags of pages in a field for a CDN: `'fastly'`, `'cloudflare'`, `'akamai'`, `'xkey'`, or a format of your own. A
   * response that not all tags are known of or fit is told to be `no-store` for CDNs. Default: none are sent.
   */
  readonly surrogateKeys?: SurrogateKeyDialect | SurrogateKeyFormat
  /**
   * Told of what this process has invalidated in the cache, to have a CDN forget it: `purgeCdn(...)`, or a function of your own.
   * What goes wrong in it is an `error` event. Default: nobody is told.
   */
  readonly purge?: Purge
  /** The largest body kept, in bytes. Larger ones are sent and not kept. Default: 1 MiB. */
  readonly maxBytes?: number
  /** The most variants of one URL that a process keeps; the one longest not made goes. Default: 32. */
  readonly maxVariants?: number
  /**
   * The holes there may be in the page, each filled for every visitor; the page goes out as theirs alone then (`private, no-cache`,
   * no `ETag`). Default: none.
   */
  readonly holes?: readonly Hole[]
  /**
   * For a route behind `cachedListener`: its pages may be answered before anything of the application runs, authentication and
   * sessions included. They have the fields then that were set before the route was reached. Default: false.
   */
  readonly inFront?: boolean
  /** The name in `Cache-Status`. Default: `'keepfresh'`. */
  readonly name?: string
}

/** The options, checked and in place. */
export interface PageSettings {
  readonly ttlMs: number | undefined
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  /** The same two, as pages are judged by them. */
  readonly permission: StalePermission
  readonly keepMs: number
  readonly softMs: number | undefined
  readonly hardMs: number | undefined
  /** Lower-case, sorted. */
  readonly vary: readonly string[]
  readonly unkeyed: ReadonlySet<string>
  /** Whether `Vary` alone says what pages differ by, whatever the handler reads. */
  readonly varyAlone: boolean
  readonly query: DeclaredQuery
  readonly tags: (request: IncomingMessage) => readonly string[]
  readonly hosts: string | readonly string[] | undefined
  readonly scheme: 'http' | 'https'
  readonly normalisers: FieldNormalisers
  readonly identified: (request: IncomingMessage) => boolean
  readonly bypass: (request: IncomingMessage) => boolean
  readonly honoursRequests: boolean
  readonly targets: readonly string[]
  readonly compress: CompressSettings | undefined
  /** The value of `No-Vary-Search`, where one is sent. */
  readonly noVarySearch: string | undefined
  readonly surrogate: SurrogateKeyFormat | undefined
  readonly purge: Purge | undefined
  readonly maxBytes: number
  readonly maxVariants: number
  /** By name. */
  readonly holes: ReadonlyMap<string, Hole>
  readonly inFront: boolean
  readonly status: CacheStatusWriter
  /** What `Cache-Status` says of a page that was made and is kept. */
  readonly saidStored: (reason: string) => string
}

const NAMES = new Set([
  'ttl',
  'grace',
  'staleWhileRevalidate',
  'staleIfError',
  'keep',
  'softTimeout',
  'hardTimeout',
  'vary',
  'unkeyed',
  'query',
  'noVarySearch',
  'tags',
  'hosts',
  'scheme',
  'variants',
  'identified',
  'bypass',
  'requestDirectives',
  'targets',
  'compress',
  'surrogateKeys',
  'purge',
  'maxBytes',
  'maxVariants',
  'holes',
  'inFront',
  'name',
])

const never = (): boolean => false

/**
 * Every option of a page cache checked and in place.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option and the value.
 */
export function resolvePageOptions(options: PageOptions): PageSettings {
  for (const [name, value] of Object.entries(options)) {
    if (!NAMES.has(name)) throw invalidOption(name, `one of ${[...NAMES].join(', ')}`, value)
  }
  const { requestDirectives = 'ignore', tags = [], scheme = 'https' } = options
  if (!['ignore', 'honour'].includes(requestDirectives)) {
    throw invalidOption('requestDirectives', "'ignore' or 'honour'", requestDirectives)
  }
  if (!['http', 'https'].includes(scheme)) {
    throw invalidOption('scheme', "'http' or 'https'", scheme)
  }
  if (typeof tags !== 'function') {
    if (!Array.isArray(tags)) throw invalidOption('tags', 'a list of strings or a function', tags)
    for (const tag of tags) assertTag(tag)
  }
  const graceMs = ms(options.grace, 'grace') ?? 0
  const whileRevalidateMs = ms(options.staleWhileRevalidate, 'staleWhileRevalidate') ?? graceMs
  const ifErrorMs = ms(options.staleIfError, 'staleIfError') ?? graceMs
  const status = createCacheStatusWriter(options.name ?? 'keepfresh')
  return Object.freeze({
    ttlMs: ms(options.ttl, 'ttl'),
    staleWhileRevalidateMs: whileRevalidateMs,
    staleIfErrorMs: ifErrorMs,
    permission: Object.freeze({ whileRevalidateMs, ifErrorMs }),
    keepMs: ms(options.keep, 'keep') ?? 3_600_000,
    softMs: ms(options.softTimeout, 'softTimeout'),
    hardMs: ms(options.hardTimeout, 'hardTimeout'),
    vary: fieldNames(options.vary, 'vary').toSorted(),
    unkeyed: new Set(options.unkeyed === 'all' ? [] : fieldNames(options.unkeyed, 'unkeyed')),
    varyAlone: options.unkeyed === 'all',
    query: options.query ?? 'none',
    tags: typeof tags === 'function' ? tags : () => tags,
    hosts: options.hosts,
    scheme,
    normalisers: createNormalisers(options.variants),
    identified: predicate(options.identified, 'identified'),
    bypass: predicate(options.bypass, 'bypass'),
    honoursRequests: requestDirectives === 'honour',
    targets: fieldNames(options.targets, 'targets'),
    compress: resolveCompress(options.compress),
    noVarySearch: searchVariance(options),
    surrogate: resolveSurrogate(options.surrogateKeys),
    purge: purgeFunction(options.purge),
    maxBytes: count(options.maxBytes, 'maxBytes', 1_048_576),
    maxVariants: count(options.maxVariants, 'maxVariants', 32),
    holes: holesByName(options.holes),
    inFront: flag(options.inFront, 'inFront'),
    status,
    saidStored: memoise((fwd) => status.write({ fwd, stored: true })),
  })
}

function holesByName(holes: readonly Hole[] = []): ReadonlyMap<string, Hole> {
  const isHole = (one: Partial<Hole> | null): boolean =>
    typeof one?.name === 'string' && typeof one.render === 'function'
  if (!Array.isArray(holes) || !holes.every(isHole))
    throw invalidOption('holes', 'a list of what hole() returns', holes)
  const byName = new Map(holes.map((one: Hole) => [one.name, one]))
  if (byName.size < holes.length) throw invalidOption('holes', 'of different names', holes)
  return byName
}

function flag(value: boolean | undefined, option: string): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false
  throw invalidOption(option, 'true or false', value)
}

function ms(duration: Duration | undefined, option: string): number | undefined {
  return duration === undefined ? undefined : toMilliseconds(duration, option)
}

function fieldNames(names: readonly string[] | undefined, option: string): string[] {
  if (names === undefined) return []
  if (!Array.isArray(names) || !names.every((name) => /^[!#$%&'*+.^`|~\w-]+$/.test(name))) {
    throw invalidOption(option, 'a list of field names', names)
  }
  return [...new Set(names.map((name: string) => name.toLowerCase()))]
}

function purgeFunction(purge: Purge | undefined): Purge | undefined {
  if (purge === undefined || typeof purge === 'function') return purge
  throw invalidOption('purge', 'a function', purge)
}

/** What `query` says, for browsers. The order of parameters with different names makes no difference to any page. */
function searchVariance({ query = 'none', noVarySearch }: PageOptions): string | undefined {
  if (noVarySearch !== undefined && typeof noVarySearch !== 'boolean') {
    throw invalidOption('noVarySearch', 'true or false', noVarySearch)
  }
  if (noVarySearch !== true) return undefined
  if (query === 'all') return formatNoVarySearch({ ignoreOrder: true })
  return formatNoVarySearch({
    ignoreOrder: true,
    ignore: '*',
    except: query === 'none' ? [] : query,
  })
}

function count(value: number | undefined, option: string, otherwise: number): number {
  if (value === undefined) return otherwise
  if (Number.isSafeInteger(value) && value > 0) return value
  throw invalidOption(option, 'a whole number from 1', value)
}

function predicate(
  value: ((request: IncomingMessage) => boolean) | undefined,
  option: string,
): (request: IncomingMessage) => boolean {
  if (value === undefined) return never
  if (typeof value === 'function') return value
  throw invalidOption(option, 'a function', value)
}
