import { expect, test } from 'vitest'
import type { CpuProfile } from '../../benchmarks/lib/flame.js'
import { GARBAGE, sharesByLayer } from '../../benchmarks/lib/layers.js'
import { plotCurves } from '../../benchmarks/lib/curves.js'
import { inTurns, type Loop } from '../../benchmarks/lib/loops.js'
import { spreadOf } from '../../benchmarks/lib/statistics.js'
import { stateOf } from '../../benchmarks/lib/table.js'
import { simulate } from '../../benchmarks/ratio/queries.js'
import { cpuSeconds } from '../../benchmarks/web/cpu.js'

test('the CPU time of a process is what the kernel says of it', () => {
  const before = cpuSeconds([process.pid])!
  const own = process.cpuUsage()
  let sum = 0
  while (process.cpuUsage(own).user < 200_000) for (let n = 0; n < 1e6; n++) sum += Math.sqrt(n)
  expect(sum).toBeGreaterThan(0)
  const { user, system } = process.cpuUsage(own)
  const seconds = cpuSeconds([process.pid])! - before
  // Ticks of 10 ms, at both ends.
  expect(Math.abs(seconds - (user + system) / 1e6)).toBeLessThan(0.03)
})

test('the CPU time of a process that is gone is not known', () => {
  expect(cpuSeconds([2 ** 22 + 1])).toBeUndefined()
})

test('a spread is the median and the middle half', () => {
  expect(spreadOf([9, 1, 5, 3, 7])).toEqual({ low: 3, median: 5, high: 7 })
})

test('loops take turns, first one and then the other way round, and twice the work is twice the time', async () => {
  const turns: string[] = []
  const work =
    (name: string, amount: number): Loop =>
    (times) => {
      turns.push(name)
      const until = process.cpuUsage()
      const busyFor = times * amount * 1_000
      for (;;) {
        const { user, system } = process.cpuUsage(until)
        if (user + system >= busyFor) return
      }
    }
  const looking = { rounds: 4, roundMs: 4, clock: 'cpu' } as const
  const [once, twice] = await inTurns([work('a', 1), work('b', 2)], looking)
  expect(turns.slice(-8).join('')).toBe('abbaabba')
  expect(spreadOf(twice!).median / spreadOf(once!).median).toBeCloseTo(2, 0)
})

test('a target is reached from above or from below, and by its very number', () => {
  expect(stateOf(1.5, { atMost: 1.5, unit: 'ratio' })).toBe('reached')
  expect(stateOf(1.51, { atMost: 1.5, unit: 'ratio' })).toBe('missed')
  expect(stateOf(4, { atLeast: 4, unit: 'times' })).toBe('reached')
  expect(stateOf(3.99, { atLeast: 4, unit: 'times' })).toBe('missed')
})

test('a profile is divided by layers, without the time in which nothing was done', () => {
  const frame = (functionName: string, url: string) => ({
    callFrame: { functionName, url, lineNumber: 1 },
  })
  const profile: CpuProfile = {
    nodes: [
      { id: 1, ...frame('getOrSet', 'file:///k/src/cache/cache.ts') },
      { id: 2, ...frame('read', 'file:///k/adapters/redis/reads.ts') },
      { id: 3, ...frame('(garbage collector)', '') },
      { id: 4, ...frame('(idle)', '') },
    ],
    samples: [1, 2, 3, 4, 1],
    timeDeltas: [100, 50, 50, 1_000, 50],
  }
  const shares = sharesByLayer(profile)
  expect(shares.get('engine (src/cache)')).toBeCloseTo(0.6)
  expect(shares.get('Redis store (adapters/redis)')).toBeCloseTo(0.2)
  expect(shares.get(GARBAGE)).toBeCloseTo(0.2)
})

test('a curve is drawn from the least to the most, by powers of ten', () => {
  const svg = plotCurves({
    file: 'x',
    title: 'a & b',
    x: 'entries',
    y: 'ns',
    curves: [
      {
        name: 'one',
        points: [
          [1, 10],
          [1_000, 1_000],
        ],
      },
    ],
  })
  expect(svg).toContain('<polyline points="76.0,308.0 450.0,52.0"')
  expect(svg).toContain('a &amp; b')
})

test('the simulation of queries sees no stale answer, and finer tags keep more', async () => {
  const table = await simulate('table', 0.05, 3_000)
  const row = await simulate('row', 0.05, 3_000)
  const partition = await simulate('partition', 0.05, 3_000)
  expect(table.stale + row.stale + partition.stale).toBe(0)
  expect(row.hitRatio).toBeGreaterThan(table.hitRatio)
  expect(partition.hitRatio).toBeGreaterThan(row.hitRatio)
})
