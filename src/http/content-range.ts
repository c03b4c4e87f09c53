import { type ByteRange, selectRanges } from './range.js'

/** What a `Content-Range` says (RFC 9110 section 14.4): the bytes enclosed, and of how many, where that is known. */
export interface ContentRange extends ByteRange {
  readonly size: number | undefined
}

/** `bytes 0-499/1234`. */
export function formatContentRange(range: ByteRange, size: number): string {
  return `bytes ${range.first}-${range.last}/${size}`
}

/** The `Content-Range` of a 416: `bytes *` and the size. */
export function formatUnsatisfiedRange(size: number): string {
  return `bytes */${size}`
}

/** The range a single part 206 holds; `undefined` for another unit, a 416's form, or numbers that cannot be. */
export function parseContentRange(value: string | undefined): ContentRange | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(value ?? '')
  if (!match) return undefined
  const first = Number(match[1])
  const last = Number(match[2])
  const size = match[3] === '*' ? undefined : Number(match[3])
  return last < first || (size !== undefined && size <= last) ? undefined : { first, last, size }
}

/**
 * The one range of a request that a stored part holds wholly, counted from the start of the representation; `undefined`
 * when it asks for more, or for several (RFC 9111 section 3.3: an incomplete response may answer nothing else).
 */
export function rangeWithin(value: string, stored: ContentRange): ByteRange | undefined {
  const ranges = selectRanges(value, stored.size ?? Number.MAX_SAFE_INTEGER)
  if (typeof ranges === 'string' || ranges.length !== 1) return undefined
  const range = ranges[0]!
  return range.first >= stored.first && range.last <= stored.last ? range : undefined
}

/** The `Range` that asks for what a stored beginning lacks; `undefined` when it is no beginning, or lacks nothing. */
export function remainingRange(stored: ContentRange): string | undefined {
  if (stored.first !== 0 || stored.size === stored.last + 1) return undefined
  return `bytes=${stored.last + 1}-`
}
