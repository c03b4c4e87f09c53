import type { LoaderContext } from '../cache/context.js'
import { currentScope, runInScope } from '../cache/scope.js'
import {
  contentEtag,
  fieldValue,
  type FieldValues,
  isOriginFailure,
  mayServeOnError,
  parseCacheGroups,
  selectingFields,
} from '../http/index.js'
import { captureResponse, type CaptureEnd } from './capture.js'
import { sendHead, wantsTag } from './head.js'
import { isAsHandedOver, withText } from './handed-over.js'
import { withoutMarks } from './holes.js'
import { groupTag, variantsTag } from './keys.js'
import { confirmed, confirms, previousPage, questionsAbout } from './previous.js'
import { viewRequest } from './request-view.js'
import { type Attempt, HandlerFailure, type Made, type Run, UNCONFIRMED } from './run.js'
import { type Judged, judgeResponse, keepTimes, type Surroundings } from './stored-page.js'
import { keepable, whyNotKept } from './verdict.js'
import type { HandedOver } from './visit.js'

/** What the head of a response says of the run. */
interface Outcome {
  way: 'new' | 'validated' | 'unconfirmed' | 'failed'
  /** The tag that was made for the page. */
  tag: string | undefined
  /** How it was judged, where all of it was at hand. */
  around: Surroundings | undefined
  judged: Judged | undefined
}

/** The fields of a head are a copy of the response's, and its capture's own. */
function setField(fields: FieldValues, name: string, value: string | undefined): void {
  ;(fields as Record<string, string | undefined>)[name] = value
}

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
  // Before the handler runs: a tag that is named behind it is noted too late wherever anything was invalidated meanwhile.
  if (run.names.length > 0) context.tag(variantsTag(run.url, run.names))
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
  const outcome: Outcome = { way: 'new', tag: undefined, around: undefined, judged: undefined }
  const capture = captureResponse(response, {
    maxBytes: settings.maxBytes,
    whole: settings.inFront,
    around: (inside) => view.unnoted(inside),
    after: (ms, later) => core.clock.after(ms, later),
    onHead: (head) => {
      const { status, fields, last } = head
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
      const tagged = wantsTag(run, head)
      // What a tag says makes no difference for what is judged, and only what is kept gets one.
      if (tagged) setField(fields, 'etag', '""')
      const surroundings = around()
      const judged = judgeResponse({ status, fields }, surroundings)
      const refusal = judged.refusal ?? whyNotKept(run, view, scope, judged)
      if (tagged) {
        outcome.tag = refusal === undefined ? contentEtag(head.body!.content) : undefined
        setField(fields, 'etag', outcome.tag)
      }
      if (last) {
        outcome.around = surroundings
        outcome.judged = judged
      }
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
  const { way, tag } = outcome
  if (way === 'failed') throw new HandlerFailure('the handler failed, and a stale page is there')
  if (way === 'unconfirmed') return UNCONFIRMED
  if (end.kind === 'incomplete') return { refused: end.reason }
  let { captured } = end
  if (tag !== undefined) captured = { ...captured, lines: [...captured.lines, ['etag', tag]] }
  if (way === 'validated') {
    // The stored page lives on, and with it what it was made from.
    void context.stale
    captured = confirmed(previous!, captured)
  }
  const markless = withoutMarks(captured, run.marks)
  if (markless === undefined) return { refused: 'hole-lost' }
  if (view.personalLate && !isAsHandedOver(end.captured, handed!)) return { refused: 'personal' }
  // What has been judged with all of the answer at hand is not judged again, unless something else was read since.
  let { around: surroundings, judged } = outcome
  if (
    surroundings === undefined ||
    judged === undefined ||
    surroundings.freshUntil !== (scope?.freshUntil ?? Infinity)
  ) {
    surroundings = around()
    judged = judgeResponse(markless, surroundings)
  }
  const kept = keepable(run, view, scope, markless, surroundings, judged)
  if ('refused' in kept) {
    if (way === 'validated') attempt.own = { ...previous!, lines: captured.lines }
    return kept
  }
  const named = fieldValue(captured.fields, 'cache-groups')
  const groups = named === undefined ? [] : parseCacheGroups(named)
  if (groups.length > 0) context.tag(...groups.map((group) => groupTag(run.url, group)))
  const times = keepTimes(kept.page!, settings, core.clock.now())
  context.ttl(times.ttlMs)
  context.grace(times.graceMs)
  if (kept.vary.length > run.names.length) {
    await runInScope(undefined, () => run.remember(kept.vary))
  }
  return kept
}
