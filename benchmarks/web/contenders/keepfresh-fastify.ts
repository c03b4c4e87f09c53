import { createServer } from 'node:http'
import fastify, { type FastifyInstance } from 'fastify'
import { createCache } from 'keepfresh'
import { cachedListener, cachePage } from 'keepfresh/fastify'
import type { Application } from '../contender.js'
import type { Page } from '../page.js'

/** As docs/pages.md says, "Keep a page": a hook of the route. */
export const inFastify: Application = {
  kind: 'application',
  name: 'keepfresh in fastify',
  packages: [],
  isPeer: false,
  answers: ['hit', 'miss', 'not-modified'],
  beside: 'fastify',
  async listen(page) {
    const app = fastify()
    route(app, page, { onRequest: cachePage(createCache(), { ttl: '1h' }) })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app.server
  },
}

/** As docs/pages.md says for speed: in front of the application's listener. */
export const beforeFastify: Application = {
  kind: 'application',
  name: 'keepfresh before fastify',
  packages: [],
  isPeer: false,
  answers: ['hit', 'miss', 'not-modified'],
  beside: 'fastify',
  async listen(page) {
    const app = fastify({
      serverFactory: (listener) =>
        createServer(cachedListener(listener, createCache(), { ttl: '1h' })),
    })
    route(app, page, {})
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app.server
  },
}

function route(app: FastifyInstance, { body, fields }: Page, options: object): void {
  app.get<{ Params: { id: string } }>('/page/:id', options, async (request, reply) => {
    reply.headers(fields)
    return body(request.params.id)
  })
}
