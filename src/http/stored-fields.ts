import type { ResponseDirectives } from './cache-control.js'
import { type FieldLine, splitList } from './fields.js'

/**
 * Which fields of a response are kept (RFC 9111 section 3.1), and what happens to them when a newer response says more
 * (section 3.2). Names in the result are lower-case.
 */

/** Fields about one connection (RFC 9110 section 7.6.1) or one proxy (RFC 9111 section 3.1), never kept. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

/** True for the fields that belong to a connection or a proxy and not to the response. `name` is lower-case. */
export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name)
}

/**
 * The lines of a response to keep: all but those about the connection, those `Connection` names, and those that
 * `no-cache="..."` or `private="..."` names.
 */
export function storableLines(
  lines: readonly FieldLine[],
  directives: ResponseDirectives,
): FieldLine[] {
  const excluded = excludedNames(lines, directives)
  const kept: FieldLine[] = []
  for (const line of lines) {
    const [name, value] = line
    const key = name.toLowerCase()
    if (HOP_BY_HOP.has(key) || excluded?.has(key) === true) continue
    kept.push(key === name ? line : [key, value])
  }
  return kept
}

function excludedNames(
  lines: readonly FieldLine[],
  { noCacheFields, privateFields }: ResponseDirectives,
): ReadonlySet<string> | undefined {
  const options: string[] = []
  for (const [name, value] of lines) {
    if (name.toLowerCase() === 'connection') options.push(...splitList(value))
  }
  if (options.length + noCacheFields.length + privateFields.length === 0) return undefined
  const lower = options.map((option) => option.toLowerCase())
  return new Set([...noCacheFields, ...privateFields, ...lower])
}

/**
 * Fields an update leaves as they were stored: they describe the stored bytes (section 3.2), or belong to one visitor.
 */
const NOT_UPDATED = new Set([
  'content-encoding',
  'content-length',
  'content-range',
  'set-cookie',
  'trailer',
])

/**
 * The stored lines as a 304, a HEAD or a combined part updates them (sections 3.2, 3.4, 4.3.4 and 4.3.5): each field the
 * newer response has replaces the stored one.
 *
 * `newer` are its storable lines. The stored `Age` and `Date` are of the response that was validated and go with it:
 * where the newer one has no `Date`, give one before. Judge the result as if it had just come (`storeRefusal`): a 304 may
 * say `private`.
 */
export function updateLines(
  stored: readonly FieldLine[],
  newer: readonly FieldLine[],
): FieldLine[] {
  const added = newer.filter(([name]) => !NOT_UPDATED.has(name))
  const replaced = new Set(['age', 'date'])
  for (const [name] of added) replaced.add(name)
  return [...stored.filter(([name]) => !replaced.has(name)), ...added]
}
