import express from 'express'
import type { Application } from '../contender.js'
import { whenMade } from '../page.js'

/** https://expressjs.com/en/starter/hello-world.html, as it is: with an ETag of its own for what is sent. */
export const plainExpress: Application = {
  kind: 'application',
  name: 'express',
  packages: ['express'],
  isPeer: false,
  answers: ['hit', 'miss', 'not-modified'],
  listen({ body, fields }) {
    const app = express()
    app.get('/page/:id', (request, response, next) => {
      whenMade(body(request.params.id), (text) => response.set(fields).send(text), next)
    })
    return app.listen(0, '127.0.0.1')
  },
}
