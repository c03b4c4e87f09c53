import { hash } from 'node:crypto'
import { Recent } from '../base/recent.js'
import { canonicalKey } from '../base/stable-key.js'
import { createUrlKey, type FieldValues, type KeyedTarget, variantKey } from '../http/index.js'
import type { PageSettings } from './options.js'
import type { Kept } from './stored-page.js'

/**
 * What a page varies on is known only when it has been made. A key holds what was made for it, with the names it varies on; a
 * visitor who differs goes on to the key of those names, and so on, at most so many times.
 */
export const MAX_STEPS = 8

/** Makes the keys of pages. */
export interface PageKeys {
  /** The page a request is for, or why it is for none. */
  url(target: string, host: string | undefined): KeyedTarget | { readonly refused: string }
  /** The key of one variant, told apart by `names`, in canonical form. */
  page(url: string, names: readonly string[], headers: FieldValues): string
  /** The key of what is known of how a URL varies. */
  vary(url: string): readonly string[]
}

export function createPageKeys(settings: PageSettings): PageKeys {
  const { hosts, scheme, query, normalisers } = settings
  const shared = { scheme, query } as const
  const configured = hosts === undefined ? undefined : createUrlKey({ ...shared, hosts })
  const byHost = new Recent<ReturnType<typeof createUrlKey>>(100)
  const forHost = (host: string): ReturnType<typeof createUrlKey> | undefined => {
    let known = byHost.get(host)
    if (known === undefined) {
      try {
        known = createUrlKey({ ...shared, hosts: host })
      } catch {
        return undefined
      }
      byHost.set(host, known)
    }
    return known
  }
  return {
    url(target, host) {
      if (configured !== undefined) return configured(target, host)
      const keyed = host === undefined ? undefined : forHost(host)
      return keyed === undefined ? { refused: 'host' } : keyed(target, host)
    },
    page: (url, names, headers) =>
      canonicalKey(['keepfresh:page', url, variantKey(names, headers, normalisers)]),
    vary: (url) => ['keepfresh:vary', url],
  }
}

/** The key of an absolute URL, or of a path where there is one host; undefined when it is none of ours. */
export function absoluteKey(
  keys: PageKeys,
  settings: PageSettings,
  url: string,
): string | undefined {
  const first = [settings.hosts ?? []].flat()[0]
  const base = first === undefined ? undefined : `${settings.scheme}://${first}`
  if (!URL.canParse(url, base)) return undefined
  const parsed = new URL(url, base)
  const keyed = keys.url(parsed.pathname + parsed.search, parsed.host)
  return 'key' in keyed ? keyed.key : undefined
}

/** A URL may be longer than a tag: such a one ends in its digest, behind a character that no URL has. */
const LONGEST = 1_000
const DIGEST_FROM = 900

function asTag(text: string): string {
  if (text.length <= LONGEST) return text
  return `${text.slice(0, DIGEST_FROM)}#${hash('sha256', text, 'base64url')}`
}

/** The tag of every variant of a URL. */
export function pageTag(url: string): string {
  return asTag(`page:${url}`)
}

/** The tag of the variants of a URL that were looked for by `names` and nothing else. */
export function variantsTag(url: string, names: readonly string[]): string {
  return asTag(`page-by:${names.join()}:${url}`)
}

/** The tag of the pages of one origin that name a group in `Cache-Groups` (RFC 9875). */
export function groupTag(url: string, group: string): string {
  return asTag(`page-group:${new URL(url).origin}:${group}`)
}

/** True when what a key holds is a page for this request, and not for one that differs. */
export function isFor(kept: Kept, headers: FieldValues, settings: PageSettings): boolean {
  return kept.page !== null && variantKey(kept.vary, headers, settings.normalisers) === kept.variant
}

/**
 * The variants of each URL that this process has made, so that their number is bounded whatever visitors send: a few too many
 * are possible across processes, never without end.
 */
export class VariantBound {
  readonly #max: number
  /** Most URLs have one variant, and a set of one is ten times the size of it. */
  readonly #byUrl = new Recent<string | Set<string>>(10_000)

  constructor(max: number) {
    this.#max = max
  }

  /** Notes a key that was made; returns the one that has to go for it, if any. */
  note(url: string, key: string): string | undefined {
    const before = this.#byUrl.get(url)
    if (before === undefined || before === key) {
      this.#byUrl.set(url, key)
      return undefined
    }
    const known = typeof before === 'string' ? new Set([before]) : before
    this.#byUrl.set(url, known)
    known.delete(key)
    known.add(key)
    if (known.size <= this.#max) return undefined
    const oldest = known.values().next().value!
    known.delete(oldest)
    return oldest
  }
}
