import type { AddressInfo } from 'node:net'
import express, { type Response } from 'express'
import { createCache } from 'keepfresh'
import { cachePage, type ExpressRequest } from 'keepfresh/express'
import { hole } from 'keepfresh/fragment'

/** What the examples of template engines share: a page that is kept, with a list of rows that are kept, and a greeting that is not. */

export const cache = createCache()

export const products = [
  { id: 1, name: 'Soup', price: 4 },
  { id: 2, name: 'Pie & mash', price: 6 },
]

const rendered: string[] = []

/** Called by each part when it is rendered. */
export function note(part: string): void {
  rendered.push(part)
}

/** Each visitor's own, in a page that is the same for all. */
export const greeting = hole('greeting', (request: ExpressRequest) => {
  return `Hello, ${request.headers.cookie?.split('=')[1] ?? 'stranger'}`
})

/** Serves a page, visits it, and prints what was rendered. */
export async function show(page: (response: Response) => unknown): Promise<void> {
  const app = express()
  app.get('/', cachePage(cache, { ttl: '1h', holes: [greeting] }), async (_request, response) => {
    note('page')
    await page(response)
  })
  const server = app.listen(0)
  const { port } = server.address() as AddressInfo
  const visit = async (name: string): Promise<void> => {
    const answer = await fetch(`http://localhost:${port}/`, { headers: { cookie: `name=${name}` } })
    console.log((await answer.text()).replaceAll(/\s*\n\s*/g, ''))
    console.log(`rendered: ${rendered.splice(0).join(', ') || 'nothing'}`)
  }
  await visit('Ada')
  await visit('Bob')
  products[1]!.price = 7
  await cache.invalidateTags(['product:2'])
  await visit('Cid')
  server.close()
  await cache.close()
}
