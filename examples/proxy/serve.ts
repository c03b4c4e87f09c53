/** `npx node examples/proxy/serve.ts http://localhost:8000 [express|fastify]`: keeps what that origin answers, on port 3000 (`PORT`). */
import { createServer, type RequestListener } from 'node:http'
import { createCache } from 'keepfresh'
import type { PageOptions } from 'keepfresh/express'
import { expressProxy } from './express.ts'
import { fastifyProxy } from './fastify.ts'

const [origin, framework = 'express'] = process.argv.slice(2)
if (origin === undefined || !URL.canParse(origin)) {
  console.error(
    'Whose answers? npx node examples/proxy/serve.ts http://localhost:8000 [express|fastify]',
  )
  process.exit(2)
}

const options: PageOptions = {
  query: 'all',
  targets: ['cdn-cache-control'],
  staleIfError: '1h',
  scheme: 'http',
}
const cache = createCache()

async function application(at: string): Promise<RequestListener> {
  if (framework !== 'fastify') return expressProxy(at, cache, options)
  const app = fastifyProxy(at, cache, options)
  await app.ready()
  return (request, response) => app.routing(request, response)
}

const port = Number(process.env['PORT'] ?? 3000)
createServer(await application(origin)).listen(port, () => {
  console.log(`${origin} is kept at http://localhost:${port} (${framework}). Ctrl-C ends it.`)
})
