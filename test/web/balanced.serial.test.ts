/** Two servers of an application, as processes, behind a real nginx (round robin), with one Redis: they behave as one. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Redis } from 'ioredis'
import { startWorker, type Worker } from '../support/processes.js'
import { type RedisServer, type Server, startNginx, startRedis } from '../support/servers/index.js'
import { until } from '../support/until.js'
import type { ApplicationService } from './worker.js'

let redis: RedisServer
let database: Redis
beforeAll(async () => {
  redis = await startRedis()
  database = new Redis(redis.url)
})
afterAll(async () => {
  database.disconnect()
  await redis[Symbol.asyncDispose]()
})

let namespaces = 0

describe.each(['express', 'fastify'] as const)('two servers of %s behind nginx', (kind) => {
  let workers: Worker<ApplicationService>[]
  let ports: number[]
  let nginx: Server
  beforeAll(async () => {
    const file = new URL('./worker.ts', import.meta.url)
    const start = () => startWorker<ApplicationService>(file)
    workers = await Promise.all([start(), start()])
  })
  afterAll(async () => {
    for (const worker of workers) await worker.kill()
  })
  beforeEach(async () => {
    await database.flushall()
    await database.hset('articles', { 1: 'Storm', 2: 'Sun' })
    const namespace = `web${++namespaces}`
    ports = await Promise.all(workers.map(({ call }) => call.start(kind, redis.url, namespace)))
    nginx = await startNginx({ upstreams: ports })
  })
  afterEach(async () => {
    await nginx[Symbol.asyncDispose]()
  })

  /** A browser, as far as it counts: the cookie it has. */
  class Visitor {
    cookie = ''
    readonly met: string[] = []

    async ask(path: string, method = 'GET'): Promise<{ body: string; headers: Headers }> {
      const response = await fetch(nginx.url + path, { method, headers: { cookie: this.cookie } })
      const body = (await response.text()).replaceAll(/\s*\n\s*/g, '')
      expect([path, response.status, body]).toEqual([path, 200, body])
      const [set] = response.headers.getSetCookie()
      if (set !== undefined) this.cookie = set.split(';')[0]!
      this.met.push(response.headers.get('x-upstream')!)
      return { body, headers: response.headers }
    }

    async get(path: string): Promise<string> {
      return (await this.ask(path)).body
    }

    post(path: string): Promise<unknown> {
      return this.ask(path, 'POST')
    }
  }

  const news = (greeting: string, ...articles: string[]): string =>
    `<h1>${greeting}</h1><ul>${articles.map((each) => `<li>${each}</li>`).join('')}</ul>`

  it('share sessions, from request to request', async () => {
    const [ada, bob] = [new Visitor(), new Visitor()]
    await ada.post('/login?user=ada')
    await bob.post('/login?user=bob')
    for (let n = 0; n < 8; n++) {
      await ada.post(`/basket?item=${n}`)
      const basket = JSON.parse(await ada.get('/me')) as object
      expect(Object.keys(basket)).toHaveLength(n + 2)
    }
    expect(JSON.parse(await bob.get('/me'))).toEqual({ user: 'bob' })
    for (const port of ports) expect(ada.met).toContain(`127.0.0.1:${port}`)
  })

  it('lose no change of requests that run at once, and none comes back after a log-out', async () => {
    const ada = new Visitor()
    await ada.post('/login?user=ada')
    await Promise.all([1, 2, 3, 4, 5, 6].map((n) => ada.post(`/basket?item=${n}&ms=${n * 10}`)))
    expect(Object.keys(JSON.parse(await ada.get('/me')) as object)).toHaveLength(7)
    await database.set('slow', 0)
    const before = ada.cookie
    const late = [8, 9].map((n) => ada.post(`/basket?item=${n}&ms=300`))
    await until('both run', async () => (await database.get('slow')) === '2')
    await ada.post('/logout')
    await Promise.all(late)
    ada.cookie = before
    for (let n = 0; n < 4; n++) expect(JSON.parse(await ada.get('/me'))).toEqual({})
  })

  it('make a page once, greet each visitor, and render anew what has changed and no more', async () => {
    const [ada, bob] = [new Visitor(), new Visitor()]
    await ada.post('/login?user=ada')
    await bob.post('/login?user=bob')
    const all = await Promise.all([ada, bob, ada, bob].map((visitor) => visitor.get('/news')))
    expect(all.toSorted()).toEqual([
      news('ada', 'Storm', 'Sun'),
      news('ada', 'Storm', 'Sun'),
      news('bob', 'Storm', 'Sun'),
      news('bob', 'Storm', 'Sun'),
    ])
    expect(await database.get('runs')).toBe('1')
    await ada.post('/article?id=2&text=Rain')
    await until('both servers have heard of it', async () => {
      const seen = [await bob.get('/news'), await bob.get('/news')]
      return seen.every((body) => body === news('bob', 'Storm', 'Rain'))
    })
    expect(await ada.get('/news')).toBe(news('ada', 'Storm', 'Rain'))
    expect(await database.get('runs')).toBe('2')
    expect(await database.hgetall('rendered')).toEqual({ 1: '1', 2: '2' })
    const { headers } = await ada.ask('/news')
    expect([headers.get('cache-control'), headers.get('etag')]).toEqual(['private, no-cache', null])
  })

  // The last one: the killed server stays so.
  it('lose nothing when one of them is killed', async () => {
    const ada = new Visitor()
    await ada.post('/login?user=ada')
    await ada.post('/basket?item=1')
    await ada.get('/news')
    await ada.get('/news')
    const [first, second] = ports
    const running = [1, 2, 3, 4].map((n) =>
      ada.get(`/me?n=${n}`).catch(() => 'lost with its server'),
    )
    await workers[0]!.kill()
    await Promise.all(running)
    ada.met.length = 0
    for (let n = 0; n < 6; n++) {
      expect(JSON.parse(await ada.get('/me'))).toMatchObject({ user: 'ada', 'item-1': 1 })
      expect(await ada.get('/news')).toBe(news('ada', 'Storm', 'Sun'))
    }
    expect(await database.get('runs')).toBe('1')
    expect(ada.met.every((server) => server.endsWith(`127.0.0.1:${second}`))).toBe(true)
    expect(ada.met.some((server) => server.startsWith(`127.0.0.1:${first},`))).toBe(true)
    await ada.post('/article?id=1&text=Calm')
    expect(await ada.get('/news')).toBe(news('ada', 'Calm', 'Sun'))
    await ada.post('/logout')
    expect(JSON.parse(await ada.get('/me'))).toEqual({})
  })
})
