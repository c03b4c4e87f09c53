import {
  capFields,
  computeFreshness,
  contentEtag,
  type FieldLine,
  type FieldValues,
  findUnsafeLine,
  formatHttpDate,
  type Freshness,
  type GoverningDirectives,
  governingDirectives,
  hasField,
  parseVary,
  storableLines,
  storeRefusal,
  uselessFrom,
  type Vary,
} from '../http/index.js'
import type { HoleAt } from './holes.js'
import type { PageSettings } from './options.js'

/** A response as it is kept: what went out, and the numbers it is judged by later. */
export interface StoredPage {
  readonly status: number
  /** Without those about the connection, without `Content-Length`. */
  readonly lines: readonly FieldLine[]
  readonly body: Uint8Array
  /** In the order of the body; absent where there are none. */
  readonly holes?: readonly HoleAt[]
  readonly freshness: Freshness
}

/** What a key holds: a page, or nothing but the names that later requests have to be told apart by. */
export interface Kept {
  /** Names of request fields, lower-case, sorted: at least those in the key. */
  readonly vary: readonly string[]
  /** The variant of those names that the page is for. */
  readonly variant: string
  readonly page: StoredPage | null
}

/** A whole response as it left the handler. */
export interface Captured {
  readonly status: number
  /** Fields that the handler set, or changed. */
  readonly lines: readonly FieldLine[]
  /** All fields, with those that were there before the handler ran. */
  readonly fields: FieldValues
  readonly body: Uint8Array
  readonly holes?: readonly HoleAt[]
}

/** What surrounds a response and counts when it is judged. */
export interface Surroundings {
  readonly settings: PageSettings
  readonly requestFields: FieldValues
  readonly identified: boolean
  readonly requestNoStore: boolean
  readonly requestAt: number
  readonly responseAt: number
  /** The end of freshness of what the page was made from, ms since the epoch. */
  readonly freshUntil: number
}

/** Why a response is not kept; fit for the `detail` of `Cache-Status`. */
export type Refusal = string

export interface Judged {
  readonly refusal: Refusal | undefined
  readonly governing: GoverningDirectives
  readonly freshness: Freshness
  readonly vary: Vary
  /** Whether it says that it is for all: `public` or `s-maxage`. */
  readonly forAll: boolean
}

/** Says whether a response may be kept, and how long it is fresh: as soon as its head is known. */
export function judgeResponse(
  { status, fields }: Pick<Captured, 'status' | 'fields'>,
  around: Surroundings,
): Judged {
  const { settings, requestFields, requestAt, responseAt, freshUntil } = around
  const governing = governingDirectives(fields, settings.targets)
  const times = { requestAt, responseAt }
  const freshness = computeFreshness({
    status,
    fields,
    governing,
    ...times,
    ttlMs: settings.ttlMs,
    freshUntil,
  })
  const refusal = storeRefusal({
    method: 'GET',
    requestFields,
    status,
    fields,
    governing,
    freshness,
    responseAt,
    requestNoStore: around.requestNoStore,
    identified: around.identified,
    permission: settings.permission,
  })
  const { directives } = governing
  return {
    refusal: refusal ?? (isEndless(fields) ? 'event-stream' : undefined),
    governing,
    freshness,
    vary: parseVary(singleValue(fields['vary'])),
    forAll: directives.public || directives.sMaxAge !== undefined,
  }
}

/** Events go on for as long as somebody listens: there is no whole to keep, and nobody may wait for it. */
function isEndless(fields: FieldValues): boolean {
  return /^text\/event-stream\b/i.test(singleValue(fields['content-type']) ?? '')
}

function singleValue(value: FieldValues[string]): string | undefined {
  return value === undefined ? undefined : typeof value === 'object' ? value.join(',') : `${value}`
}

/** Fields that are about one answer and not about the page. */
const DROPPED = new Set(['content-length', 'trailer', 'age', 'cache-status'])

/** The page to keep, of a response as it was judged; one that cannot go out again as it stands gives the reason. */
export function createPage(
  { status, fields, lines: captured, body, holes }: Captured,
  { freshUntil, responseAt }: Surroundings,
  { governing, freshness }: Judged,
): StoredPage | Refusal {
  let lines: FieldLine[] = []
  for (const line of storableLines(captured, governing.directives)) {
    if (!DROPPED.has(line[0])) lines.push(line)
  }
  if (findUnsafeLine(lines) !== undefined) return 'unsafe-field'
  const left = Math.max(0, Math.floor((freshUntil - freshness.bornAt) / 1000))
  if (left !== Infinity) lines = replaceLines(lines, capFields(fields, left, responseAt))
  if (!hasField(fields, 'date')) lines.push(['date', formatHttpDate(responseAt)])
  if (holes !== undefined) {
    // No two visitors get the same bytes: there is nothing to ask about.
    lines = lines.filter(([name]) => name !== 'etag' && name !== 'last-modified')
    return { status, lines, body, holes, freshness: plain(freshness) }
  }
  if (status === 200 && !hasField(fields, 'etag')) lines.push(['etag', contentEtag(body)])
  return { status, lines, body, freshness: plain(freshness) }
}

/** A stored number is there or is not; an absent one is not stored. */
function plain(freshness: Freshness): Freshness {
  const { staleIfErrorMs } = freshness
  const { bornAt, lifetimeMs, source, alwaysValidate, neverStale, staleWhileRevalidateMs } =
    freshness
  const stored = {
    bornAt,
    lifetimeMs,
    source,
    alwaysValidate,
    neverStale,
    staleWhileRevalidateMs,
  }
  return (staleIfErrorMs === undefined ? stored : { ...stored, staleIfErrorMs }) as Freshness
}

/** The lines, with all of a name replaced where there are newer ones. */
export function replaceLines(
  lines: readonly FieldLine[],
  newer: readonly FieldLine[],
): FieldLine[] {
  const names = new Set(newer.map(([name]) => name))
  return [...lines.filter(([name]) => !names.has(name)), ...newer]
}

/** How long from `now` an entry with this page is fresh, and how long it is of use after that, ms. */
export function keepTimes(
  { freshness, lines }: StoredPage,
  settings: PageSettings,
  now: number,
): { readonly ttlMs: number; readonly graceMs: number } {
  const asked = lines.some(([name]) => name === 'etag' || name === 'last-modified')
  const keepMs = asked ? settings.keepMs : 0
  // What must be asked about on every use is never fresh for the engine, but for the moment it takes to keep it.
  if (freshness.alwaysValidate) return { ttlMs: 1, graceMs: keepMs }
  const staleAt = freshness.bornAt + freshness.lifetimeMs
  const until = uselessFrom(freshness, settings.permission) + keepMs
  return {
    ttlMs: Math.max(1, staleAt - now),
    graceMs: Math.max(0, until - Math.max(now, staleAt)),
  }
}
