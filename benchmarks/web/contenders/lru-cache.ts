import { hash } from 'node:crypto'
import express from 'express'
import fastify from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Application } from '../contender.js'
import { whenMade } from '../page.js'

/** A page as any cache in the process has to keep it: its bytes, and a tag of them. */
interface Page {
  readonly bytes: Buffer
  readonly tag: string
}

/** As large as the memory of `createCache()` is by default. */
const MAX_BYTES = 64 * 1024 * 1024

/**
 * The least that a page kept in the process costs, by hand: it becomes bytes, gets a validator, and is put into lru-cache. No rule of
 * HTTP is looked at, nobody waits for another's page, nothing is invalidated, and a page that was for one visitor is kept for all.
 */
class Pages {
  readonly #kept = new LRUCache<string, Page>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ bytes }) => bytes.byteLength,
  })

  get(url: string): Page | undefined {
    return this.#kept.get(url)
  }

  keep(url: string, text: string): Page {
    const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
    bytes.write(text)
    const page = { bytes, tag: `"${hash('sha256', bytes, 'base64url')}"` }
    this.#kept.set(url, page)
    return page
  }
}

export const lruInExpress: Application = {
  kind: 'application',
  name: 'lru-cache in express',
  packages: ['lru-cache'],
  isPeer: false,
  answers: ['miss'],
  beside: 'express',
  listen({ body, fields }) {
    const app = express()
    const pages = new Pages()
    app.get('/page/:id', (request, response, next) => {
      const send = ({ bytes, tag }: Page) => response.set(fields).set('etag', tag).send(bytes)
      const page = pages.get(request.url)
      if (page !== undefined) send(page)
      else whenMade(body(request.params.id), (text) => send(pages.keep(request.url, text)), next)
    })
    return app.listen(0, '127.0.0.1')
  },
}

export const lruInFastify: Application = {
  kind: 'application',
  name: 'lru-cache in fastify',
  packages: ['lru-cache'],
  isPeer: false,
  answers: ['miss'],
  beside: 'fastify',
  async listen({ body, fields }) {
    const app = fastify()
    const pages = new Pages()
    app.get<{ Params: { id: string } }>('/page/:id', async (request, reply) => {
      const { bytes, tag } =
        pages.get(request.url) ?? pages.keep(request.url, await body(request.params.id))
      reply.headers(fields).header('etag', tag)
      return bytes
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app.server
  },
}
