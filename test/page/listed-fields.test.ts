import { type IncomingHttpHeaders, request as send } from 'node:http'
import { inspect } from 'node:util'
import pino from 'pino'
import { describe, expect, it } from 'vitest'
import { type Asked, type Handler, KINDS, siteOpener } from './site.js'

/** `util._extend`, with which http-proxy copies: the names, and then each value, from the last to the first. */
function extended(source: IncomingHttpHeaders): IncomingHttpHeaders {
  const copy: IncomingHttpHeaders = {}
  const names = Object.keys(source)
  for (let at = names.length; at-- > 0;) copy[names[at]!] = source[names[at]!]
  return copy
}

function looped(source: IncomingHttpHeaders): IncomingHttpHeaders {
  const copy: IncomingHttpHeaders = {}
  for (const name in source) copy[name] = source[name]
  return copy
}

function without({ host: _host, ...rest }: IncomingHttpHeaders): IncomingHttpHeaders {
  return rest
}

/** What browsers send. */
const BROWSER = {
  'user-agent': 'Mozilla/5.0',
  accept: 'text/html',
  'accept-language': 'en',
  'accept-encoding': 'identity',
  'upgrade-insecure-requests': '1',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'none',
}

const PUBLIC = { 'cache-control': 'public, max-age=60' }

describe.each(KINDS)('a page that reads fields after all were listed: %s', (_, kind) => {
  const open = siteOpener(kind)

  const raw = ({ own }: Asked): { headersDistinct: NodeJS.Dict<string[]> } =>
    ((own as { raw?: unknown }).raw ?? own) as { headersDistinct: NodeJS.Dict<string[]> }

  it.each<[string, (asked: Asked) => string]>([
    [
      'in the order in which they came',
      ({ headers }) => {
        Object.keys(headers)
        const { 'x-forwarded-proto': proto, 'x-forwarded-host': forwarded } = headers
        return [proto, forwarded, headers.host].join()
      },
    ],
    [
      'some of them only',
      ({ headers }) => {
        Object.keys(headers)
        const { 'x-forwarded-proto': proto, 'x-forwarded-host': forwarded } = headers
        return [headers.accept, proto, forwarded].join()
      },
    ],
    [
      'in the opposite order',
      ({ headers }) => {
        Object.getOwnPropertyNames(headers)
        const { host, 'x-forwarded-host': forwarded, 'x-forwarded-proto': proto } = headers
        return [proto, forwarded, host].join()
      },
    ],
    [
      'in a loop that picks',
      ({ headers }) => {
        void headers.host
        const picked: string[] = []
        for (const name in headers) {
          if (name.startsWith('x-')) picked.push(String(headers[name]))
        }
        return picked.join()
      },
    ],
    [
      'in a loop that stops',
      ({ headers }) => {
        void headers.host
        for (const name in headers) {
          if (name === 'x-forwarded-host') return String(headers[name])
        }
        return 'none'
      },
    ],
    ['from the values in lists', (asked) => String(raw(asked).headersDistinct['x-forwarded-host'])],
  ])('shows nobody what another has sent, read %s', async (__, read) => {
    const handler: Handler = (asked) => ({ body: read(asked), headers: PUBLIC })
    const { get } = await open(handler)
    const attacks: Record<string, string>[] = [
      { 'x-forwarded-proto': 'evil', 'x-forwarded-host': 'evil' },
      { accept: '*/*', 'x-forwarded-proto': 'evil', 'x-forwarded-host': 'evil' },
      {
        'x-1': '',
        'x-2': '',
        'x-3': '',
        'x-4': '',
        'x-5': '',
        'x-6': '',
        'x-forwarded-host': 'evil',
      },
      { 'x-forwarded-host': 'evil' },
    ]
    for (const [at, attack] of attacks.entries()) {
      expect((await get(`/${at}`, attack)).body).toContain('evil')
      expect((await get(`/${at}`)).body).not.toContain('evil')
    }
  })

  it.each<[string, (headers: IncomingHttpHeaders) => unknown]>([
    ['JSON', (headers) => JSON.stringify({ request: { headers } })],
    ['pino', (headers) => pino({}, { write: () => {} }).info({ headers })],
    ['a copy', (headers) => ({ ...headers })],
    ['a copy without one', (headers) => without(headers)],
    ['Object.assign', (headers) => Object.assign({}, headers)],
    ['Object.entries', (headers) => Object.entries(headers)],
    ['Headers of fetch', (headers) => new Headers(headers as Record<string, string>)],
    ['for-in', looped],
    ['the names, and then each', (headers) => Object.keys(headers).map((name) => headers[name])],
    ['the names, and then each from the last', extended],
    [
      'a request of Node',
      (headers) =>
        send({ host: '127.0.0.1', port: 9, headers })
          .on('error', () => {})
          .destroy(),
    ],
  ])('is kept for all browsers when a log went through all fields: %s', async (__, log) => {
    const { get } = await open(({ headers }) => {
      log(headers)
      return { body: String(headers['x-forwarded-host']), headers: PUBLIC }
    })
    await get('/', { ...BROWSER, cookie: 'id=a', 'x-one': '1' })
    const other = { ...BROWSER, 'user-agent': 'Other', 'accept-language': 'de', 'x-two': '2' }
    expect((await get('/', other)).headers['cache-status']).toContain('hit')
    expect((await get('/', { 'x-forwarded-host': 'evil' })).body).toBe('evil')
    expect((await get('/', BROWSER)).body).toBe('undefined')
  })

  it('is kept when a log has shown all fields, and shows them', async () => {
    const shown: string[] = []
    const { get } = await open((asked) => {
      shown.push(inspect(asked.headers), inspect(raw(asked).headersDistinct))
      return { body: 'page', headers: PUBLIC }
    })
    await get('/', { 'x-one': '1' })
    expect(shown[0]).toContain(`'x-one': '1'`)
    expect(shown[1]).toContain(`'x-one': [ '1' ]`)
    expect((await get('/')).headers['cache-status']).toContain('hit')
  })

  it('says why it is not kept where nobody can tell', async () => {
    const { get } = await open(({ headers }) => {
      for (const name of Object.keys(headers).toSorted()) void headers[name]
      return { body: 'page', headers: PUBLIC }
    })
    const first = await get('/', BROWSER)
    expect(first.headers['cache-status']).toContain('detail=reads-all-fields')
  })
})
