import { once } from 'node:events'
import { type IncomingMessage, request as send, type ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../adapters/memory/index.js'
import { deferred } from '../support/deferred.js'
import { until } from '../support/until.js'
import { KINDS, siteOpener } from './site.js'

const MIB = 1_048_576

/** A request whose answer is not read until somebody does so. */
async function begin(
  port: number,
  early: number[] = [],
  path = '/',
): Promise<IncomingMessage & { leave(): void }> {
  const asked = send({ port, host: '127.0.0.1', path, agent: false })
  asked.on('information', ({ statusCode }) => early.push(statusCode))
  asked.on('error', () => {})
  asked.end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  response.on('error', () => {})
  return Object.assign(response, { leave: () => void asked.destroy() })
}

async function rest(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Writes `total` bytes as fast as the visitor lets it. */
function pour(total: number): { readonly raw: (response: ServerResponse) => void } & {
  written: number
  waits: boolean
} {
  const chunk = Buffer.alloc(65_536, 'x')
  const state = {
    written: 0,
    waits: false,
    raw(response: ServerResponse) {
      const more = (): void => {
        state.waits = false
        while (state.written < total) {
          state.written += chunk.length
          if (!response.write(chunk)) {
            state.waits = true
            response.once('drain', more)
            return
          }
        }
        response.end()
      }
      more()
    },
  }
  return state
}

describe.each(KINDS)('how pages are written and read: %s', (_, kind) => {
  const site = siteOpener(kind, { ttl: '1m' })

  it('keeps text, bytes and encodings that are written in turn', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at)
    const { get } = await site(() => ({
      raw(response) {
        response.writeHead(200, ['content-type', 'x/y', 'x-list', 'a', 'x-list', 'b'])
        response.write('é', 'latin1')
        response.write(bytes)
        response.write('aGVsbG8=', 'base64')
        response.end('ü', 'utf8')
      },
    }))
    const whole = Buffer.concat([
      Buffer.from([0xe9]),
      bytes,
      Buffer.from('hello'),
      Buffer.from('ü'),
    ])
    for (const state of ['stored', 'hit']) {
      const got = await get('/')
      expect(got.headers['cache-status']).toContain(state)
      expect(got.bytes.equals(whole)).toBe(true)
      expect([got.headers['content-type'], got.headers['x-list']]).toEqual(['x/y', 'a, b'])
    }
  })

  it('keeps what was written, although the handler uses its buffer again', async () => {
    const { get } = await site(() => ({
      raw(response) {
        const buffer = Buffer.from('first')
        response.write(buffer, () => {
          buffer.fill('x')
          response.end()
        })
      },
    }))
    await get('/')
    expect((await get('/')).body).toBe('first')
  })

  it.each(['utf8', 'latin1', 'ucs2', 'base64', 'hex', 'ascii'] as const)(
    'keeps and sends a text that ends the response in %s as Node would send it',
    async (encoding) => {
      const text = { hex: 'c3a9', base64: 'w6k' }[encoding as string] ?? 'éa'
      for (const body of [text, text.repeat(6_000)]) {
        const path = `/${encoding}/${body.length}`
        const { get } = await site(() => ({ raw: (response) => response.end(body, encoding) }))
        const bytes = Buffer.from(body, encoding)
        const [first, second] = [await get(path), await get(path)]
        expect(first.headers['cache-status']).toContain('stored')
        expect(second.headers['cache-status']).toContain('hit')
        expect([first.bytes.equals(bytes), second.bytes.equals(bytes)]).toEqual([true, true])
        expect(first.headers['content-length']).toBe(String(bytes.length))
        expect(second.headers.etag).toBe(first.headers.etag)
      }
    },
  )

  it('keeps what ended the response, although the handler uses its buffer again', async () => {
    const buffer = Buffer.from('first'.repeat(2_000))
    const { get } = await site(() => ({
      raw(response) {
        response.end(buffer, () => buffer.fill('x'))
      },
    }))
    const first = await get('/')
    expect((await get('/')).bytes.equals(first.bytes)).toBe(true)
    expect(first.body).toBe('first'.repeat(2_000))
  })

  it('calls back once the response has ended', async () => {
    const ended = deferred<string>()
    const { get } = await site(() => ({
      raw: (response) => response.end('text', () => ended.resolve('after text')),
    }))
    await get('/')
    expect(await ended.promise).toBe('after text')
  })

  it('keeps neither early hints nor trailers, and sends both to whom they are made for', async () => {
    const { port } = await site(() => ({
      raw(response) {
        response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' })
        response.setHeader('trailer', 'x-sum')
        response.write('page')
        response.addTrailers({ 'x-sum': '4' })
        response.end()
      },
    }))
    const early: number[] = []
    const first = await begin(port, early)
    expect(String(await rest(first))).toBe('page')
    expect([early, first.trailers]).toEqual([[103], { 'x-sum': '4' }])
    const second = await begin(port, early)
    expect(String(await rest(second))).toBe('page')
    expect([early, second.trailers, second.headers.trailer]).toEqual([[103], {}, undefined])
    expect(second.headers.link).toBeUndefined()
  })

  it('keeps nothing that is shorter than it says', async () => {
    let runs = 0
    const { port } = await site(() => ({
      raw(response) {
        runs++
        response.setHeader('content-length', 10)
        response.write('short')
        response.end()
        response.destroy()
      },
    }))
    for (const _ of [1, 2]) await rest(await begin(port)).catch(() => {})
    expect(runs).toBe(2)
  })

  it('lets a visitor who does not read slow the handler down, where the page is not kept', async () => {
    const poured = pour(16 * MIB)
    const { port, clock } = await site(() => poured, { maxBytes: MIB })
    const slow = await begin(port)
    await until('the handler waits', () => poured.waits)
    await clock.advance(5_000)
    // The system's buffers may have taken a little more meanwhile.
    expect(poured.written).toBeLessThan(12 * MIB)
    expect((await rest(slow)).length).toBe(16 * MIB)
  })

  it('does not let a visitor who does not read keep others waiting', async () => {
    const poured = pour(12 * MIB)
    const { port, clock, get } = await site(
      () => poured,
      { maxBytes: 16 * MIB },
      { tiers: [memoryStore({ maxBytes: 256 * MIB })] },
    )
    const slow = await begin(port)
    await until('the handler waits', () => poured.waits)
    const asked = get('/')
    await clock.advance(1_000)
    expect((await asked).bytes.length).toBe(12 * MIB)
    expect((await rest(slow)).length).toBe(12 * MIB)
  })

  it('keeps nothing for a visitor who leaves, and lets those who wait have the next run', async () => {
    let runs = 0
    const gate = deferred()
    const { port, get, arrived } = await site(() => ({
      raw(response) {
        response.write(`run ${++runs}`)
        if (runs > 1) void gate.promise.then(() => response.end(' whole'))
      },
    }))
    const first = await begin(port)
    const waiting = [get('/'), get('/'), get('/')]
    await until('all wait', () => arrived() === 4)
    first.leave()
    await until('another run', () => runs > 1)
    gate.resolve()
    const bodies = (await Promise.all(waiting)).map(({ body }) => body)
    expect([new Set(bodies), runs]).toEqual([new Set(['run 2 whole']), 2])
  })

  it('lets nobody wait for the rest of a page that has become too large to keep', async () => {
    const gate = deferred()
    let runs = 0
    const { port, get, arrived } = await site(
      () => ({
        raw(response) {
          response.write(`run ${++runs}`)
          if (runs > 1) response.end()
          else void gate.promise.then(() => response.write('x'.repeat(2_000)))
        },
      }),
      { maxBytes: 1_000 },
    )
    const endless = await begin(port)
    const waiting = get('/')
    await until('one waits', () => arrived() === 2)
    gate.resolve()
    expect((await waiting).body).toBe('run 2')
    endless.leave()
  })

  it('takes the first end of a response for its end', async () => {
    const { get } = await site(() => ({
      raw(response) {
        response.end('page')
        response.end('more')
      },
    }))
    for (const state of ['stored', 'hit']) {
      const { body, headers } = await get('/')
      expect([body, headers['cache-status']]).toEqual(['page', expect.stringContaining(state)])
    }
  })

  it('lets nobody wait for the end of events', async () => {
    const { port } = await site(() => ({
      raw(response) {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write('data: hello\n\n')
      },
    }))
    const listeners = [await begin(port), await begin(port)]
    for (const listener of listeners) {
      const [chunk] = await once(listener, 'data')
      expect(String(chunk)).toContain('hello')
      listener.leave()
    }
  })

  it('lets nobody wait for a response that is for another', async () => {
    const { port, get } = await site(({ url }) => ({
      raw(response) {
        response.setHeader('cache-control', 'private')
        response.write(url)
        if (ends) response.end()
      },
    }))
    let ends = false
    const endless = await begin(port)
    ends = true
    expect((await get('/')).body).toBe('/')
    endless.leave()
  })
})
