/** One application that answers with a page of 10 kB, in a process of its own: `server.ts <kind>`. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCache } from 'keepfresh'
import * as forExpress from 'keepfresh/express'
import * as forFastify from 'keepfresh/fastify'
import express from 'express'
import fastify, { type FastifyInstance } from 'fastify'
import { BODY, isKind, rendered, type Kind } from './page.js'

const kind = process.argv[2] ?? ''
if (!isKind(kind)) throw new Error(`no such application: ${kind}`)

const cache = createCache({ ttl: '1h' })
const options = { ttl: '1h' } as const
const TYPE = 'text/html; charset=utf-8'

function expressApp(cached: boolean): express.Express {
  const app = express()
  app.set('x-powered-by', false)
  const pages = cached ? [forExpress.cachePage(cache, options)] : []
  app.get('/page', ...pages, (_request, response) => void response.type('html').send(BODY))
  app.get(
    '/rendered/:id',
    ...pages,
    (request, response) => void response.type('html').send(rendered(request.params.id)),
  )
  return app
}

function fastifyApp(cached: boolean): FastifyInstance {
  const app: FastifyInstance = fastify()
  const hook = cached ? { onRequest: forFastify.cachePage(cache, options) } : {}
  app.get('/page', hook, (_request, reply) => reply.type(TYPE).send(BODY))
  app.get<{ Params: { id: string } }>('/rendered/:id', hook, (request, reply) =>
    reply.type(TYPE).send(rendered(request.params.id)),
  )
  return app
}

async function routing(app: FastifyInstance): Promise<RequestListener> {
  await app.ready()
  return (request, response) => app.routing(request, response)
}

const listeners: Record<Kind, () => RequestListener | Promise<RequestListener>> = {
  'node:http': () => (_request, response) => {
    response.writeHead(200, { 'content-type': TYPE, 'content-length': BODY.length })
    response.end(BODY)
  },
  express: () => expressApp(false),
  'express, middleware': () => expressApp(true),
  'express, in front': () => forExpress.cachedListener(expressApp(false), cache, options),
  fastify: () => routing(fastifyApp(false)),
  'fastify, hook': () => routing(fastifyApp(true)),
  'fastify, in front': async () =>
    forFastify.cachedListener(await routing(fastifyApp(false)), cache, options),
}

const server = createServer(await listeners[kind]())
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port))
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send!([user, system])
})
process.on('disconnect', () => process.exit())
