import { invalidOption } from '../base/errors.js'
import { normalisePath, type TargetRefusal } from './url-path.js'
import { type DeclaredQuery, normaliseQuery } from './url-query.js'

/** What makes two requests be for the same page. */
export interface UrlKeyOptions {
  /** The scheme visitors use. Default: `'https'`. */
  readonly scheme?: 'http' | 'https'
  /**
   * The hosts this application answers for, with a port where it is not the scheme's own. A request for another one has no
   * key: its page might repeat the wrong name to everybody.
   */
  readonly hosts: string | readonly string[]
  /**
   * Take every request as one for the first host, whatever its `Host` says, because a proxy in front changes that field.
   * Give the handler `host` then, and not what the request says. Default: false.
   */
  readonly anyHost?: boolean
  /** The query parameters the pages depend on. Default: `'none'`. */
  readonly query?: DeclaredQuery
  /** The longest request target, in characters. Default: 8192. */
  readonly maxLength?: number
  /** The most query parameters. Default: 64. */
  readonly maxParameters?: number
}

/** A request target that has a key. */
export interface KeyedTarget {
  /** The absolute URL in its one form: equal for equal pages, and only for those. */
  readonly key: string
  /**
   * The request target that says no more than the key: path and declared parameters. Give it to the handler, so that
   * nothing it can see is missing from the key.
   */
  readonly target: string
  /** The host as configured. */
  readonly host: string
}

/** Makes the key of a request from its target (`req.url`) and its `Host` field, or says why it has none. */
export type UrlKey = (
  target: string,
  host?: string,
) => KeyedTarget | { readonly refused: TargetRefusal }

/**
 * Prepares the making of keys. Do it once per route: a call then costs a look at each character.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for a host that is none.
 */
export function createUrlKey(options: UrlKeyOptions): UrlKey {
  const { scheme = 'https', query = 'none', maxLength = 8192, maxParameters = 64 } = options
  const hosts = (typeof options.hosts === 'string' ? [options.hosts] : options.hosts).map(
    (host, index) => checkedHost(host, scheme, index),
  )
  if (hosts.length === 0) throw invalidOption('hosts', 'at least one host', options.hosts)
  const declared = typeof query === 'string' ? query : new Set(query)
  const origins = new Map(hosts.map((host) => [host, { host, origin: `${scheme}://${host}` }]))
  const always = options.anyHost === true ? origins.get(hosts[0]!) : undefined

  return (target, requestHost = '') => {
    if (target.length > maxLength) return { refused: 'form' }
    const site =
      always ?? origins.get(requestHost) ?? origins.get(normaliseHost(requestHost, scheme))
    if (site === undefined) return { refused: 'host' }
    const { host, origin } = site
    const mark = target.indexOf('?')
    const path = normalisePath(mark === -1 ? target : target.slice(0, mark))
    if (typeof path === 'string') return { refused: path }
    if (mark === -1) return { key: origin + path.path, target: path.path, host }
    const search = normaliseQuery(target.slice(mark + 1), declared, maxParameters)
    if (typeof search === 'string') return { refused: search }
    const normal = search.query === '' ? path.path : `${path.path}?${search.query}`
    return { key: origin + normal, target: normal, host }
  }
}

/** Lower case, without the scheme's own port and without a dot at the end. */
function normaliseHost(host: string, scheme: 'http' | 'https'): string {
  const ending = scheme === 'https' ? ':443' : ':80'
  const lower = host.toLowerCase()
  const bare = lower.endsWith(ending) ? lower.slice(0, -ending.length) : lower
  return bare.endsWith('.') ? bare.slice(0, -1) : bare
}

function checkedHost(host: string, scheme: 'http' | 'https', index: number): string {
  const normal = normaliseHost(host, scheme)
  const parsed = URL.canParse(`${scheme}://${normal}/`)
    ? new URL(`${scheme}://${normal}/`)
    : undefined
  if (parsed?.host !== normal) {
    throw invalidOption(
      `hosts[${index}]`,
      "a host such as 'www.example.com' or 'localhost:3000'",
      host,
    )
  }
  return normal
}
