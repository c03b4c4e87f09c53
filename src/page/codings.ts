import { canonicalKey, type Key } from '../base/stable-key.js'
import type { Cache } from '../cache/cache.js'
import { type Core, report } from '../cache/core.js'
import { runInScope } from '../cache/scope.js'
import {
  chooseCoding,
  codedEtag,
  contentEtag,
  type FieldLine,
  fieldsFromLines,
  fieldValue,
  type FieldValues,
  formatVary,
  hasField,
  mergeVary,
  parseCacheControl,
  parseVary,
  remainingMs,
} from '../http/index.js'
import { memoise } from '../http/memoise.js'
import { type Coding, compressed, type CompressSettings } from './compress.js'
import type { PageSettings } from './options.js'
import type { StoredPage } from './stored-page.js'

/**
 * The same page in several content codings (RFC 9110 section 12.5.3).
 *
 * A page is kept as the handler wrote it. What it is in a coding is an entry of its own, named by the digest of the content: it
 * can never be out of date, all servers share it, and it survives a revalidation and an invalidation that changed nothing. It is
 * made behind the answer when somebody would have liked it, and until then they get what there is.
 */

/** How many bodies are compressed at a time: a flood of pages must not take all of Node's threads. */
const AT_A_TIME = 2
const MIN_TTL_MS = 60_000
const MAX_TTL_MS = 86_400_000

/** Fields about the bytes as they were, which say nothing of the bytes as they are now. */
const OF_THE_BYTES = new Set(['content-digest', 'content-md5', 'digest', 'etag', 'repr-digest'])

/** What is known of a page that may be compressed. */
interface Known {
  /** As it is, saying that it might have been otherwise. */
  readonly plain: StoredPage
  /** Where its bytes in a coding are kept. */
  readonly places: Readonly<Record<Coding, Place>>
  /** By the bytes they are made of, so that they go when those go. */
  readonly coded: WeakMap<Uint8Array, StoredPage>
}

/** Whether a response with these fields may be compressed by us. */
export function mayBeCoded(fields: FieldValues, settings: CompressSettings): boolean {
  if (hasField(fields, 'content-encoding') || hasField(fields, 'content-range')) return false
  const [type = ''] = (fieldValue(fields, 'content-type') ?? '').split(';', 1)
  if (!settings.compressible(type.trim().toLowerCase())) return false
  if (parseCacheControl(fieldValue(fields, 'cache-control')).noTransform) return false
  // A handler that looks at `Accept-Encoding` has made its choice.
  const vary = parseVary(fieldValue(fields, 'vary'))
  return vary !== '*' && !vary.includes('accept-encoding')
}

/** `Vary` as it has to be for a page that comes in several codings. */
export function variedByCoding(fields: FieldValues): string {
  const vary = mergeVary(parseVary(fieldValue(fields, 'vary')), ['accept-encoding'])
  return formatVary(vary) ?? 'accept-encoding'
}

interface Place {
  readonly key: Key
  readonly canonical: string
}

export class Codings {
  readonly #cache: Cache
  readonly #core: Core
  readonly #settings: CompressSettings
  readonly #staleMs: number
  readonly #known = new WeakMap<StoredPage, Known | null>()
  readonly #making = new Set<string>()
  readonly #wanted: (accept: string) => readonly Coding[]

  constructor(cache: Cache, core: Core, settings: CompressSettings, page: PageSettings) {
    this.#cache = cache
    this.#core = core
    this.#settings = settings
    this.#staleMs = Math.max(page.staleWhileRevalidateMs, page.staleIfErrorMs)
    this.#wanted = memoise((accept) => inOrder(accept, settings.codings))
  }

  /** The page as this visitor would have it, as far as that is at hand; what is not is made meanwhile. */
  of(page: StoredPage, headers: FieldValues): StoredPage {
    const known = this.#look(page)
    if (known === null) return page
    const accept = fieldValue(headers, 'accept-encoding')
    if (accept === undefined) return known.plain
    for (const coding of this.#wanted(accept)) {
      const place = known.places[coding]
      const bytes = this.#atHand(place)
      if (bytes !== undefined && bytes !== null) return codedPage(known, coding, bytes)
      if (bytes === undefined) this.#make(page, place, coding)
    }
    return known.plain
  }

  /** Undefined: not at hand; null: it would be no smaller. */
  #atHand({ canonical }: Place): Uint8Array | null | undefined {
    const { near, clock } = this.#core
    const entry = near?.get(canonical)
    if (entry === undefined || clock.now() >= entry.freshUntil) return undefined
    return entry.value instanceof Uint8Array ? entry.value : null
  }

  #make(page: StoredPage, { key, canonical }: Place, coding: Coding): void {
    const core = this.#core
    // Without process memory there is no place to have it at hand.
    if (core.near === undefined || this.#making.has(canonical)) return
    if (this.#making.size >= AT_A_TIME) return
    this.#making.add(canonical)
    const { body, freshness } = page
    const left = remainingMs(freshness, core.clock.now()) + this.#staleMs
    const ttl = Math.min(MAX_TTL_MS, Math.max(MIN_TTL_MS, left))
    const load = async (): Promise<Uint8Array | null> => {
      const bytes = await compressed(coding, body)
      return bytes.length < body.length ? bytes : null
    }
    runInScope(undefined, () => this.#cache.getOrSet(key, load, { ttl, grace: 0 }))
      .catch((error: unknown) => report(core, error, 'compress'))
      .finally(() => this.#making.delete(canonical))
  }

  #look(page: StoredPage): Known | null {
    let known = this.#known.get(page)
    if (known === undefined) {
      known = this.#consider(page)
      this.#known.set(page, known)
    }
    return known
  }

  #consider(page: StoredPage): Known | null {
    const { status, lines, body, holes } = page
    if (holes !== undefined) return null
    const { minBytes, maxBytes } = this.#settings
    if (status === 204 || status === 205 || body.length < minBytes || body.length > maxBytes) {
      return null
    }
    const fields = fieldsFromLines(lines)
    if (!mayBeCoded(fields, this.#settings)) return null
    const vary: FieldLine = ['vary', variedByCoding(fields)]
    const plain = { ...page, lines: [...lines.filter(([name]) => name !== 'vary'), vary] }
    return { plain, places: placesOf(contentEtag(body)), coded: new WeakMap() }
  }
}

function placesOf(digest: string): Record<Coding, Place> {
  const place = (coding: Coding): Place => {
    const key = ['keepfresh:coded', coding, digest]
    return { key, canonical: canonicalKey(key) }
  }
  return { br: place('br'), gzip: place('gzip'), zstd: place('zstd') }
}

function codedPage({ plain, coded }: Known, coding: Coding, bytes: Uint8Array): StoredPage {
  let page = coded.get(bytes)
  if (page === undefined) {
    const lines = plain.lines.flatMap(([name, value]): FieldLine[] =>
      name === 'etag'
        ? [[name, codedEtag(value, coding)]]
        : OF_THE_BYTES.has(name)
          ? []
          : [[name, value]],
    )
    page = { ...plain, lines: [...lines, ['content-encoding', coding]], body: bytes }
    coded.set(bytes, page)
  }
  return page
}

/** The codings that a visitor prefers to none, best first. */
function inOrder(accept: string, codings: readonly Coding[]): readonly Coding[] {
  const order: Coding[] = []
  let rest = codings
  while (rest.length > 0) {
    const best = chooseCoding(accept, rest) as Coding | 'identity'
    if (best === 'identity') break
    order.push(best)
    rest = rest.filter((one) => one !== best)
  }
  return order
}
