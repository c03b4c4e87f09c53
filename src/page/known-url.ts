import { Recent } from '../base/recent.js'
import { type FieldValues, type KeyedTarget, variantKey } from '../http/index.js'
import type { PageKeys } from './keys.js'
import type { PageSettings } from './options.js'

/**
 * What has been worked out for a request is worked out once: the URL it is for, and the keys of its variants. All of it depends
 * on the spelling of the request alone, and says nothing of what is kept, so nothing here can be out of date.
 */

/** How many spellings of URLs a page cache remembers, and of which length: what visitors make up costs a look, not memory. */
const MAX_URLS = 4_000
const MAX_LENGTH = 256
/** How many spellings of the selecting fields are remembered per URL. */
const MAX_VARIANTS = 64

/** What tells a request apart from others for its URL. */
export interface Variant {
  /** The key under which the engine keeps its page. */
  readonly key: string
  /** The selecting fields in their one form. */
  readonly text: string
}

/** The variants of a URL by certain fields, and by those that turned out to matter too. */
export class Selection {
  readonly names: readonly string[]
  readonly #url: string
  readonly #keys: PageKeys
  readonly #settings: PageSettings
  #variants: Map<string, Variant> | undefined
  #only: Variant | undefined
  #next: Selection | undefined

  constructor(url: string, names: readonly string[], keys: PageKeys, settings: PageSettings) {
    this.#url = url
    this.names = names
    this.#keys = keys
    this.#settings = settings
  }

  /** The variant that a request is for. */
  of(headers: FieldValues): Variant {
    if (this.names.length === 0) return (this.#only ??= this.#make(headers))
    const spelling = spellingOf(this.names, headers)
    if (spelling === undefined) return this.#make(headers)
    let variant = this.#variants?.get(spelling)
    if (variant === undefined) {
      variant = this.#make(headers)
      if (this.#variants === undefined || this.#variants.size >= MAX_VARIANTS) {
        this.#variants = new Map()
      }
      this.#variants.set(spelling, variant)
    }
    return variant
  }

  /** The variants by `names`, which a kept page says are those to look at. */
  by(names: readonly string[]): Selection {
    if (sameNames(names, this.names)) return this
    if (this.#next === undefined || !sameNames(names, this.#next.names)) {
      this.#next = new Selection(this.#url, names, this.#keys, this.#settings)
    }
    return this.#next
  }

  #make(headers: FieldValues): Variant {
    return {
      key: this.#keys.page(this.#url, this.names, headers),
      text: variantKey(this.names, headers, this.#settings.normalisers),
    }
  }
}

/** The values as they were sent, each with its length, so that they cannot run into each other. */
function spellingOf(names: readonly string[], headers: FieldValues): string | undefined {
  let spelling = ''
  for (const name of names) {
    const value = headers[name]
    if (value === undefined) spelling += '-'
    else if (typeof value === 'string' && value.length <= MAX_LENGTH) {
      spelling += `${value.length}:${value}`
    } else return undefined
  }
  return spelling
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}

/** A URL that pages can be kept for. */
export interface KnownUrl {
  readonly at: KeyedTarget
  readonly variants: Selection
  /** Has it found at once from now on: for a URL that has a page, so that those made up leave no trace. */
  remember: (() => void) | undefined
}

/** Finds the URL of a request by its target and its `Host`, or says why there is none. */
export type FindUrl = (
  target: string,
  host: string | undefined,
) => KnownUrl | { readonly refused: string }

export function createUrlFinder(keys: PageKeys, settings: PageSettings): FindUrl {
  const known = new Recent<KnownUrl>(MAX_URLS)
  return (target, host = '') => {
    // There is no space in a target.
    const spelling = `${host} ${target}`
    const found = known.get(spelling)
    if (found !== undefined) return found
    const at = keys.url(target, host)
    if ('refused' in at) return at
    const url: KnownUrl = {
      at,
      variants: new Selection(at.key, settings.vary, keys, settings),
      remember: () => {
        url.remember = undefined
        if (spelling.length <= MAX_LENGTH) known.set(spelling, url)
      },
    }
    return url
  }
}
