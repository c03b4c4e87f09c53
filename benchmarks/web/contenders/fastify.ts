import fastify from 'fastify'
import type { Application } from '../contender.js'

/** https://fastify.dev/docs/latest/Guides/Getting-Started/, without a log. It has no ETags of its own. */
export const plainFastify: Application = {
  kind: 'application',
  name: 'fastify',
  packages: ['fastify'],
  isPeer: false,
  answers: ['hit', 'miss'],
  async listen({ body, fields }) {
    const app = fastify()
    app.get<{ Params: { id: string } }>('/page/:id', async (request, reply) => {
      reply.headers(fields)
      return body(request.params.id)
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app.server
  },
}
