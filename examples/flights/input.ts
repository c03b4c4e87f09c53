/**
 * What visitors send, made into what the pages ask for.
 *
 * A key of the cache is made from these, so each has one form and few values: a visitor who makes up
 * parameters gets the default page, not an entry of his own.
 */
import { type FlightChange, RANKINGS, type Ranking } from './queries.ts'

/** The whole days in the data. */
export const DAYS: readonly string[] = Array.from(
  { length: 12 },
  (_, index) => `2001-01-${String(index + 1).padStart(2, '0')}`,
)

export function iataOf(given: unknown): string {
  return text(given).slice(0, 4).toUpperCase()
}

/** The day that visitors see first: a Tuesday. */
export const TODAY = '2001-01-02'

/** A day in the data; else the second. */
export function dayOf(given: unknown): string {
  const day = text(given)
  return DAYS.includes(day) ? day : TODAY
}

/** An hour at which a board can begin: one in three; else noon. */
export function hourOf(given: unknown): number {
  const hour = text(given)
  return /^\d{1,2}$/.test(hour) && Number(hour) < 24 ? boardHour(Number(hour)) : 12
}

/** The board on which a flight of this hour is. */
export function boardHour(hour: number): number {
  return hour - (hour % 3)
}

export function rankingOf(given: unknown): Ranking {
  const ranking = text(given)
  return Object.hasOwn(RANKINGS, ranking) ? (ranking as Ranking) : 'busiest'
}

export function searchOf(given: unknown): string {
  return text(given).trim().toLowerCase().slice(0, 40)
}

export function idOf(given: unknown): number | undefined {
  const id = text(given)
  return /^\d{1,7}$/.test(id) ? Number(id) : undefined
}

/** The change that a form asks for, if it can be made. */
export function changeOf(form: unknown): FlightChange | undefined {
  if (typeof form !== 'object' || form === null) return undefined
  const { delay, gate, cancelled } = form as Record<string, unknown>
  const minutes = /^-?\d{1,4}$/.test(text(delay)) ? Number(delay) : Number.NaN
  if (!(minutes >= -60 && minutes <= 1440)) return undefined
  if (!/^[A-Z]\d{1,2}$/.test(text(gate))) return undefined
  return { delay: minutes, gate: text(gate), cancelled: cancelled !== undefined }
}

function text(given: unknown): string {
  return typeof given === 'string' ? given : ''
}
