import type { Scope } from '../cache/scope.js'
import {
  capFields,
  evaluatePreconditions,
  type FieldLine,
  fieldValue,
  type FieldValues,
  formatCacheControl,
  hasField,
  isConditional,
  linesFromFields,
  notModifiedFields,
  parseCacheControl,
  readValidators,
} from '../http/index.js'
import { addedLines } from './added.js'
import { PERSONAL } from './bypass.js'
import type { Course, Head } from './capture.js'
import { mayBeCoded, variedByCoding } from './codings.js'
import type { Run } from './run.js'
import type { Surroundings } from './stored-page.js'

/**
 * Whether a page gets a tag made of its body: its whole body is there before its head goes out, and it has none. The first visitor
 * is to be answered 304 later, as the others are.
 */
export function wantsTag({ marks, settings }: Run, { status, fields, body }: Head): boolean {
  if (status !== 200 || body === undefined || marks !== undefined) return false
  return !hasField(fields, 'etag') && !body.exceeds(settings.maxBytes)
}

/** Gives the visitor's own response the fields it goes out with; a visitor who has the page already gets a 304. */
export function sendHead(
  run: Run,
  { status, fields, last }: Head,
  refusal: string | undefined,
  scope: Scope | undefined,
  around: Surroundings,
): Course {
  const { response, headers, settings } = run
  if (refusal === undefined && typeof fields['etag'] === 'string') {
    response.setHeader('etag', fields['etag'])
  }
  response.setHeader(
    'cache-status',
    refusal === undefined
      ? settings.saidStored(run.reason)
      : settings.status.write({ fwd: run.reason, detail: refusal }),
  )
  for (const [name, value] of honest(fields, scope, around)) response.setHeader(name, value)
  if (refusal === 'personal' && !hasField(fields, PERSONAL[0])) response.setHeader(...PERSONAL)
  if (refusal === undefined) {
    for (const [name, value] of addedLines(run, scope, fields, last)) {
      response.setHeader(name, value)
    }
  }
  const { compress } = settings
  if (refusal === undefined && compress !== undefined && mayBeCoded(fields, compress)) {
    response.setHeader('vary', variedByCoding(fields))
  }
  const whole: Course = refusal === undefined ? 'pass' : { through: refusal }
  if (status < 200 || status > 299 || !isConditional(headers) || run.marks) return whole
  const validators = readValidators(fields)
  if (validators.etag === undefined && validators.lastModified === undefined) return whole
  const method = run.request.method ?? 'GET'
  if (evaluatePreconditions({ method, headers, status, ...validators }) !== 'not-modified') {
    return whole
  }
  const remaining = notModifiedFields(linesFromFields(response.getHeaders()))
  const names = new Set(remaining.map(([name]) => name))
  for (const name of response.getHeaderNames()) {
    if (!names.has(name)) response.removeHeader(name)
  }
  response.statusCode = 304
  return 'head'
}

/** The fields that have to change so that no other cache keeps the page longer, or for more visitors, than its parts allow. */
function honest(
  fields: FieldValues,
  scope: Scope | undefined,
  { freshUntil, responseAt }: Surroundings,
): FieldLine[] {
  if (scope?.private === true) {
    const directives = parseCacheControl(fieldValue(fields, 'cache-control'))
    if (directives.private || directives.noStore) return []
    const own = { ...directives, public: false, sMaxAge: undefined, private: true }
    return [['cache-control', formatCacheControl({ ...own, proxyRevalidate: false })]]
  }
  if (freshUntil === Infinity) return []
  const left = Math.max(0, Math.floor((freshUntil - responseAt) / 1000))
  return capFields(fields, left, responseAt)
}
