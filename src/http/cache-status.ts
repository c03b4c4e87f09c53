import { formatItem, integer, string, token } from './structured-format.js'
import { parseList } from './structured-parse.js'
import type { BareItem, Item, Member } from './structured.js'

/** Why a request went on to the origin (RFC 9211 section 2.2). */
export type ForwardReason =
  'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'miss' | 'request' | 'stale' | 'partial'

/** What one cache did with a request (RFC 9211 section 2). `hit` and `fwd` exclude each other. */
export interface CacheStatus {
  /** Which cache: a name, `keepfresh`, or a host. */
  readonly cache: string
  /** Answered from storage. */
  readonly hit?: boolean
  /** Why it went on instead. A reason this package does not know reads as text. */
  readonly fwd?: ForwardReason | (string & {})
  /** The status the origin answered, where it is not the one sent. */
  readonly fwdStatus?: number
  /** Whether the answer was stored. */
  readonly stored?: boolean
  /** Whether the request waited for another one's answer. */
  readonly collapsed?: boolean
  /** Seconds of freshness left; negative once stale. */
  readonly ttl?: number
  /** The key, in a form that gives nothing away. Printable ASCII. */
  readonly key?: string
  /** Anything else worth knowing: why it was not stored, say. */
  readonly detail?: string
}

/**
 * A member of `Cache-Status`.
 *
 * @throws {CacheError} `CACHE_VALUE_INVALID` for a name, key or detail that is not printable ASCII.
 */
export function formatCacheStatus(status: CacheStatus): string {
  const parameters = new Map<string, BareItem>()
  const flag = (key: string, value: boolean | undefined): void => {
    if (value !== undefined) parameters.set(key, { type: 'boolean', value })
  }
  const count = (key: string, value: number | undefined): void => {
    if (value !== undefined) parameters.set(key, integer(Math.floor(value)).item)
  }
  if (status.hit === true) flag('hit', true)
  else if (status.fwd !== undefined) parameters.set('fwd', token(status.fwd).item)
  count('fwd-status', status.fwdStatus)
  flag('stored', status.stored)
  flag('collapsed', status.collapsed)
  count('ttl', status.ttl)
  if (status.key !== undefined) parameters.set('key', string(status.key).item)
  if (status.detail !== undefined) parameters.set('detail', textItem(status.detail).item)
  return formatItem(textItem(status.cache, parameters))
}

/** A token where the text is one, else a string: both are allowed for names and details. */
function textItem(text: string, parameters?: ReadonlyMap<string, BareItem>): Item {
  return /^[A-Za-z*][!#$%&'*+.^`|~\w:/-]*$/.test(text)
    ? token(text, parameters)
    : string(text, parameters)
}

/** The field with one more member at its end: the last is the cache nearest the visitor (section 2). */
export function appendCacheStatus(before: string | undefined, member: string): string {
  return before === undefined || before === '' ? member : `${before}, ${member}`
}

/** What the caches on the way did, nearest the origin first; `undefined` when the field cannot be read. */
export function parseCacheStatus(value: string): readonly CacheStatus[] | undefined {
  const members = parseList(value)
  return members === undefined
    ? undefined
    : members.flatMap((member) => {
        const status = readMember(member)
        return status === undefined ? [] : [status]
      })
}

function readMember(member: Member): CacheStatus | undefined {
  if ('items' in member) return undefined
  const cache = textOf(member.item)
  if (cache === undefined) return undefined
  const get = (key: string): BareItem | undefined => member.parameters.get(key)
  const all: { [K in keyof CacheStatus]-?: CacheStatus[K] | undefined } = {
    cache,
    hit: flagOf(get('hit')),
    fwd: textOf(get('fwd')),
    fwdStatus: countOf(get('fwd-status')),
    stored: flagOf(get('stored')),
    collapsed: flagOf(get('collapsed')),
    ttl: countOf(get('ttl')),
    key: textOf(get('key')),
    detail: textOf(get('detail')),
  }
  const present = Object.entries(all).filter(([, one]) => one !== undefined)
  return Object.fromEntries(present) as unknown as CacheStatus
}

function textOf(item: BareItem | undefined): string | undefined {
  return item?.type === 'string' || item?.type === 'token' ? item.value : undefined
}

function flagOf(item: BareItem | undefined): boolean | undefined {
  return item?.type === 'boolean' ? item.value : undefined
}

function countOf(item: BareItem | undefined): number | undefined {
  return item?.type === 'integer' ? item.value : undefined
}

/** Writes the members of one cache. */
export interface CacheStatusWriter {
  /** A hit with so many seconds left, negative for a stale one: cheap enough for every answer. */
  readonly hit: (ttlSeconds: number) => string
  /** Anything else. */
  readonly write: (status: Omit<CacheStatus, 'cache'>) => string
}

/**
 * A writer for the cache of that name.
 *
 * @throws {CacheError} `CACHE_VALUE_INVALID` when the name is not printable ASCII.
 */
export function createCacheStatusWriter(cache: string): CacheStatusWriter {
  const name = formatItem(textItem(cache))
  return {
    hit: (ttlSeconds) => `${name};hit;ttl=${Math.floor(ttlSeconds)}`,
    write: (status) => formatCacheStatus({ ...status, cache }),
  }
}
