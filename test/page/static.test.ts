import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import express from 'express'
import fastify from 'fastify'
import { beforeAll, describe, expect, it } from 'vitest'
import { staticAssets } from '../../src/http/index.js'
import { listen } from '../support/listening.js'
import { scratchDirectory } from '../support/scratch.js'

const FOREVER = 'public, max-age=31536000, immutable'
let folder: string
beforeAll(async () => {
  folder = scratchDirectory('static')
  await writeFile(join(folder, 'app.3f9a1c2b.js'), 'let a')
  await writeFile(join(folder, 'logo.svg'), '<svg/>')
})

describe('static files', () => {
  it('of express.static: fingerprinted names are for a year, others are asked about', async () => {
    const app = express()
    app.use(express.static(folder, { setHeaders: staticAssets().setHeaders }))
    const { url, close } = await listen(app)
    const script = await fetch(`${url}/app.3f9a1c2b.js`)
    expect([await script.text(), script.headers.get('cache-control')]).toEqual(['let a', FOREVER])
    const logo = await fetch(`${url}/logo.svg`)
    expect(logo.headers.get('cache-control')).toBe('public, no-cache')
    const etag = logo.headers.get('etag') ?? ''
    const again = await fetch(`${url}/logo.svg`, {
      headers: { 'if-none-match': etag, 'cache-control': 'max-age=0' },
    })
    expect([again.status, again.headers.get('cache-control')]).toEqual([304, 'public, no-cache'])
    await close()
  })

  it('of Fastify: a reply takes the fields too', async () => {
    const { setHeaders } = staticAssets({ immutable: { maxAge: '1d' } })
    const app = fastify()
    app.get('/*', (request, reply) => {
      setHeaders(reply, request.url)
      return reply.send('file')
    })
    const sent = async (path: string) => (await app.inject(path)).headers['cache-control']
    expect(await sent('/app.3f9a1c2b.js')).toBe('max-age=86400')
    expect(await sent('/app.js')).toBe('public, no-cache')
    await app.close()
  })

  it('are told apart by paths of any system, for whoever sends them', () => {
    const assets = staticAssets()
    for (const path of ['/a/app.3f9a1c2b.js', 'C:\\a\\app.3f9a1c2b.js', 'app.3f9a1c2b.js']) {
      expect(assets.fields(path)).toEqual([['cache-control', FOREVER]])
    }
    expect(assets.fields('C:\\app.3f9a1c2b.js\\readme')).toEqual([
      ['cache-control', 'public, no-cache'],
    ])
  })

  it('refuse a policy that contradicts itself when they are set up', () => {
    expect(() => staticAssets({ revalidated: { noStore: true, maxAge: '1m' } })).toThrow(
      expect.objectContaining({ code: 'CACHE_OPTION_INVALID' }),
    )
  })
})
