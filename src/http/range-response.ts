import { randomBytes } from 'node:crypto'
import { formatContentRange, formatUnsatisfiedRange } from './content-range.js'
import { type ByteRange, type RangeLimits, selectRanges } from './range.js'

/** One part of a multipart answer: what goes before its bytes. */
export interface RangePart {
  readonly head: string
  readonly range: ByteRange
}

/** How to answer a `Range` request. */
export type RangePlan =
  /** Send the whole representation as it is. */
  | { readonly status: 200 }
  /** Send no content, and this `Content-Range`. */
  | { readonly status: 416; readonly contentRange: string }
  /** Send one range. */
  | {
      readonly status: 206
      readonly range: ByteRange
      readonly contentRange: string
      readonly contentLength: number
    }
  /** Send each part's head and bytes, then the tail; `contentType` replaces that of the representation. */
  | {
      readonly status: 206
      readonly parts: readonly RangePart[]
      readonly tail: string
      readonly contentType: string
      readonly contentLength: number
    }

/** What a plan needs to know. */
export interface RangePlanInput extends RangeLimits {
  /** The value of `Range`, once `rangeApplies` has said so. */
  readonly range: string
  /** The size of the representation in bytes, as it goes out (after its content coding). */
  readonly size: number
  /** The `Content-Type` of the representation, repeated in each part. */
  readonly contentType?: string | undefined
  /** Separates the parts. Default: 32 random hexadecimal digits, which no content holds by chance or by intent. */
  readonly boundary?: string
}

/** Decides how to answer a `Range` request (RFC 9110 sections 14.2 and 15.3.7). */
export function planRange(input: RangePlanInput): RangePlan {
  const { range, size, contentType } = input
  const ranges = selectRanges(range, size, input)
  if (ranges === 'ignore') return { status: 200 }
  if (ranges === 'unsatisfiable') return { status: 416, contentRange: formatUnsatisfiedRange(size) }
  if (ranges.length === 1) {
    const only = ranges[0]!
    return {
      status: 206,
      range: only,
      contentRange: formatContentRange(only, size),
      contentLength: length(only),
    }
  }
  const boundary = input.boundary ?? randomBytes(16).toString('hex')
  const type = contentType === undefined ? '' : `Content-Type: ${contentType}\r\n`
  const parts = ranges.map((part, index) => ({
    head: `${index === 0 ? '' : '\r\n'}--${boundary}\r\n${type}Content-Range: ${formatContentRange(part, size)}\r\n\r\n`,
    range: part,
  }))
  const tail = `\r\n--${boundary}--\r\n`
  return {
    status: 206,
    parts,
    tail,
    contentType: `multipart/byteranges; boundary=${boundary}`,
    contentLength: parts.reduce(
      (sum, part) => sum + Buffer.byteLength(part.head, 'latin1') + length(part.range),
      tail.length,
    ),
  }
}

function length(range: ByteRange): number {
  return range.last - range.first + 1
}

/** The content a plan sends, cut out of the whole representation; `undefined` where it sends all of it, or nothing. */
export function rangeContent(plan: RangePlan, content: Uint8Array): Uint8Array | undefined {
  if (plan.status !== 206) return undefined
  if (!('parts' in plan)) return content.subarray(plan.range.first, plan.range.last + 1)
  const pieces: Uint8Array[] = []
  for (const { head, range } of plan.parts) {
    pieces.push(Buffer.from(head, 'latin1'), content.subarray(range.first, range.last + 1))
  }
  return Buffer.concat([...pieces, Buffer.from(plan.tail, 'latin1')])
}
