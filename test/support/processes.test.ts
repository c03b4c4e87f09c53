import { expect, test } from 'vitest'
import type { EchoService } from './fixtures/worker.js'
import { startWorker } from './processes.js'

const WORKER = new URL('./fixtures/worker.ts', import.meta.url)
const start = () => startWorker<EchoService>(WORKER)

test('calls functions in another process, several at once', async () => {
  await using worker = await start()
  const value = { date: new Date(0), map: new Map([[1, Buffer.from('x')]]), big: 1n }
  expect(await worker.call.echo(value)).toMatchObject({ date: new Date(0), big: 1n })
  const waiting = worker.call.waitForRelease()
  expect(await worker.call.add(1, 2)).toBe(3)
  await worker.call.release('go')
  expect(await waiting).toBe('go')
  expect(worker.pid).not.toBe(process.pid)
})

test('rejects with what the function threw', async () => {
  await using worker = await start()
  await expect(worker.call.fail()).rejects.toThrow(new TypeError('as asked'))
  await expect((worker.call as never as { nothing(): unknown }).nothing()).rejects.toThrow(
    'nothing',
  )
})

test('rejects calls of a worker that is killed', async () => {
  await using worker = await start()
  const call = worker.call.never()
  await Promise.all([expect(call).rejects.toThrow('gone'), worker.kill()])
  await expect(worker.call.add(1, 2)).rejects.toThrow('gone')
  expect(worker.running).toBe(false)
})

test('ends by itself when let go, unless it holds something open', async () => {
  await using idle = await start()
  await idle.leave()
  await using busy = await start()
  await busy.call.keepOpen()
  await expect(busy.leave(300)).rejects.toThrow('did not end by itself')
})

test('shows what the worker printed, and why it did not start', async () => {
  await using worker = await start()
  await worker.call.print('hello')
  expect(worker.log()).toBe('hello\n')
  await expect(startWorker(new URL('./fixtures/missing.ts', import.meta.url))).rejects.toThrow(
    'missing.ts',
  )
})

test('is paused and resumed', async () => {
  await using worker = await start()
  worker.pause()
  const call = worker.call.add(1, 2)
  const first = await Promise.race([
    call,
    new Promise((resolve) => setTimeout(resolve, 80, 'silence')),
  ])
  expect(first).toBe('silence')
  worker.resume()
  expect(await call).toBe(3)
})
