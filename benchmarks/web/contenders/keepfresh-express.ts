import { createServer } from 'node:http'
import express from 'express'
import { createCache } from 'keepfresh'
import { cachedListener, cachePage } from 'keepfresh/express'
import type { Application } from '../contender.js'
import { whenMade } from '../page.js'

/** As docs/pages.md says, "Keep a page": a middleware of the route. */
export const inExpress: Application = {
  kind: 'application',
  name: 'keepfresh in express',
  packages: [],
  isPeer: false,
  answers: ['hit', 'miss', 'not-modified'],
  beside: 'express',
  listen({ body, fields }) {
    const app = express()
    app.get('/page/:id', cachePage(createCache(), { ttl: '1h' }), (request, response, next) => {
      whenMade(body(request.params.id), (text) => response.set(fields).send(text), next)
    })
    return app.listen(0, '127.0.0.1')
  },
}

/** As docs/pages.md says for speed: in front of the application's listener. */
export const beforeExpress: Application = {
  kind: 'application',
  name: 'keepfresh before express',
  packages: [],
  isPeer: false,
  answers: ['hit', 'miss', 'not-modified'],
  beside: 'express',
  listen({ body, fields }) {
    const app = express()
    app.get('/page/:id', (request, response, next) => {
      whenMade(body(request.params.id), (text) => response.set(fields).send(text), next)
    })
    const listener = cachedListener(app, createCache(), { ttl: '1h' })
    return createServer(listener).listen(0, '127.0.0.1')
  },
}
