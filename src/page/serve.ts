import { remainingMs } from '../http/index.js'
import { answerFrom, sendAnswer } from './answer.js'
import type { StoredPage } from './stored-page.js'
import type { Entered } from './visit.js'

/** Answers a visit from a page; `status` says so in `Cache-Status`. Default: that it is a hit. */
export function serve(
  { visit, headers, method, shared }: Entered,
  page: StoredPage,
  status?: string,
): void {
  const now = shared.core.clock.now()
  const said = status ?? shared.settings.status.hit(leftSeconds(page, now))
  visit.answering?.()
  sendAnswer(visit.response, answerFrom(page, method, headers, now), said)
}

/** Seconds of freshness left; negative once stale. */
export function leftSeconds(page: StoredPage, now: number): number {
  return Math.floor(remainingMs(page.freshness, now) / 1000)
}
