import { createServer } from 'node:http'
import type { Application } from '../contender.js'
import { whenMade } from '../page.js'

/** The floor: Node's own server and a string. */
export const nodeHttp: Application = {
  kind: 'application',
  name: 'node:http',
  packages: [],
  isPeer: false,
  answers: ['hit', 'miss'],
  listen({ body, fields }) {
    return createServer((request, response) => {
      const send = (text: string): void => {
        response.writeHead(200, { ...fields, 'content-length': Buffer.byteLength(text) })
        response.end(text)
      }
      const failed = (): void => void response.writeHead(500).end()
      whenMade(body(request.url!.slice('/page/'.length)), send, failed)
    }).listen(0, '127.0.0.1')
  },
}
