import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorker } from '../support/processes.js'
import { startProxy, type Proxy } from '../support/proxy.js'
import { type RedisServer, startRedis } from '../support/servers/index.js'
import type { ExitService } from './exit.worker.js'

const worker = () => startWorker<ExitService>(new URL('./exit.worker.ts', import.meta.url))

describe('a process that closed its store ends by itself and says nothing,', () => {
  let server: RedisServer
  let proxy: Proxy
  beforeAll(async () => {
    server = await startRedis()
    proxy = await startProxy(server)
  })
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  test('after work', async () => {
    await using process = await worker()
    await process.call.use(server.url, 'close', 'works')
    await process.call.use(server.url, 'close at once', 'works')
    await process.leave()
    expect(process.log()).toBe('')
  })

  test('while its server is not there', async () => {
    await proxy.refuse()
    await using process = await worker()
    const url = `redis://127.0.0.1:${proxy.port}`
    await process.call.use(url, 'close', 'fails')
    await process.call.use(url, 'close at once', 'fails')
    await process.leave()
    expect(process.log()).toBe('')
  })

  test('while its server answers nothing', async () => {
    await proxy.blackhole()
    await using process = await worker()
    const url = `redis://127.0.0.1:${proxy.port}`
    await process.call.use(url, 'close', 'fails')
    await process.call.use(url, 'close at once', 'fails')
    await process.leave()
    expect(process.log()).toBe('')
    await proxy.pass()
  })

  test('and leaves alone the client that it was lent', async () => {
    await using process = await worker()
    expect(await process.call.lend(server.url)).toBe('PONG 0')
    await process.leave()
    expect(process.log()).toBe('')
  })
})
