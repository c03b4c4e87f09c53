import { type FieldValues, fieldValue, hasField } from './fields.js'
import type { Freshness } from './freshness.js'
import { type StalePermission, uselessFrom } from './reuse.js'
import { isHeuristicallyCacheable, isUnderstoodStatus } from './statuses.js'
import type { GoverningDirectives } from './targeted.js'
import { parseVary } from './vary.js'

/** Why a response is not stored; each is fit for the `detail` of `Cache-Status`. */
export type StoreRefusal =
  /** The method's answers are not kept here. */
  | 'method'
  /** 1xx, 304, and 206 where parts are not kept. */
  | 'status'
  /** `must-understand` with a status that is not known here. */
  | 'must-understand'
  /** `no-store` in the response. */
  | 'no-store'
  /** `no-store` in the request. */
  | 'request-no-store'
  /** `private` in the response. */
  | 'private'
  /** An answer to `Authorization`, or to somebody known, that does not say it is for all. */
  | 'authorization'
  /** A cookie is set: what follows belongs to one visitor. */
  | 'set-cookie'
  /** `Vary: *`, or a `Vary` that cannot be read. */
  | 'vary'
  /** Neither a lifetime nor a status that may be given one. */
  | 'no-lifetime'
  /** Stale from the start, and nothing to ask about it with. */
  | 'useless'

/** What a response is judged by. */
export interface StorableInput {
  /** Of the request. */
  readonly method: string
  readonly requestFields: FieldValues
  /** The absolute URL of the request. Without it no answer to POST is stored. */
  readonly url?: string
  readonly status: number
  /** Of the response. */
  readonly fields: FieldValues
  readonly governing: GoverningDirectives
  readonly freshness: Freshness
  /** When the response arrived, in milliseconds since the epoch. */
  readonly responseAt: number
  /** Whether the request says `no-store` and is listened to. Default: false. */
  readonly requestNoStore?: boolean
  /** Whether the request is known to come from a particular user by other means than `Authorization`. Default: false. */
  readonly identified?: boolean
  /** Whether many users share the cache. Default: true. */
  readonly shared?: boolean
  /** Whether parts (206) are kept as such. Default: false. */
  readonly partial?: boolean
  readonly permission?: StalePermission
}

/**
 * Why a response may not be stored, or `undefined` when it may (RFC 9111 section 3).
 *
 * Stricter than the standard in three ways, each because what is stored here goes out to everybody: no response that sets
 * a cookie, none that varies on everything, and no answer to a user known by other means than `Authorization` unless it
 * says `public` or `s-maxage` (section 3.5 also takes `must-revalidate`, which pages for one user say too).
 */
export function storeRefusal(input: StorableInput): StoreRefusal | undefined {
  const { method, status, fields, governing, shared = true } = input
  const { directives } = governing
  if (method !== 'GET' && method !== 'HEAD' && !answersGet(input)) return 'method'
  if (status < 200 || status > 599 || status === 304) return 'status'
  if (status === 206 && input.partial !== true) return 'status'
  if (directives.mustUnderstand) {
    if (!isUnderstoodStatus(status) && status !== 206) return 'must-understand'
  } else if (directives.noStore) return 'no-store'
  if (input.requestNoStore === true) return 'request-no-store'
  if (shared) {
    if (directives.private) return 'private'
    if (hasField(fields, 'set-cookie')) return 'set-cookie'
    const forAll = directives.public || directives.sMaxAge !== undefined
    if (input.identified === true && !forAll) return 'authorization'
    const authorized = hasField(input.requestFields, 'authorization')
    if (authorized && !forAll && !directives.mustRevalidate) return 'authorization'
  }
  if (parseVary(fieldValue(fields, 'vary')) === '*') return 'vary'
  const stated =
    directives.public ||
    (directives.private && !shared) ||
    directives.maxAge !== undefined ||
    (shared && directives.sMaxAge !== undefined) ||
    (governing.source === 'cache-control' && hasField(fields, 'expires'))
  if (!stated && !isHeuristicallyCacheable(status)) return 'no-lifetime'
  return isUseful(input) ? undefined : 'useless'
}

/**
 * An answer to POST that says it is what a GET would give: the same URL in `Content-Location`, and a lifetime of its own
 * (RFC 9110 section 9.3.3).
 */
function answersGet({ method, url, fields, freshness }: StorableInput): boolean {
  const location = fieldValue(fields, 'content-location')
  if (method !== 'POST' || url === undefined || location === undefined) return false
  const explicit = freshness.source !== 'none' && freshness.source !== 'heuristic'
  return explicit && URL.canParse(location, url) && new URL(location, url).href === url
}

/** Worth keeping: it can be served at some later moment, or asked about. */
function isUseful({ fields, freshness, responseAt, permission }: StorableInput): boolean {
  if (hasField(fields, 'etag') || hasField(fields, 'last-modified')) return true
  return uselessFrom(freshness, permission) > responseAt
}
