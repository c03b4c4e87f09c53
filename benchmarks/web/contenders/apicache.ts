import express, { type RequestHandler } from 'express'
import { loadPeer } from '../../peers/load.js'
import type { Application } from '../contender.js'
import { whenMade } from '../page.js'

interface ApiCache {
  middleware(duration: string): RequestHandler
}

/** https://github.com/kwhitley/apicache#readme, "Cache a route": in process memory, which is its default. */
export const apicache: Application = {
  kind: 'application',
  name: 'apicache in express',
  packages: ['apicache'],
  isPeer: true,
  answers: ['hit', 'miss', 'not-modified'],
  beside: 'express',
  async listen({ body, fields }) {
    const { default: cache } = await loadPeer<{ default: ApiCache }>('apicache')
    const app = express()
    app.get('/page/:id', cache.middleware('1 hour'), (request, response, next) => {
      const page = body(String(request.params['id']))
      whenMade(page, (text) => response.set(fields).send(text), next)
    })
    return app.listen(0, '127.0.0.1')
  },
}
