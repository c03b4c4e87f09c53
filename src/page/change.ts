import type { ServerResponse } from 'node:http'
import { type FieldValues, invalidatedGroups, invalidatedUrls } from '../http/index.js'
import { applyHead } from './capture.js'
import { groupTag, pageTag } from './keys.js'

export interface ChangeOptions {
  readonly method: string
  /** The key of the request's own URL. */
  readonly url: string
  /** The key of another absolute URL, if it is one of ours. */
  readonly keyOf: (url: string) => string | undefined
  readonly invalidate: (tags: readonly string[]) => Promise<unknown>
  readonly failed: (error: unknown) => void
}

/**
 * Invalidates what an unsafe request has changed (RFC 9111 section 4.4) before its answer ends, so that whoever has the
 * answer does not see the old page any more.
 */
export function watchChange(response: ServerResponse, options: ChangeOptions): void {
  const { method, url, keyOf, invalidate, failed } = options
  const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse
  const writeHead = response.writeHead.bind(response)
  response.writeHead = (...args: unknown[]) => {
    applyHead(response, args)
    return writeHead(response.statusCode)
  }
  const changed = (): string[] => {
    const status = response.statusCode
    const fields = response.getHeaders() as FieldValues
    const urls = invalidatedUrls({ method, status, url, fields })
    const groups = invalidatedGroups({ method, status, fields })
    return [
      ...urls.flatMap((one) => keyOf(one) ?? []).map(pageTag),
      ...groups.map((group) => groupTag(url, group)),
    ]
  }
  let ending = false
  const replacement = (...args: unknown[]): ServerResponse => {
    if (ending) return response
    ending = true
    const tags = changed()
    if (tags.length === 0) return end(...args)
    void invalidate(tags)
      .catch(failed)
      .finally(() => end(...args))
    return response
  }
  Object.assign(response, { end: replacement })
}
