import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/base/clock.js'
import { systemClock } from '../../src/base/clock.js'
import { Deadlines } from '../../src/store/deadline.js'

/** Time that moves when it is told to, and counts the timers it was asked for. */
function handClock(): Clock & { advance(ms: number): void; pending(): number; started(): number } {
  let now = 0
  let started = 0
  const timers = new Set<{ at: number; task: () => void }>()
  return {
    now: () => now,
    after(ms, task) {
      const timer = { at: now + ms, task }
      started++
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance(ms) {
      const end = now + ms
      for (;;) {
        const next = [...timers].toSorted((a, b) => a.at - b.at)[0]
        if (next === undefined || next.at > end) break
        timers.delete(next)
        now = next.at
        next.task()
      }
      now = end
    },
    pending: () => timers.size,
    started: () => started,
  }
}

describe('Deadlines', () => {
  it('expires an operation after its limit and at most a tick later', () => {
    const clock = handClock()
    const deadlines = new Deadlines(clock, 250)
    let expiredAt: number | undefined
    clock.advance(3)
    deadlines.start({ expire: () => (expiredAt = clock.now()) })
    clock.advance(1_000)
    expect(expiredAt).toBeGreaterThanOrEqual(253)
    expect(expiredAt).toBeLessThanOrEqual(253 + 25)
  })

  it('never expires before the limit, wherever in a tick the operation begins', () => {
    for (let offset = 0; offset < 50; offset++) {
      const clock = handClock()
      const deadlines = new Deadlines(clock, 100)
      deadlines.start({ expire: () => {} })
      clock.advance(offset)
      const begin = clock.now()
      let expiredAt = 0
      deadlines.start({ expire: () => (expiredAt = clock.now()) })
      clock.advance(1_000)
      expect(expiredAt - begin).toBeGreaterThanOrEqual(100)
      expect(expiredAt - begin).toBeLessThanOrEqual(125)
    }
  })

  it('leaves alone what ended, in whatever order things end', () => {
    const clock = handClock()
    const deadlines = new Deadlines(clock, 100)
    const expired: number[] = []
    const started = [0, 1, 2, 3, 4].map((n) => deadlines.start({ expire: () => expired.push(n) }))
    for (const n of [2, 0, 4, 4]) started[n]!.end()
    expect(deadlines.size).toBe(2)
    clock.advance(200)
    expect(expired).toEqual([1, 3])
    expect(deadlines.size).toBe(0)
    started[1]!.end()
    expect(deadlines.size).toBe(0)
  })

  it('holds one timer for any number of operations, and none when idle', () => {
    const clock = handClock()
    const deadlines = new Deadlines(clock, 250)
    for (let n = 0; n < 1_000; n++) deadlines.start({ expire: () => {} }).end()
    expect(clock.started()).toBe(1)
    expect(clock.pending()).toBe(1)
    clock.advance(60)
    expect(clock.pending()).toBe(0)
  })

  it('expires everything at once when closed', () => {
    const clock = handClock()
    const deadlines = new Deadlines(clock, 250)
    let expired = 0
    deadlines.start({ expire: () => expired++ })
    deadlines.start({ expire: () => expired++ })
    deadlines.close()
    expect(expired).toBe(2)
    expect(clock.pending()).toBe(0)
  })

  it('tells when nothing waits any more', async () => {
    const deadlines = new Deadlines(handClock(), 250)
    await deadlines.idle()
    const started = [1, 2].map(() => deadlines.start({ expire: () => {} }))
    let idle = false
    const told = deadlines.idle().then(() => (idle = true))
    started[0]!.end()
    await new Promise((resolve) => setImmediate(resolve))
    expect(idle).toBe(false)
    started[1]!.end()
    await told
  })

  it('lets an operation that expires begin another', () => {
    const clock = handClock()
    const deadlines = new Deadlines(clock, 50)
    let again = 0
    deadlines.start({ expire: () => void deadlines.start({ expire: () => again++ }) })
    clock.advance(75)
    expect(again).toBe(0)
    clock.advance(100)
    expect(again).toBe(1)
  })

  it('counts late ticks as the time they took', () => {
    const clock = handClock()
    let late = 0
    const deadlines = new Deadlines(
      { now: () => clock.now(), after: (ms, task) => clock.after(ms + late, task) },
      250,
    )
    late = 20
    let expiredAt: number | undefined
    deadlines.start({ expire: () => (expiredAt = clock.now()) })
    clock.advance(1_000)
    expect(expiredAt).toBeGreaterThanOrEqual(250)
    expect(expiredAt).toBeLessThanOrEqual(250 + 25 + 45)
  })

  it('does not blame a server for the time this process was busy', async () => {
    const deadlines = new Deadlines(systemClock, 100)
    let expired = false
    const deadline = deadlines.start({ expire: () => (expired = true) })
    const end = performance.now() + 300
    while (performance.now() < end);
    // The sockets are read after the timers: an answer that came meanwhile is seen here.
    await new Promise((resolve) => setImmediate(resolve))
    expect(expired).toBe(false)
    deadline.end()
    deadlines.close()
  })
})
