import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { awakeMs } from './awake.js'
import { startProxy, type Proxy } from './proxy.js'
import { startRedis } from './servers/index.js'

/** A server that answers each line with the same line and says which ones it got. */
async function startEcho(): Promise<{ port: number; lines: string[] }> {
  const lines: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      lines.push(...String(chunk).split('\n').filter(Boolean))
      socket.write(chunk)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { port: (server.address() as { port: number }).port, lines }
}

interface Client {
  readonly socket: Socket
  received: string
  /** What happened to the connection: the code of an error, `end`, or nothing yet. */
  outcome: string
}

async function connectTo(proxy: Proxy): Promise<Client> {
  const socket = connect(proxy.port, proxy.host)
  onTestFinished(() => void socket.destroy())
  const client: Client = { socket, received: '', outcome: '' }
  socket.on('data', (chunk) => (client.received += String(chunk)))
  socket.on('error', (error: NodeJS.ErrnoException) => (client.outcome = error.code ?? '?'))
  socket.on('end', () => (client.outcome ||= 'end'))
  await once(socket, 'connect')
  return client
}

const quiet = () => new Promise((resolve) => setTimeout(resolve, 60))

test('carries bytes both ways and counts them', async () => {
  const echo = await startEcho()
  await using proxy = await startProxy(echo)
  const client = await connectTo(proxy)
  client.socket.write('hello\n')
  await expect.poll(() => client.received).toBe('hello\n')
  expect(proxy.counts).toEqual({ accepted: 1, open: 1, requestBytes: 6, answerBytes: 6 })
  client.socket.end()
  await expect.poll(() => proxy.counts.open).toBe(0)
})

test('a black hole accepts, answers nothing, and delivers requests later even of a client that left', async () => {
  const echo = await startEcho()
  await using proxy = await startProxy(echo)
  const before = await connectTo(proxy)
  await proxy.blackhole()
  const during = await connectTo(proxy)
  before.socket.write('one\n')
  during.socket.write('two\n')
  before.socket.destroy()
  await quiet()
  expect(echo.lines).toEqual([])
  expect([before.received, during.received, during.outcome]).toEqual(['', '', ''])
  await proxy.pass()
  await expect.poll(() => during.received).toBe('two\n')
  expect(echo.lines.toSorted()).toEqual(['one', 'two'])
})

test('held answers wait while their requests are carried out', async () => {
  const echo = await startEcho()
  await using proxy = await startProxy(echo)
  const client = await connectTo(proxy)
  await proxy.holdAnswers()
  client.socket.write('one\n')
  await expect.poll(() => echo.lines).toEqual(['one'])
  await quiet()
  expect(client.received).toBe('')
  await proxy.pass()
  await expect.poll(() => client.received).toBe('one\n')
})

test('a delay holds each answer that long and keeps their order', async () => {
  const echo = await startEcho()
  await using proxy = await startProxy(echo)
  const client = await connectTo(proxy)
  await proxy.delay(100)
  const [asked, askedAwake] = [performance.now(), awakeMs()]
  client.socket.write('one\n')
  await expect.poll(() => echo.lines.length).toBe(1)
  client.socket.write('two\n')
  await expect.poll(() => client.received, { interval: 5 }).toBe('one\ntwo\n')
  expect(performance.now() - asked).toBeGreaterThanOrEqual(100)
  expect(awakeMs() - askedAwake).toBeLessThan(190) // both on their way at once, not one after the other
})

test('drops what comes after n bytes, and resets such a connection afterwards', async () => {
  const echo = await startEcho()
  await using proxy = await startProxy(echo)
  const client = await connectTo(proxy)
  await proxy.drop(3)
  client.socket.write('hello\n')
  await expect.poll(() => client.received).toBe('hel')
  await quiet()
  expect([client.received, client.outcome]).toEqual(['hel', ''])
  await proxy.pass()
  await expect.poll(() => client.outcome).toBe('ECONNRESET')
})

test('resets in the middle of an answer', async () => {
  const echo = await startEcho()
  await using proxy = await startProxy(echo)
  const client = await connectTo(proxy)
  await proxy.reset(3)
  client.socket.write('hello\n')
  await expect.poll(() => client.outcome).toBe('ECONNRESET')
  expect(client.received).toBe('hel')
})

test('refuses, and takes connections again', async () => {
  const echo = await startEcho()
  await using proxy = await startProxy(echo)
  const client = await connectTo(proxy)
  await proxy.refuse()
  await expect.poll(() => client.outcome).toBe('ECONNRESET')
  await expect(connectTo(proxy)).rejects.toThrow('ECONNREFUSED')
  await proxy.pass()
  const again = await connectTo(proxy)
  again.socket.write('one\n')
  await expect.poll(() => again.received).toBe('one\n')
})

test('stands in front of a server that is killed and comes back', async () => {
  await using redis = await startRedis()
  await using proxy = await startProxy(redis)
  const client = await connectTo(proxy)
  client.socket.write('PING\r\n')
  await expect.poll(() => client.received).toBe('+PONG\r\n')
  await redis.kill()
  await expect.poll(() => client.outcome).toMatch(/end|ECONNRESET/)
  await redis.restart()
  const again = await connectTo(proxy)
  again.socket.write('PING\r\n')
  await expect.poll(() => again.received).toBe('+PONG\r\n')
})
