import { remainingMs } from '../http/index.js'
import { answerFrom, sendAnswer } from './answer.js'
import { serveFilled, stopFilling } from './fill-holes.js'
import type { StoredPage } from './stored-page.js'
import type { Entered } from './visit.js'

/** Answers a visit from a page; `status` says so in `Cache-Status`. Default: that it is a hit. */
export function serve(entered: Entered, page: StoredPage, status?: string): void {
  const { visit, headers, method, shared } = entered
  const now = shared.core.clock.now()
  const said = status ?? shared.settings.status.hit(leftSeconds(page, now))
  visit.answering?.()
  stopFilling(visit.response)
  if (page.holes !== undefined) {
    serveFilled(entered, page, said)
    return
  }
  const coded = shared.codings?.of(page, headers) ?? page
  sendAnswer(visit.response, answerFrom(coded, method, headers, now), said)
}

/** Seconds of freshness left; negative once stale. */
export function leftSeconds(page: StoredPage, now: number): number {
  return Math.floor(remainingMs(page.freshness, now) / 1000)
}
