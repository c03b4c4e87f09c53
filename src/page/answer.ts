import type { ServerResponse } from 'node:http'
import {
  ageSeconds,
  evaluatePreconditions,
  type FieldLine,
  fieldsFromLines,
  fieldValue,
  type FieldValues,
  isConditional,
  notModifiedFields,
  planRange,
  type PreconditionInput,
  type PreconditionOutcome,
  rangeApplies,
  rangeContent,
  readValidators,
} from '../http/index.js'
import type { StoredPage } from './stored-page.js'

/** What goes out for one visit. */
export interface PageAnswer {
  readonly status: number
  readonly lines: readonly FieldLine[]
  /** The length that `Content-Length` states; undefined where there is no content to speak of. */
  readonly length: number | undefined
  /** Undefined for HEAD and for answers without content. */
  readonly body: Uint8Array | undefined
}

/** The answer from a stored page: whole, a part of it, or that the visitor has it already. */
export function answerFrom(
  page: StoredPage,
  method: string,
  headers: FieldValues,
  now: number,
): PageAnswer {
  const { status, lines, body } = page
  const age: FieldLine = ['age', String(ageSeconds(page.freshness, now))]
  const asks = isConditional(headers)
  if (status >= 200 && status < 300 && (asks || headers['range'] !== undefined)) {
    const fields = fieldsFromLines(lines)
    const validators = readValidators(fields)
    const state = { method, headers, ...validators, status }
    const outcome = asks ? judgeConditions(state) : 'proceed'
    if (outcome === 'not-modified') {
      const kept = notModifiedFields(lines)
      return { status: 304, lines: [...kept, age], length: undefined, body: undefined }
    }
    if (outcome === 'precondition-failed') {
      return { status: 412, lines: [], length: 0, body: undefined }
    }
    if (status === 200 && rangeApplies(state)) return part(page, headers, fields, age)
  }
  const without = status === 204 || status === 205
  return {
    status,
    lines: [...lines, age],
    length: without ? undefined : body.length,
    body: method === 'HEAD' || without ? undefined : body,
  }
}

/** As the origin; and a page without a date of its own is as old as its `Date` says (RFC 9111 section 4.3.2). */
export function judgeConditions(state: PreconditionInput): PreconditionOutcome {
  const outcome = evaluatePreconditions(state)
  return outcome === 'proceed' ? evaluatePreconditions({ ...state, role: 'cache' }) : outcome
}

function part(
  { lines, body }: StoredPage,
  headers: FieldValues,
  fields: FieldValues,
  age: FieldLine,
): PageAnswer {
  const contentType = fieldValue(fields, 'content-type')
  const range = fieldValue(headers, 'range')!
  const plan = planRange({ range, size: body.length, contentType })
  if (plan.status === 200) return { status: 200, lines: [...lines, age], length: body.length, body }
  if (plan.status === 416) {
    const unsatisfied: FieldLine = ['content-range', plan.contentRange]
    return { status: 416, lines: [unsatisfied], length: 0, body: undefined }
  }
  const several = 'parts' in plan
  const replaced: FieldLine = several
    ? ['content-type', plan.contentType]
    : ['content-range', plan.contentRange]
  return {
    status: 206,
    lines: [...lines.filter(([name]) => name !== replaced[0]), replaced, age],
    length: plan.contentLength,
    body: rangeContent(plan, body),
  }
}

/** Sends an answer. Fields that were set before by others stay, unless the page has them too. */
export function sendAnswer(
  response: ServerResponse,
  answer: PageAnswer,
  cacheStatus: string,
): void {
  const { status, lines, length, body } = answer
  response.statusCode = status
  const several = fieldsFromLines(lines)
  for (const name of Object.keys(several)) {
    response.setHeader(name, several[name] as string | string[])
  }
  response.setHeader('cache-status', cacheStatus)
  if (length !== undefined) response.setHeader('content-length', length)
  if (body === undefined) response.end()
  else response.end(body)
}
