import express, { type Express } from 'express'
import type { Cache } from 'keepfresh'
import { cachePage, type PageOptions } from 'keepfresh/express'
import { forward } from './forward.ts'

/** An Express application that passes everything on to `origin`, and keeps what the origin says may be kept. */
export function expressProxy(origin: string, cache: Cache, options: PageOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use(cachePage(cache, options))
  app.use((request, response) => forward(origin, request, response))
  return app
}
