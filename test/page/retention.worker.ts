import { Agent, request as send } from 'node:http'
import { once } from 'node:events'
import { memoryStore } from '../../adapters/memory/index.js'
import { createCache } from '../../index.js'
import { serve } from '../support/processes.js'
import { expressListener, expressMiddleware, fastifyHook, type SiteKind } from './site.js'

/** An application that keeps pages, and what visits leave in the heap of its process. */

const KINDS = { expressListener, expressMiddleware, fastifyHook } satisfies Record<string, SiteKind>

/** A page is large beside all that is remembered of a URL. */
const PAGE = 20_000
const ENTRIES = 50

const agent = new Agent({ keepAlive: true, maxSockets: 1 })
let site: Awaited<ReturnType<SiteKind>> | undefined
let watched: WeakRef<object>[] = []

async function get(path: string): Promise<string> {
  const request = send({ port: site!.port, host: '127.0.0.1', path, agent }).end()
  const [response] = await once(request, 'response')
  response.resume()
  await once(response, 'end')
  return String(response.headers['cache-status'])
}

export type RetentionService = typeof service
const service = {
  open: async (kind: keyof typeof KINDS): Promise<void> => {
    const cache = createCache({ tiers: [memoryStore({ maxEntries: ENTRIES })] })
    site = await KINDS[kind]({
      cache,
      options: { ttl: '1m' },
      handler: ({ own, url, headers }) => {
        watched.push(new WeakRef((own as { raw?: object }).raw ?? own))
        void headers['x-name']
        return { body: url.padEnd(PAGE, '.'), headers: { 'content-type': 'text/plain' } }
      },
    })
  },
  /** Asks for pages that nobody has asked for, each a second time as well, and tells how often each state was said. */
  visit: async (from: number, count: number): Promise<readonly [misses: number, hits: number]> => {
    watched = []
    let misses = 0
    let hits = 0
    for (let at = from; at < from + count; at++) {
      if ((await get(`/${at}`)).includes('stored')) misses++
      if ((await get(`/${at}`)).includes('hit')) hits++
    }
    return [misses, hits]
  },
  /** What is left when all is collected that can be: bytes, and requests that the handler saw in the last visits. */
  left: async (): Promise<{ readonly bytes: number; readonly requests: number }> => {
    for (let round = 0; round < 3; round++) {
      await new Promise((resolve) => setImmediate(resolve))
      globalThis.gc!()
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    const requests = watched.filter((one) => one.deref() !== undefined).length
    return { bytes: heapUsed + arrayBuffers, requests }
  },
}
serve(service)
