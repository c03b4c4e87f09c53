import type { CookieData, SessionData } from './record.js'

/** When a session ends that is saved now, ms since the epoch: with its cookie, or after `ttlMs` where that does not say. */
export function endOf(session: SessionData, ttlMs: number, now: number): number {
  const { cookie } = session
  if (typeof cookie !== 'object' || cookie === null) return now + ttlMs
  const { expires } = cookie
  if (expires !== null && expires !== undefined && expires !== false) {
    const at = new Date(expires).getTime()
    if (!Number.isNaN(at)) return at
  }
  const { maxAge, originalMaxAge } = cookie
  for (const age of [maxAge, originalMaxAge]) if (typeof age === 'number') return now + age
  return now + ttlMs
}

/**
 * The cookie as it is now: a session that was touched since it was saved ends later than what was saved says. Changes `data`,
 * which nobody else has.
 */
export function withEnd(data: SessionData, endsAt: number): SessionData {
  const { cookie } = data
  if (typeof cookie === 'object' && cookie !== null && cookie.expires && Number.isFinite(endsAt)) {
    cookie.expires = new Date(endsAt).toISOString()
  }
  return data
}

/** The text of a cookie without what moves at every request. */
export function settledCookie(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const { expires: _, originalExpires: __, ...rest } = JSON.parse(text) as CookieData
  return JSON.stringify(rest)
}
