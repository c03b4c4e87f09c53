/**
 * Dates as HTTP writes them (RFC 9110 section 5.6.7): one format is sent, three are understood.
 *
 * Parsing is strict about shape, since a date that cannot be read has to count as the past (RFC 9111 section 5.3), and
 * lenient about case, as caches are asked to be (section 4.2). The day of the week has to be one, and is not compared
 * with the date.
 */

const MONTHS = 'janfebmaraprmayjunjulaugsepoctnovdec'
const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const
const SHORT_DAYS = new Set(DAYS.map((day) => day.slice(0, 3)))
const LONG_DAYS = new Set<string>(DAYS)

const DAY_MS = 86_400_000
const FIRST_MS = new Date(0).setUTCFullYear(0, 0, 1)
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** Days since 1970-01-01 of a date in the Gregorian calendar, years counted from March so that leap days come last. */
function dayNumber(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** The number written in `length` digits at `at`, or -1. */
function digits(text: string, at: number, length: number): number {
  let value = 0
  for (let index = at; index < at + length; index++) {
    const digit = text.charCodeAt(index) - 0x30
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
  }
  return value
}

function monthAt(text: string, at: number): number {
  const index = MONTHS.indexOf(text.slice(at, at + 3))
  return index % 3 === 0 ? index / 3 + 1 : -1
}

/** The moment, or `undefined` when the calendar or the clock has no such value. The second 60 is a leap second. */
function moment(
  year: number,
  month: number,
  day: number,
  text: string,
  at: number,
): number | undefined {
  const hour = digits(text, at, 2)
  const minute = digits(text, at + 3, 2)
  const second = digits(text, at + 6, 2)
  if (text[at + 2] !== ':' || text[at + 5] !== ':') return undefined
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
    return undefined
  }
  if (year < 0 || month < 1 || day < 1 || day > daysInMonth(year, month)) return undefined
  return dayNumber(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000
}

/** `Sun, 06 Nov 1994 08:49:37 GMT` */
function parseFixdate(text: string): number | undefined {
  if (text.slice(3, 5) !== ', ' || !SHORT_DAYS.has(text.slice(0, 3))) return undefined
  if (text[7] !== ' ' || text[11] !== ' ' || text[16] !== ' ') return undefined
  if (text.slice(25) !== ' gmt') return undefined
  return moment(digits(text, 12, 4), monthAt(text, 8), digits(text, 5, 2), text, 17)
}

/** `Sunday, 06-Nov-94 08:49:37 GMT`: a year over 50 years ahead is the latest past one that ends in the same digits. */
function parseRfc850(text: string, comma: number, now: number): number | undefined {
  if (!LONG_DAYS.has(text.slice(0, comma)) || text.length !== comma + 24) return undefined
  const at = comma + 2
  if (text[comma + 1] !== ' ' || text[at + 2] !== '-' || text[at + 6] !== '-') return undefined
  if (text[at + 9] !== ' ' || text.slice(at + 18) !== ' gmt') return undefined
  const short = digits(text, at + 7, 2)
  if (short < 0) return undefined
  const current = new Date(now).getUTCFullYear()
  const fiftyYearsOn = new Date(now).setUTCFullYear(current + 50)
  const year = current - (current % 100) + 100 + short
  const month = monthAt(text, at + 3)
  const day = digits(text, at, 2)
  for (const candidate of [year, year - 100, year - 200]) {
    const found = moment(candidate, month, day, text, at + 10)
    if (found !== undefined && found <= fiftyYearsOn) return found
  }
  return undefined
}

/** `Sun Nov  6 08:49:37 1994` */
function parseAsctime(text: string): number | undefined {
  if (text[3] !== ' ' || !SHORT_DAYS.has(text.slice(0, 3))) return undefined
  if (text[7] !== ' ' || text[10] !== ' ' || text[19] !== ' ') return undefined
  const day = text[8] === ' ' ? digits(text, 9, 1) : digits(text, 8, 2)
  return moment(digits(text, 20, 4), monthAt(text, 4), day, text, 11)
}

/**
 * The moment an HTTP date names, in milliseconds since the epoch; `undefined` when it is not one of the three formats.
 *
 * `now` decides the century of two-digit years. Default: the system's time.
 */
export function parseHttpDate(value: string | undefined, now?: number): number | undefined {
  if (value === undefined || value.length < 24 || value.length > 33) return undefined
  const text = value.toLowerCase()
  const comma = text.indexOf(',')
  if (comma === 3) return text.length === 29 ? parseFixdate(text) : undefined
  if (comma === -1) return text.length === 24 ? parseAsctime(text) : undefined
  return parseRfc850(text, comma, now ?? Date.now())
}

let lastSecond = Number.NaN
let lastText = ''

/**
 * `atMs` in the format HTTP sends, to the second below. Asking for the same second again costs nothing.
 *
 * What no HTTP date can say (outside the years 0 to 9999, or not a number) becomes the nearest that can; `NaN` the epoch.
 */
export function formatHttpDate(atMs: number): string {
  const second = Math.floor(atMs / 1000)
  if (second === lastSecond) return lastText
  const within = Number.isNaN(atMs) ? 0 : Math.min(Math.max(atMs, FIRST_MS), LAST_MS)
  lastText = new Date(within).toUTCString()
  lastSecond = second
  return lastText
}
