import { METHODS } from 'node:http'
import fastify, { type FastifyInstance } from 'fastify'
import type { Cache } from 'keepfresh'
import { cachePage, type PageOptions } from 'keepfresh/fastify'
import { forward } from './forward.ts'

/** A Fastify application that passes everything on to `origin`, and keeps what the origin says may be kept. */
export function fastifyProxy(origin: string, cache: Cache, options: PageOptions): FastifyInstance {
  const app: FastifyInstance = fastify()
  for (const method of METHODS) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true })
  }
  // Contents are passed on, not read.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _content, done) => done(null))
  app.addHook('onRequest', cachePage(cache, options))
  app.all('/*', (request, reply) => {
    reply.hijack()
    return forward(origin, request.raw, reply.raw)
  })
  return app
}
