import { type Cache, createCache } from 'keepfresh'
import { memoryStore } from 'keepfresh/memory'
import { redisStore } from 'keepfresh/redis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../examples/flights/database/database.ts'
import { loadFlights } from '../../examples/flights/database/load.ts'
import { openServer, type WebServer } from '../../examples/flights/server.ts'
import { type RedisServer, startRedis } from '../support/servers/index.js'

let database: Database
let redis: RedisServer
const servers: { readonly cache: Cache; readonly web: WebServer }[] = []

/** The board of Atlanta at a time at which the first few thousand flights leave. */
const BOARD = '/departures/ATL?day=2001-01-01&from=6'

beforeAll(async () => {
  database = openDatabase(undefined)
  ;[redis] = await Promise.all([startRedis(), loadFlights(database, { count: 6000 })])
  for (const store of ['one', 'two']) {
    const cache = createCache({ tiers: [memoryStore(), redisStore(redis.url)] })
    servers.push({ cache, web: await openServer({ database, cache, store, port: 0 }) })
  }
})
afterAll(async () => {
  for (const { cache, web } of servers) {
    await web.close()
    await cache.close()
  }
  await database.close()
  await redis.stop()
})

async function get(path: string, server = 0): Promise<{ status: number; page: string }> {
  const response = await fetch(`${servers[server]?.web.url}${path}`)
  return { status: response.status, page: await response.text() }
}

function change(id: number, form: Record<string, string>): Promise<Response> {
  const body = new URLSearchParams(form)
  return fetch(`${servers[0]?.web.url}/flights/${id}`, { method: 'POST', body, redirect: 'manual' })
}

/** What a page says at its foot of how it was answered. */
function foot(page: string): { state: string | undefined; queries: number } {
  return {
    state: /class="state (\w+)"/.exec(page)?.[1],
    queries: Number(/Database queries<\/dt>\s*<dd>(\d+)/.exec(page)?.[1]),
  }
}

/** The row of a flight on a board, its texts in one line. */
function row(page: string, id: number): string {
  const markup = new RegExp(`<tr id="flight-${id}"[^>]*>(.*?)</tr>`, 's').exec(page)?.[1] ?? ''
  return markup
    .replaceAll(/<[^>]*>|\s+/g, ' ')
    .replaceAll(/ +/g, ' ')
    .trim()
}

const idOn = (page: string, index: number): number =>
  Number([...page.matchAll(/<tr id="flight-(\d+)"/g)][index]?.[1])

test('a page comes from the database once, and from the cache after that', async () => {
  const path = '/airports/ORD'
  expect(foot((await get(path)).page)).toEqual({ state: 'miss', queries: 4 })
  expect(foot((await get(path)).page)).toEqual({ state: 'hit', queries: 0 })
})

test('what one server loaded, the other need not load', async () => {
  await get('/airports/DFW', 0)
  expect(foot((await get('/airports/DFW', 1)).page)).toEqual({ state: 'hit', queries: 0 })
})

test('visitors who want the same board at once share one load, on both servers', async () => {
  const before = database.queries
  const path = '/departures/DEN?day=2001-01-01'
  const pages = await Promise.all(Array.from({ length: 20 }, (_, n) => get(path, n % 2)))
  expect(pages.map(({ status }) => status)).toEqual(pages.map(() => 200))
  expect(database.queries - before).toBe(2) // the airport's name, and its departures
})

test('a flight that is changed on one server is on the board of the other at once', async () => {
  const { page } = await get(BOARD, 1)
  const id = idOn(page, 2)
  expect(row((await get(BOARD, 1)).page, id)).toBe(row(page, id))

  const heard = new Promise((resolve) => servers[1]?.cache.on('invalidate', resolve))
  const response = await change(id, { delay: '75', gate: 'Z9' })
  expect(response.status).toBe(303)
  expect(response.headers.get('location')).toContain(`changed=${id}#flight-${id}`)
  await heard

  const after = (await get(BOARD, 1)).page
  expect(row(after, id)).toMatch(/ Z9 Delayed \d\d:\d\d /)
  expect(foot(after).state).toBe('miss')
  expect((await get(`/flights/${id}`, 1)).page).toContain('value="75"')
})

test('a flight can be cancelled, and its airport counts it', async () => {
  const id = idOn((await get(BOARD)).page, 5)
  await get('/airports/ATL')
  await change(id, { delay: '0', gate: 'B1', cancelled: 'on' })
  expect(row((await get(BOARD)).page, id)).toContain('Cancelled')
  expect((await get('/airports/ATL')).page).toMatch(/Cancelled<\/dt>\s*<dd>1</)
})

test.each([
  ['a delay that is no number', { delay: 'late', gate: 'B1' }],
  ['a delay beyond a day', { delay: '9999', gate: 'B1' }],
  ['a gate that is no gate', { delay: '5', gate: '<b>' }],
  ['nothing at all', {}],
])('a change with %s is refused, and nothing is changed', async (_, form) => {
  const before = (await get(BOARD)).page
  const id = idOn(before, 0)
  expect((await change(id, form)).status).toBe(400)
  expect(row((await get(BOARD)).page, id)).toBe(row(before, id))
})

test.each(['/departures/XXX', '/airports/XXX', '/flights/99999999', '/flights/x', '/nothing'])(
  '%s is not there',
  async (path) => {
    expect((await get(path)).status).toBe(404)
  },
)

test('what a visitor searches for is text, in the page and in the query', async () => {
  const { page } = await get('/search?q=%3Cscript%3E%25')
  expect(page).toContain('“&lt;script&gt;%”')
  expect(page).not.toContain('<script')
  expect(page).toContain('There is none')
})

test('parameters that a visitor makes up lead to pages that exist, not to new entries', async () => {
  await get('/departures/ATL')
  const madeUp = await get('/departures/ATL?day=1999-99-99&from=-7')
  expect(foot(madeUp.page)).toEqual({ state: 'hit', queries: 0 })
  expect(madeUp.page).toContain('aria-current="date"')
})
