import { decodeComponent } from './percent.js'
import { isTargetCode, type TargetRefusal } from './url-path.js'

/** Which parameters of a query belong to the page: those named, all, or none. */
export type DeclaredQuery = readonly string[] | 'all' | 'none'

/** A query in its one form, or why it has none. */
export type QueryResult = { readonly query: string } | TargetRefusal

/**
 * A query reduced to the declared parameters, sorted by name, in one spelling.
 *
 * Values of one name keep their order. Brackets do not hide a name, since common parsers make `page[]=1`, `page[x]=1` and
 * `[page]=1` part of `page`; a parameter that is declared is thus never changed by one that looks different. What a parser
 * could read in two ways (an encoding that is none) is refused where it touches a declared parameter.
 */
export function normaliseQuery(
  query: string,
  declared: ReadonlySet<string> | 'all' | 'none',
  maxParameters: number,
): QueryResult {
  if (query === '' || declared === 'none') return { query: '' }
  const pairs: { name: string; text: string }[] = []
  let count = 0
  for (let from = 0; from <= query.length;) {
    const ampersand = query.indexOf('&', from)
    const end = ampersand === -1 ? query.length : ampersand
    if (end > from && ++count > maxParameters) return 'parameters'
    const pair = end > from ? readPair(query.slice(from, end), declared) : undefined
    if (typeof pair === 'string') return pair
    if (pair !== undefined) pairs.push(pair)
    from = end + 1
  }
  if (pairs.length > 1) pairs.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  return { query: pairs.map(({ text }) => text).join('&') }
}

function readPair(
  text: string,
  declared: ReadonlySet<string> | 'all',
): { name: string; text: string } | TargetRefusal | undefined {
  const equals = text.indexOf('=')
  const name = decodeComponent(equals === -1 ? text : text.slice(0, equals))
  if (name === undefined) return declared === 'all' ? 'encoding' : undefined
  if (declared !== 'all' && !declared.has(name) && !declared.has(rootName(name))) return undefined
  for (let at = 0; at < text.length; at++) {
    if (!isTargetCode(text.charCodeAt(at))) return 'character'
  }
  const value = equals === -1 ? '' : decodeComponent(text.slice(equals + 1))
  if (value === undefined) return 'encoding'
  return { name, text: `${encodeURIComponent(name)}=${encodeURIComponent(value)}` }
}

/** The parameter that a name with brackets is part of. */
function rootName(name: string): string {
  const start = name.startsWith('[') ? 1 : 0
  const end = start === 1 ? name.indexOf(']') : name.indexOf('[')
  return end === -1 ? name : name.slice(start, end)
}
