import { startWorker, type Worker } from '../../test/support/processes.js'
import type { GrowthService } from '../growth/worker.js'
import type { Claim, Row, Scenario } from '../lib/scenario.js'
import { LeftOut } from '../lib/servers.js'
import { spreadOf } from '../lib/statistics.js'
import { cpuSeconds } from '../web/cpu.js'

const FILE = new URL('../growth/worker.ts', import.meta.url)
const COUNTS = [1, 4, 16, 64] as const
const KEYS = 500
const READ_MS = 1_000
const CALLERS = 256
const TRIES = 5

interface Found {
  readonly processes: number
  /** Of Redis, per read, µs. */
  readonly serverUs: number
  readonly readsPerSecond: number
  readonly loads: number
  readonly coldMs: number
  readonly invalidateMs: number
  readonly heardMs: number
}

export const growthProcesses: Scenario = {
  kind: 'other',
  name: 'growth-processes',
  asks: 'What do one to 64 processes on one Redis cost each other?',
  async run({ isQuick, servers }) {
    const reason = servers.missing('redis')
    if (reason !== undefined) throw new LeftOut(reason)
    const redis = await servers.redis()
    const far: Worker<GrowthService>[] = []
    const found: Found[] = []
    const claims: Claim[] = []
    try {
      for (const processes of isQuick ? [1, 4] : COUNTS) {
        const more = processes - far.length
        const news = await Promise.all(
          Array.from({ length: more }, () => startWorker<GrowthService>(FILE)),
        )
        await Promise.all(news.map(({ call }) => call.openBoth(redis.url, 'growth-processes')))
        far.push(...news)
        await far[0]!.call.fill(KEYS)
        const callers = Math.max(1, Math.round(CALLERS / processes))
        // Everyone is connected and warm before it counts.
        await Promise.all(far.map(({ call }) => call.read(200, callers, KEYS)))
        const before = cpuSeconds([redis.pid]) ?? Number.NaN
        const start = performance.now()
        const reads = await Promise.all(
          far.map(({ call }) => call.read(isQuick ? 50 : READ_MS, callers, KEYS)),
        )
        const seconds = (performance.now() - start) / 1_000
        const busy = (cpuSeconds([redis.pid]) ?? Number.NaN) - before
        const sum = reads.reduce((all, count) => all + count, 0)
        const cold = performance.now()
        const loads = await Promise.all(
          far.map(({ call }) => call.cold(`cold:${processes}`, callers)),
        )
        const coldMs = performance.now() - cold
        const tries: Awaited<ReturnType<typeof hear>>[] = []
        for (let n = 0; n < (isQuick ? 1 : TRIES); n++) tries.push(await hear(far, n))
        found.push({
          processes,
          serverUs: (busy * 1e6) / sum,
          readsPerSecond: sum / seconds,
          loads: loads.reduce((all, count) => all + count, 0),
          coldMs,
          invalidateMs: spreadOf(tries.map(({ ms }) => ms)).median,
          heardMs: spreadOf(tries.map(({ heardMs }) => heardMs)).median,
        })
        const { loads: times } = found.at(-1)!
        claims.push({
          claim: `${processes} processes with ${callers} callers each load a cold key once (${times})`,
          holds: times === 1,
        })
        claims.push({
          claim: `${processes} processes have nothing left of an invalidated tag`,
          holds: tries.every(({ isGone }) => isGone),
        })
      }
    } finally {
      await Promise.all(far.map((worker) => worker.kill()))
    }
    return {
      columns: [
        'Redis’ CPU per read',
        'reads/s of all',
        'loads of a cold key',
        'until all have it',
        'to invalidate',
        'until nobody has it',
      ],
      rows: found.map((one): Row => ({
        name: `${one.processes} processes`,
        cells: [
          `${one.serverUs.toPrecision(3)} µs`,
          one.readsPerSecond.toFixed(0),
          String(one.loads),
          `${one.coldMs.toFixed(0)} ms`,
          `${one.invalidateMs.toPrecision(3)} ms`,
          `${one.heardMs.toPrecision(3)} ms`,
        ],
        plotted: undefined,
      })),
      plots: 'ms',
      verdicts: [
        {
          says: 'Loads of a cold key that the most processes ask for at once',
          ours: found.at(-1)!.loads,
          target: { atMost: 1, unit: 'loads' },
        },
      ],
      curves: [
        {
          file: 'growth-processes',
          title: 'One to 64 processes on one Redis',
          x: 'processes',
          y: 'ms; µs of Redis’ CPU per read',
          curves: [
            { name: 'Redis’ CPU per read, µs', points: points(found, ({ serverUs }) => serverUs) },
            { name: 'cold key, until all have it', points: points(found, ({ coldMs }) => coldMs) },
            { name: 'to invalidate', points: points(found, ({ invalidateMs }) => invalidateMs) },
            { name: 'until nobody has it', points: points(found, ({ heardMs }) => heardMs) },
          ],
        },
      ],
      claims,
      data: found,
      notes: [
        `${CALLERS} callers in all, whatever the number of processes; the source of the cold key takes 50 ms.`,
        'The processes share the cores of the machine: with more processes than cores, the times until all have something grow with the number of processes that have to be woken, and reads of one tick gather less, so that Redis answers more and smaller commands.',
      ],
    }
  },
}

/** All have an entry; one invalidates it; how long until the last of them does not have it any more. */
async function hear(
  workers: readonly Worker<GrowthService>[],
  n: number,
): Promise<{ readonly ms: number; readonly heardMs: number; readonly isGone: boolean }> {
  const tag = `heard:${workers.length}:${n}`
  const told = workers.map(({ call }) => call.keepUntilHeard(tag))
  while (!(await areThere(workers, tag))) await new Promise((resolve) => setTimeout(resolve, 20))
  const { at, ms } = await workers[0]!.call.invalidateTag(tag)
  const last = Math.max(...(await Promise.all(told)))
  const gone = await Promise.all(workers.map(({ call }) => call.isGone(tag)))
  return { ms, heardMs: last - at, isGone: gone.every(Boolean) }
}

async function areThere(workers: readonly Worker<GrowthService>[], key: string): Promise<boolean> {
  const gone = await Promise.all(workers.map(({ call }) => call.isGone(key)))
  return !gone.includes(true)
}

function points(
  found: readonly Found[],
  of: (one: Found) => number,
): (readonly [number, number])[] {
  return found.map((one) => [one.processes, of(one)] as const)
}
