import { invalidOption } from '../base/errors.js'

/** What a browser is to forget about a site (W3C Clear Site Data; `'*'` is everything, also what is invented later). */
export type SiteData =
  | '*'
  | 'cache'
  | 'clientHints'
  | 'cookies'
  | 'executionContexts'
  | 'prefetchCache'
  | 'prerenderCache'
  | 'storage'

const KNOWN: ReadonlySet<string> = new Set<SiteData>([
  '*',
  'cache',
  'clientHints',
  'cookies',
  'executionContexts',
  'prefetchCache',
  'prerenderCache',
  'storage',
])

/**
 * The value of `Clear-Site-Data`, quoted as the browsers want it: send it from the answer to a logout, over HTTPS.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for an empty list or a kind no browser knows, which it would ignore in silence.
 */
export function clearSiteData(...kinds: readonly SiteData[]): string {
  if (kinds.length === 0 || !kinds.every((kind) => KNOWN.has(kind))) {
    throw invalidOption('kinds', `some of ${[...KNOWN].join(', ')}`, kinds.join(', '))
  }
  return [...new Set(kinds)].map((kind) => `"${kind}"`).join(', ')
}
