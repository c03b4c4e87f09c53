import type { IncomingMessage, ServerResponse } from 'node:http'
import { invalidOption } from '../base/errors.js'
import {
  evaluatePreconditions,
  formatHttpDate,
  isEntityTag,
  type Version,
  versionEtag,
} from '../http/index.js'

/** What is known of a representation before it is made. */
export interface KnownValidators {
  /** A tag, or the versions of everything the response is made of: rows, locale, template. */
  readonly etag?: string | readonly Version[] | undefined
  readonly lastModified?: Date | number | undefined
  /** False when there is nothing at this URL yet, for `If-None-Match: *`. Default: true. */
  readonly exists?: boolean | undefined
}

/**
 * Sets the validators on the response and answers it where they settle the matter: 304 when the visitor has it, 412 when a
 * change is based on an old version. True when the response has been answered and the handler must not run; `answering` is
 * called before that.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for a tag that is none and a date that cannot be written.
 */
export function answerConditional(
  request: IncomingMessage,
  response: ServerResponse,
  known: KnownValidators,
  answering: () => void = () => {},
): boolean {
  const { method = 'GET', headers } = request
  const etag = tagOf(known.etag)
  const lastModified = known.lastModified === undefined ? undefined : Number(known.lastModified)
  if (lastModified !== undefined && !Number.isFinite(lastModified)) {
    throw invalidOption(
      'lastModified',
      'a date, or milliseconds since the epoch',
      known.lastModified,
    )
  }
  const reading = method === 'GET' || method === 'HEAD'
  if (reading) {
    if (etag !== undefined) response.setHeader('etag', etag)
    if (lastModified !== undefined) {
      response.setHeader('last-modified', formatHttpDate(lastModified))
    }
  }
  const outcome = evaluatePreconditions({
    method,
    headers: headers,
    etag,
    lastModified,
    exists: known.exists ?? true,
  })
  if (outcome === 'proceed') return false
  answering()
  response.statusCode = outcome === 'not-modified' ? 304 : 412
  if (outcome === 'precondition-failed') response.setHeader('content-length', 0)
  response.end()
  return true
}

function tagOf(etag: KnownValidators['etag']): string | undefined {
  if (etag === undefined) return undefined
  if (typeof etag !== 'string') return versionEtag(etag)
  if (isEntityTag(etag)) return etag
  throw invalidOption('etag', `an entity tag such as '"v1"', or a list of versions`, etag)
}
