import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatContentRange,
  parseContentRange,
  rangeWithin,
  remainingRange,
} from '../../src/http/content-range.js'
import { type ByteRange, selectRanges } from '../../src/http/range.js'
import { planRange, rangeContent } from '../../src/http/range-response.js'
import { elapsedMs, QUICK_MS } from './linear.js'

type Expected = string | [first: number, last: number][]
const brief = (ranges: readonly ByteRange[] | string): Expected =>
  typeof ranges === 'string' ? ranges : ranges.map(({ first, last }) => [first, last])

describe('which bytes (RFC 9110 sections 14.1.2 and 14.2)', () => {
  test.each<[string, number, Expected, string]>([
    ['bytes=0-499', 10_000, [[0, 499]], '14.1.2'],
    ['bytes=9500-', 10_000, [[9500, 9999]], '14.1.2'],
    ['bytes=-500', 10_000, [[9500, 9999]], '14.1.2'],
    [
      'bytes=0-0,-1',
      10_000,
      [
        [0, 0],
        [9999, 9999],
      ],
      '14.1.2',
    ],
    [
      'bytes= 0-999, 4500-5499, -1000',
      10_000,
      [
        [0, 999],
        [4500, 5499],
        [9000, 9999],
      ],
      '14.1.2',
    ],
    ['BYTES=0-1', 10, [[0, 1]], '14.1, units in any case'],
    ['bytes=0-99999', 10, [[0, 9]], '14.1.2, the end is where it ends'],
    ['bytes=-99999', 10, [[0, 9]], '14.1.2, a suffix longer than all'],
    ['bytes=10-', 10, 'unsatisfiable', '14.1.2'],
    ['bytes=-0', 10, 'unsatisfiable', '14.1.2'],
    ['bytes=10-20, 30-40', 10, 'unsatisfiable', '14.2'],
    ['bytes=10-20, 0-1', 10, [[0, 1]], '14.2, those that can be'],
    ['bytes=5-1', 10, 'ignore', '14.1.1, invalid'],
    ['bytes=a-b', 10, 'ignore', '14.1.1'],
    ['bytes=-', 10, 'ignore', '14.1.1'],
    ['bytes=', 10, 'ignore', '14.1.1'],
    ['bytes', 10, 'ignore', '14.1.1'],
    ['bytes=1', 10, 'ignore', '14.1.1'],
    ['bytes=0-1, x', 10, 'ignore', '14.1.1'],
    ['bytes=0 - 1', 10, 'ignore', '14.1.1'],
    ['bytes=+1-2', 10, 'ignore', '14.1.1'],
    ['bytes=1e3-', 10, 'ignore', '14.1.1'],
    ['items=0-1', 10, 'ignore', '14.2, another unit'],
    ['bytes=0-0', 0, 'ignore', '14.2, no content'],
    ['bytes=99999999999999999999-', 10, 'unsatisfiable', 'beyond any number'],
    ['bytes=0-4, 3-8', 100, [[0, 8]], '15.3.7.2, overlapping ranges become one'],
    ['bytes=50-59, 0-9', 100, [[0, 59]], '15.3.7.2, near ones too'],
    [
      'bytes=500-509, 0-9',
      1000,
      [
        [500, 509],
        [0, 9],
      ],
      '15.3.7.2, in the order asked for',
    ],
    ['bytes=0-9, 5-14, 7-20', 100, 'ignore', '17.15, more than two that overlap'],
    ['bytes=0-,0-,0-,0-', 100, 'ignore', '17.15'],
  ])('%s of %d bytes: %j', (value, size, expected) => {
    expect(brief(selectRanges(value, size))).toEqual(expected)
  })

  test('more ranges than the limit get the whole representation', () => {
    const many = (count: number): string =>
      `bytes=${Array.from({ length: count }, (_, index) => `${index * 1000}-${index * 1000 + 1}`).join()}`
    expect(selectRanges(many(16), 1e6)).toHaveLength(16)
    expect(selectRanges(many(17), 1e6)).toBe('ignore')
    expect(selectRanges(many(3), 1e6, { maxRanges: 2 })).toBe('ignore')
    expect(elapsedMs(() => selectRanges(many(50_000), 1e9))).toBeLessThan(QUICK_MS)
  })

  test('no byte is ever sent twice', () => {
    const spec = fc.oneof(
      fc.tuple(fc.nat(300), fc.nat(300)).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc.nat(300).map((first) => `${first}-`),
      fc.nat(300).map((suffix) => `-${suffix}`),
    )
    fc.assert(
      fc.property(fc.array(spec, { minLength: 1, maxLength: 8 }), fc.nat(300), (specs, size) => {
        const ranges = selectRanges(`bytes=${specs.join(',')}`, size, { mergeGap: 3 })
        if (typeof ranges === 'string') return
        const sorted = ranges.toSorted((a, b) => a.first - b.first)
        let end = -1
        for (const { first, last } of sorted) {
          expect(first).toBeGreaterThan(end)
          expect(last).toBeGreaterThanOrEqual(first)
          end = last
        }
        expect(end).toBeLessThan(size)
      }),
      { numRuns: 500 },
    )
  })
})

describe('Content-Range (RFC 9110 section 14.4)', () => {
  test.each([
    ['bytes 42-1233/1234', { first: 42, last: 1233, size: 1234 }],
    ['bytes 42-1233/*', { first: 42, last: 1233, size: undefined }],
    ['bytes 5-5/6', { first: 5, last: 5, size: 6 }],
    ['bytes 42-1234/1234', undefined],
    ['bytes 42-41/1234', undefined],
    ['bytes */1234', undefined],
    ['items 1-2/3', undefined],
    ['bytes=1-2/3', undefined],
    [undefined, undefined],
  ])('%s', (value, expected) => {
    expect(parseContentRange(value)).toEqual(expected)
  })

  test('what is written is read back', () => {
    expect(parseContentRange(formatContentRange({ first: 1, last: 2 }, 9))).toEqual({
      first: 1,
      last: 2,
      size: 9,
    })
  })
})

describe('a stored part (RFC 9111 section 3.3)', () => {
  const part = { first: 4, last: 9, size: 10 }
  test.each([
    ['bytes=6-8', part, { first: 6, last: 8 }],
    ['bytes=6-', part, { first: 6, last: 9 }],
    ['bytes=-1', part, { first: 9, last: 9 }],
    ['bytes=-7', part, undefined],
    ['bytes=3-5', part, undefined],
    ['bytes=4-4, 9-9', part, { first: 4, last: 9 }],
    ['items=6-8', part, undefined],
    ['bytes=0-1, 200-201', { first: 0, last: 299, size: 300 }, undefined],
    ['bytes=20-', part, undefined],
    ['bytes=6-8', { ...part, size: undefined }, { first: 6, last: 8 }],
    ['bytes=6-', { ...part, size: undefined }, undefined],
    ['bytes=-1', { ...part, size: undefined }, undefined],
    ['bytes=6-12', { ...part, size: undefined }, undefined],
  ])('%s of %j: %j', (value, stored, expected) => {
    expect(rangeWithin(value, stored)).toEqual(expected)
  })

  test.each([
    [{ first: 0, last: 4, size: 10 }, 'bytes=5-'],
    [{ first: 0, last: 4, size: undefined }, 'bytes=5-'],
    [{ first: 0, last: 9, size: 10 }, undefined],
    [{ first: 4, last: 9, size: 10 }, undefined],
  ])('what %j lacks is %s', (stored, expected) => {
    expect(remainingRange(stored)).toBe(expected)
  })
})

describe('the answer (RFC 9110 sections 15.3.7 and 15.5.17)', () => {
  const content = Buffer.from('0123456789'.repeat(100))

  test('one range is sent as it is', () => {
    const plan = planRange({ range: 'bytes=2-5', size: 1000, contentType: 'text/plain' })
    expect(plan).toEqual({
      status: 206,
      range: { first: 2, last: 5 },
      contentRange: 'bytes 2-5/1000',
      contentLength: 4,
    })
    expect(String(rangeContent(plan, content))).toBe('2345')
  })

  test('several ranges are parts between boundaries', () => {
    const plan = planRange({
      range: 'bytes=0-1, 500-502',
      size: 1000,
      contentType: 'text/plain',
      boundary: 'B',
    })
    const body = rangeContent(plan, content)
    expect(Buffer.from(body!).toString().split('\r\n')).toEqual([
      '--B',
      'Content-Type: text/plain',
      'Content-Range: bytes 0-1/1000',
      '',
      '01',
      '--B',
      'Content-Type: text/plain',
      'Content-Range: bytes 500-502/1000',
      '',
      '012',
      '--B--',
      '',
    ])
    expect(plan).toMatchObject({
      status: 206,
      contentType: 'multipart/byteranges; boundary=B',
      contentLength: body!.length,
    })
  })

  test('the boundary is not to be guessed', () => {
    const plans = [1, 2].map(() => planRange({ range: 'bytes=0-1, 500-502', size: 1000 }))
    const types = plans.map((plan) => ('contentType' in plan ? plan.contentType : ''))
    expect(types[0]).toMatch(/boundary=[0-9a-f]{32}$/)
    expect(types[0]).not.toBe(types[1])
  })

  test('what cannot be is 416 with the size, what is not understood is everything', () => {
    expect(planRange({ range: 'bytes=1000-', size: 1000 })).toEqual({
      status: 416,
      contentRange: 'bytes */1000',
    })
    const all = planRange({ range: 'lines=1-2', size: 1000 })
    expect(all).toEqual({ status: 200 })
    expect(rangeContent(all, content)).toBeUndefined()
  })
})
