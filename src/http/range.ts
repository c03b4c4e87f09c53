import { splitList } from './fields.js'
import { isDigit } from './tokens.js'

/**
 * Which bytes a request asks for (RFC 9110 section 14).
 *
 * `Range` is cheap to send and can be made expensive to answer (section 17.15), so what is selected never overlaps: an
 * answer is at most the whole representation and a few lines per part.
 */

/** Bytes `first` to `last`, both included, counted from zero. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** Bounds on what one request may ask for. */
export interface RangeLimits {
  /** A request for more ranges than this gets the whole representation. Default: 16. */
  readonly maxRanges?: number
  /** Two ranges this many bytes apart, or nearer, become one: a part of its own would cost more. Default: 80. */
  readonly mergeGap?: number
}

interface RangeSpec {
  /** `undefined` for a suffix, which `last` then counts from the end. */
  readonly first: number | undefined
  readonly last: number
}

/**
 * The ranges to send of a representation of `size` bytes: in the order asked for, those that overlap or nearly touch made
 * one.
 *
 * `'ignore'` means to send all of it: the unit is unknown, the syntax wrong, the representation empty, or there are more
 * ranges than the limit or more than two that overlap. `'unsatisfiable'` means 416.
 */
export function selectRanges(
  value: string,
  size: number,
  limits: RangeLimits = {},
): readonly ByteRange[] | 'ignore' | 'unsatisfiable' {
  const specs = parseSpecs(value, limits.maxRanges ?? 16)
  if (specs === undefined || size === 0) return 'ignore'
  const ranges: ByteRange[] = []
  for (const spec of specs) {
    const range = resolve(spec, size)
    if (range !== undefined) ranges.push(range)
  }
  if (ranges.length === 0) return 'unsatisfiable'
  if (ranges.length === 1) return ranges
  return countOverlapping(ranges) > 2 ? 'ignore' : mergeRanges(ranges, limits.mergeGap ?? 80)
}

/** `bytes=` and a list of `first-last`, `first-` and `-suffix`; `undefined` when any of it is something else. */
function parseSpecs(value: string, maxRanges: number): readonly RangeSpec[] | undefined {
  const equals = value.indexOf('=')
  if (value.slice(0, equals).toLowerCase() !== 'bytes') return undefined
  const members = splitList(value.slice(equals + 1))
  if (members.length === 0 || members.length > maxRanges) return undefined
  const specs: RangeSpec[] = []
  for (const member of members) {
    const dash = member.indexOf('-')
    const first = dash === 0 ? undefined : position(member.slice(0, dash))
    const open = dash === member.length - 1
    const last = open ? Infinity : position(member.slice(dash + 1))
    if (dash === -1 || Number.isNaN(first) || Number.isNaN(last)) return undefined
    if (first === undefined ? open : last < first) return undefined
    specs.push({ first, last })
  }
  return specs
}

function position(text: string): number {
  for (let at = 0; at < text.length; at++) if (!isDigit(text.charCodeAt(at))) return Number.NaN
  return text.length === 0 ? Number.NaN : Number(text)
}

/** The bytes a spec means, or `undefined` when there are none of them (section 14.1.2). */
function resolve({ first, last }: RangeSpec, size: number): ByteRange | undefined {
  if (first === undefined) {
    return last === 0 ? undefined : { first: Math.max(0, size - last), last: size - 1 }
  }
  return first < size ? { first, last: Math.min(last, size - 1) } : undefined
}

/** How many ranges overlap another one. */
function countOverlapping(ranges: readonly ByteRange[]): number {
  const sorted = ranges.toSorted((a, b) => a.first - b.first)
  const overlapping = new Set<ByteRange>()
  let reaching = sorted[0]!
  for (const range of sorted.slice(1)) {
    if (range.first <= reaching.last) overlapping.add(range).add(reaching)
    if (range.last > reaching.last) reaching = range
  }
  return overlapping.size
}

/** Joins ranges that overlap or lie within `gap` of each other; each group stands where its first member was asked for. */
function mergeRanges(ranges: readonly ByteRange[], gap: number): ByteRange[] {
  const sorted = ranges
    .map((range, asked) => ({ first: range.first, last: range.last, asked }))
    .toSorted((a, b) => a.first - b.first)
  const groups: { first: number; last: number; asked: number }[] = []
  for (const range of sorted) {
    const group = groups.at(-1)
    if (group !== undefined && range.first - group.last - 1 <= gap) {
      group.last = Math.max(group.last, range.last)
      group.asked = Math.min(group.asked, range.asked)
    } else groups.push(range)
  }
  return groups.toSorted((a, b) => a.asked - b.asked).map(({ first, last }) => ({ first, last }))
}
