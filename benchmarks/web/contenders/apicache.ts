import express, { type RequestHandler } from 'express'
import { loadPeer } from '../../peers/load.js'
import type { Application } from '../contender.js'

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
    app.get('/page/:id', cache.middleware('1 hour'), (request, response) => {
      response.set(fields).send(body(String(request.params['id'])))
    })
    return app.listen(0, '127.0.0.1')
  },
}
