import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatHttpDate, parseHttpDate } from '../../src/http/http-date.js'

const NOW = Date.UTC(2026, 5, 1)

describe('parsing (RFC 9110 section 5.6.7)', () => {
  const known = Date.UTC(1994, 10, 6, 8, 49, 37)

  test.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', known, 'IMF-fixdate'],
    ['Sunday, 06-Nov-94 08:49:37 GMT', known, 'RFC 850'],
    ['Sun Nov  6 08:49:37 1994', known, 'asctime'],
    ['Sun Nov 16 08:49:37 1994', known + 10 * 86_400_000, 'asctime, two digits'],
    ['SUN, 06 NOV 1994 08:49:37 gmt', known, 'RFC 9111 section 4.2, any case'],
    ['sunday, 06-nov-94 08:49:37 GmT', known, 'RFC 9111 section 4.2, any case'],
    ['Mon, 06 Nov 1994 08:49:37 GMT', known, 'another weekday than the calendar has'],
    ['Thu, 29 Feb 2024 00:00:00 GMT', Date.UTC(2024, 1, 29), 'a leap day'],
    ['Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2017, 0, 1), 'a leap second'],
    ['Sun, 21 Nov 2286 04:46:39 GMT', Date.UTC(2286, 10, 21, 4, 46, 39), 'beyond 32 bits'],
    ['Sun, 01 Jan 0050 00:00:00 GMT', new Date(0).setUTCFullYear(50, 0, 1), 'year 50 is not 1950'],
  ])('%s', (text, expected) => {
    expect(parseHttpDate(text, NOW)).toBe(expected)
  })

  test.each([
    ['Thursday, 18-Aug-50 02:01:18 GMT', 2050, 'within fifty years'],
    ['Wednesday, 01-Jun-76 00:00:00 GMT', 2076, 'exactly fifty years'],
    ['Thursday, 02-Jun-76 00:00:00 GMT', 1976, 'more than fifty years ahead'],
    ['Monday, 01-Jan-99 00:00:00 GMT', 1999, 'more than fifty years ahead'],
    ['Monday, 01-Jan-26 00:00:00 GMT', 2026, 'this year'],
    ['Monday, 01-Jan-00 00:00:00 GMT', 2000, 'the turn of the century'],
  ])('the two digits of %s mean %d', (text, year) => {
    expect(new Date(parseHttpDate(text, NOW)!).getUTCFullYear()).toBe(year)
  })

  test.each([
    ['0', 'RFC 9111 section 5.3'],
    ['', ''],
    ['-1', ''],
    ['Thu, 18 Aug 2050 02:01:18 UTC', 'RFC 9111 section 4.2, GMT only'],
    ['Thu, 18 Aug 2050 02:01:18 AEST', 'RFC 9111 section 4.2'],
    ['Thu, 18 Aug 2050 02:01:18', 'no zone'],
    ['Thu, 18 Aug 50 02:01:18 GMT', 'two-digit year in the long format'],
    ['Thu 18 Aug 2050 02:01:18 GMT', 'no comma'],
    ['Thu, 18  Aug  2050 02:01:18 GMT', 'more spaces'],
    ['Thu, 18-Aug-2050 02:01:18 GMT', 'dashes'],
    ['Thu, 18 Aug 2050 02.01.18 GMT', 'points'],
    ['Thu, 18 Aug 2050 2:01:18 GMT', 'one-digit hour'],
    ['Thu, 8 Aug 2050 02:01:18 GMT', 'one-digit day'],
    ['Thu, 18 Aug 2050 24:01:18 GMT', 'hour'],
    ['Thu, 18 Aug 2050 02:60:18 GMT', 'minute'],
    ['Thu, 18 Aug 2050 02:01:61 GMT', 'second'],
    ['Thu, 31 Feb 2050 02:01:18 GMT', 'no such day'],
    ['Thu, 29 Feb 2023 02:01:18 GMT', 'no leap year'],
    ['Thu, 00 Aug 2050 02:01:18 GMT', 'day zero'],
    ['Thu, 18 Foo 2050 02:01:18 GMT', 'no such month'],
    ['Thu, 18 anf 2050 02:01:18 GMT', 'letters across two months'],
    ['Xyz, 18 Aug 2050 02:01:18 GMT', 'no such weekday'],
    ['Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:19 GMT', 'two lines'],
    ['Thursday, 18-Aug-2050 02:01:18 GMT', 'four digits in RFC 850'],
    ['Thursday, 18 Aug-50 02:01:18 GMT', 'a space in RFC 850'],
    ['Thursday, 18-Aug 50 02:01:18 GMT', 'a space in RFC 850'],
    ['Thursday,_18-Aug-50 02:01:18 GMT', 'no space in RFC 850'],
    ['Thu, 31 Apr 2050 02:01:18 GMT', 'no such day'],
    ['Thu, 31 Jun 2050 02:01:18 GMT', 'no such day'],
    ['Thu, 31 Sep 2050 02:01:18 GMT', 'no such day'],
    ['Thu, 31 Nov 2050 02:01:18 GMT', 'no such day'],
    ['Thu Aug  8 02:01:18 2050 GMT', 'a zone behind asctime'],
    ['2050-08-18T02:01:18Z', 'ISO 8601'],
    [' Thu, 18 Aug 2050 02:01:18 GMT', 'space before'],
  ])('%j is not a date: %s', (text) => {
    expect(parseHttpDate(text, NOW)).toBeUndefined()
  })

  test('garbage is not a date, and is no exception', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseHttpDate(text, NOW)).toBeUndefined()
      }),
    )
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(...'Thu, 18Aug2050:GMT-'.split('')),
          minLength: 24,
          maxLength: 33,
        }),
        (text) => {
          expect(() => parseHttpDate(text, NOW)).not.toThrow()
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe('formatting', () => {
  test('what is written is read back to the second', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          const second = Math.floor(date.getTime() / 1000) * 1000
          const text = formatHttpDate(date.getTime())
          expect(text).toHaveLength(29)
          expect(parseHttpDate(text, NOW)).toBe(second)
        },
      ),
    )
  })

  test('what no HTTP date can say becomes the nearest that can', () => {
    expect(formatHttpDate(Infinity)).toBe('Fri, 31 Dec 9999 23:59:59 GMT')
    expect(formatHttpDate(-Infinity)).toBe('Sat, 01 Jan 0000 00:00:00 GMT')
    expect(formatHttpDate(Number.NaN)).toBe('Thu, 01 Jan 1970 00:00:00 GMT')
  })
})
