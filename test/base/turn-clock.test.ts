import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { systemClock, type Clock } from '../../src/base/clock.js'
import { isAhead } from '../../src/base/turn-clock.js'

afterEach(() => {
  vi.useRealTimers()
})

/** Makes this turn one that asks often, so that answers come from one reading. */
function askOften(): void {
  for (let n = 0; n < 1_000; n++) isAhead(systemClock, Infinity)
}

/** Works without asking. */
function work(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

test('is exact by any clock but the system’s', () => {
  let now = 1_000
  const clock: Clock = { now: () => now, after: () => () => {} }
  for (let n = 0; n < 100; n++) {
    expect(isAhead(clock, now + 1)).toBe(true)
    now++
    expect(isAhead(clock, now)).toBe(false)
  }
})

test.each([20, 300])('time goes on for who asks again and again in one turn (%i ms)', (ms) => {
  const end = Date.now() + ms
  askOften()
  let wrong = 0
  for (;;) {
    const isOver = Date.now() >= end
    if (!isAhead(systemClock, end)) break
    if (isOver) wrong++
  }
  expect(Date.now()).toBeGreaterThanOrEqual(end)
  // One reading is good for no more answers than that, however long the machine lets this process wait.
  expect(wrong).toBeLessThanOrEqual(32)
})

test('what ends soon is asked of the clock itself', () => {
  askOften()
  const end = Date.now() + 50
  work(51)
  expect(isAhead(systemClock, end)).toBe(false)
})

test('a turn does not know the time of the one before', async () => {
  askOften()
  const end = Date.now() + 150
  work(151)
  await turn()
  expect(isAhead(systemClock, end)).toBe(false)
})

test('a few answers in a turn do not make it blind', () => {
  askOften()
  const end = Date.now() + 150
  work(151)
  const answers = Array.from({ length: 33 }, () => isAhead(systemClock, end))
  expect(answers.at(-1)).toBe(false)
})

test('time that tests move is seen at once', () => {
  askOften()
  const end = Date.now() + 60_000
  expect(isAhead(systemClock, end)).toBe(true)
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(end)
  expect(isAhead(systemClock, end)).toBe(false)
  vi.useRealTimers()
  expect(isAhead(systemClock, end)).toBe(true)
})
