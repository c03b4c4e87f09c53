import { boolean, formatDictionary, string } from './structured-format.js'
import { parseDictionary } from './structured-parse.js'
import { type InnerList, type Member, NO_PARAMETERS } from './structured.js'

/**
 * `No-Vary-Search` (draft-ietf-httpbis-no-vary-search): which parts of a query make no difference to a response.
 *
 * Whatever cannot be read means that everything matters, which costs hits and nothing else.
 */

/** Which query parameters matter. */
export interface SearchVariance {
  /** True when the order of differently named parameters makes no difference. */
  readonly ignoreOrder: boolean
  /** The parameters that make no difference, or `'*'`: all but `except`. */
  readonly ignore: readonly string[] | '*'
  /** The parameters that do matter where `ignore` is `'*'`. */
  readonly except: readonly string[]
}

/** Everything matters: what an absent field means, and one that cannot be read. */
export const FULL_VARIANCE: SearchVariance = Object.freeze({
  ignoreOrder: false,
  ignore: Object.freeze([]),
  except: Object.freeze([]),
})

/** What a `No-Vary-Search` says. */
export function parseNoVarySearch(value: string | undefined): SearchVariance {
  const members = value === undefined ? undefined : parseDictionary(value)
  if (members === undefined) return FULL_VARIANCE
  const order = flagOf(members.get('key-order'))
  const params = members.get('params')
  const all = flagOf(params)
  const listed = params === undefined || all !== undefined ? [] : stringsOf(params)
  const except = members.has('except') ? stringsOf(members.get('except')) : []
  const orderIsWrong = members.has('key-order') && order === undefined
  const exceptIsWrong = members.has('except') && all !== true
  if (orderIsWrong || exceptIsWrong || listed === undefined || except === undefined) {
    return FULL_VARIANCE
  }
  return { ignoreOrder: order === true, ignore: all === true ? '*' : listed, except }
}

function flagOf(member: Member | undefined): boolean | undefined {
  if (member === undefined || 'items' in member) return undefined
  return member.item.type === 'boolean' ? member.item.value : undefined
}

/** The strings of an inner list, decoded as a query would be; `undefined` when it is none, or holds something else. */
function stringsOf(member: Member | undefined): string[] | undefined {
  if (member === undefined || !('items' in member)) return undefined
  const strings: string[] = []
  for (const { item } of member.items) {
    if (item.type !== 'string') return undefined
    strings.push(decodeKey(item.value))
  }
  return strings
}

/** `+` and percent-encoding, as in a form. */
function decodeKey(text: string): string {
  const [pair] = parameters(`${text.replaceAll('&', '%26').replaceAll('=', '%3D')}=`)
  return pair?.[0] ?? ''
}

/** The parameters of a query. (`URLSearchParams` would take a first `?` away.) */
function parameters(query: string): URLSearchParams {
  return new URLSearchParams(`&${query}`)
}

/** The value of the field; `undefined` when everything matters, which needs no field. */
export function formatNoVarySearch(variance: Partial<SearchVariance>): string | undefined {
  const { ignoreOrder = false, ignore = [], except = [] } = variance
  const members: [string, Member][] = []
  if (ignoreOrder) members.push(['key-order', boolean(true)])
  if (ignore === '*') {
    members.push(['params', boolean(true)])
    if (except.length > 0) members.push(['except', keyList(except)])
  } else if (ignore.length > 0) members.push(['params', keyList(ignore)])
  return members.length === 0 ? undefined : formatDictionary(members)
}

function keyList(keys: readonly string[]): InnerList {
  return {
    items: keys.map((key) => string(encodeURIComponent(key.toWellFormed()))),
    parameters: NO_PARAMETERS,
  }
}

/**
 * A query (without its `?`) reduced to what matters: two queries are equivalent exactly when this is the same text.
 *
 * With full variance that is the query itself, to the letter.
 */
export function searchKey(query: string, variance: SearchVariance): string {
  const { ignoreOrder, ignore, except } = variance
  if (!ignoreOrder && ignore !== '*' && ignore.length === 0) return query
  const kept = [...parameters(query)].filter(([name]) =>
    ignore === '*' ? except.includes(name) : !ignore.includes(name),
  )
  if (ignoreOrder) kept.sort(([a], [b]) => (a === b ? 0 : a < b ? -1 : 1))
  return new URLSearchParams(kept).toString()
}
