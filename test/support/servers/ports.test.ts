import { afterEach, expect, test, vi } from 'vitest'
import { startWorker } from '../processes.js'
import { freePort, isFree } from './ports.js'
import type { PortService } from './ports.worker.js'

afterEach(() => void vi.restoreAllMocks())

/** Has the next search begin at this port. */
const beginAt = (port: number) =>
  vi.spyOn(Math, 'random').mockReturnValueOnce((port - 20_000 + 0.5) / 12_000)

test('a port is given once, though nothing listens on it yet', async () => {
  const one = await freePort()
  expect(await isFree(one)).toBe(true)
  beginAt(one)
  expect(await freePort()).not.toBe(one)
})

test('a port that a process was given is given to no other while it lives', async () => {
  await using worker = await startWorker<PortService>(new URL('./ports.worker.ts', import.meta.url))
  const theirs = await worker.call.take()
  expect(await isFree(theirs)).toBe(true)
  beginAt(theirs)
  expect(await freePort()).not.toBe(theirs)
  await worker.kill()
  beginAt(theirs)
  expect(await freePort()).toBe(theirs)
})
