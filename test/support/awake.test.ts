import { expect, test } from 'vitest'
import { awakeMs, awakeTime } from './awake.js'
import { until } from './until.js'

test('a wait counts in full, as does computing; being kept from the processor does not', () => {
  const time = { now: 1_000, computed: 10 }
  const awake = awakeTime(
    () => time.now,
    () => time.computed,
  )
  const beat = (ms: number, computed = 0) => {
    time.now += ms
    time.computed += computed
    return awake()
  }
  for (let n = 0; n < 100; n++) beat(5)
  expect(awake()).toBe(500)
  expect(beat(300, 300)).toBe(800)
  expect(beat(300)).toBe(810)
  expect(beat(300, 40)).toBe(850)
  // Threads together compute for longer than time has passed.
  expect(beat(5, 20)).toBe(855)
})

test('beats while this process waits, and no faster than time passes', async () => {
  const [start, startAwake] = [performance.now(), awakeMs()]
  await until('it was awake for a while', () => awakeMs() - startAwake >= 200)
  expect(performance.now() - start).toBeGreaterThanOrEqual(200)
})

test('stands still while this process does', () => {
  const start = awakeMs()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
  expect(awakeMs() - start).toBeLessThan(200)
})
