import type { LoaderContext } from '../cache/context.js'
import { currentScope, runInScope } from '../cache/scope.js'
import {
  fieldValue,
  isOriginFailure,
  mayServeOnError,
  parseCacheGroups,
  selectingFields,
} from '../http/index.js'
import { captureResponse, type CaptureEnd } from './capture.js'
import { sendHead, tagFor, withTag } from './head.js'
import { isAsHandedOver, withText } from './handed-over.js'
import { withoutMarks } from './holes.js'
import { groupTag, variantsTag } from './keys.js'
import { confirmed, confirms, previousPage, questionsAbout } from './previous.js'
import { viewRequest } from './request-view.js'
import { type Attempt, HandlerFailure, type Made, type Run, UNCONFIRMED } from './run.js'
import { judgeResponse, keepTimes, type Surroundings } from './stored-page.js'
import { keepable, whyNotKept } from './verdict.js'
import type { HandedOver } from './visit.js'

/**
 * Runs the handler once and says what is to be kept of its response. What the response needs beyond that (going out, not
 * going out, a 304 for the visitor) is settled when its head is known.
 *
 * @throws {HandlerFailure} when the handler failed and a stale page may be served for it.
 */
export async function makePage(
  run: Run,
  context: LoaderContext,
  attempt: Attempt,
  proceed: () => void,
): Promise<Made> {
  const { core, settings, response } = run
  const scope = currentScope()
  const previous = previousPage(run, context)
  const asked = run.asks ? questionsAbout(previous) : []
  const requestAt = core.clock.now()
  const view = viewRequest(run.request, {
    host: run.host,
    subject: run.subject,
    added: [...selectingFields(run.names, run.headers, settings.normalisers), ...asked],
  })
  let handed: HandedOver | undefined
  if (view.guarded) {
    run.onHandOver?.((answer) => {
      handed = withText(answer)
      if (handed !== undefined) view.handOver()
    })
  }
  const around = (): Surroundings => ({
    settings,
    requestFields: run.headers,
    identified: run.identified,
    requestNoStore: run.requestNoStore,
    requestAt,
    responseAt: core.clock.now(),
    freshUntil: scope?.freshUntil ?? Infinity,
  })
  const outcome: { way: 'new' | 'validated' | 'unconfirmed' | 'failed' } = { way: 'new' }
  let tag: string | undefined
  const capture = captureResponse(response, {
    maxBytes: settings.maxBytes,
    whole: settings.inFront,
    around: (inside) => view.unnoted(inside),
    after: (ms, later) => core.clock.after(ms, later),
    onHead: (bare) => {
      tag = tagFor(run, bare)
      const head = tag === undefined ? bare : { ...bare, fields: { ...bare.fields, etag: tag } }
      const { status, fields } = head
      if (status === 304 && asked.length > 0) {
        outcome.way = confirms(previous!, fields) ? 'validated' : 'unconfirmed'
      }
      if (
        previous !== undefined &&
        isOriginFailure(status) &&
        mayServeOnError(previous.freshness, core.clock.now(), undefined, settings.permission)
      ) {
        outcome.way = 'failed'
      }
      if (outcome.way !== 'new') return 'hold'
      const surroundings = around()
      const judged = judgeResponse({ status, fields }, surroundings)
      const refusal = judged.refusal ?? whyNotKept(run, view, scope, judged)
      if (run.attended) return sendHead(run, head, refusal, scope, surroundings)
      return refusal === undefined ? 'pass' : { through: refusal }
    },
  })
  attempt.capture = capture
  let end: CaptureEnd
  try {
    proceed()
    end = await capture.done
  } finally {
    view.end()
  }
  const { way } = outcome
  if (way === 'failed') throw new HandlerFailure('the handler failed, and a stale page is there')
  if (way === 'unconfirmed') return UNCONFIRMED
  if (end.kind === 'incomplete') return { refused: end.reason }
  let { captured } = end
  if (tag !== undefined) captured = withTag(captured, tag)
  if (way === 'validated') {
    // The stored page lives on, and with it what it was made from.
    void context.stale
    captured = confirmed(previous!, captured)
  }
  const markless = withoutMarks(captured, run.marks)
  if (markless === undefined) return { refused: 'hole-lost' }
  if (view.personalLate && !isAsHandedOver(end.captured, handed!)) return { refused: 'personal' }
  const kept = keepable(run, view, scope, markless, around())
  if ('refused' in kept) {
    if (way === 'validated') attempt.own = { ...previous!, lines: captured.lines }
    return kept
  }
  const groups = parseCacheGroups(fieldValue(captured.fields, 'cache-groups'))
  if (groups.length > 0) context.tag(...groups.map((group) => groupTag(run.url, group)))
  const times = keepTimes(kept.page!, settings, core.clock.now())
  context.ttl(times.ttlMs)
  context.grace(times.graceMs)
  if (kept.vary.length > 0) context.tag(variantsTag(run.url, kept.vary))
  if (kept.vary.length > run.names.length) {
    await runInScope(undefined, () => run.remember(kept.vary))
  }
  return kept
}
