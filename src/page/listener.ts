import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PageCache } from './page-cache.js'

/** Anything that answers requests of Node's `http` server. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => void

/** Puts a page cache in front of a listener: a page from storage does not reach it at all. */
export function listenerWith(pages: PageCache, listener: Listener): Listener {
  const cached: Listener = (request, response) => {
    pages.visit({
      request,
      response,
      subject: request,
      proceed: () => listener(request, response),
      again: cached,
      narrow: (target) => {
        request.url = target
      },
    })
  }
  return cached
}
