import { startWorker } from '../../test/support/processes.js'
import { hire } from '../lib/crew.js'
import type { CpuProfile } from '../lib/flame.js'
import { LAYER_NAMES, sharesByLayer } from '../lib/layers.js'
import type { Bench, Scenario, TimedScenario } from '../lib/scenario.js'
import { time } from '../lib/turns.js'
import type { StepsService } from '../steps/worker.js'
import { memoryFill, promotion, redisFill } from './fill.js'
import { memoryHit } from './memory-hit.js'
import { redisHit, redisHits } from './redis-hit.js'

const FILE = new URL('../steps/worker.ts', import.meta.url)
const PROFILED: readonly (readonly [title: string, scenario: TimedScenario])[] = [
  ['memory, hit', memoryHit],
  ['memory, miss and fill', memoryFill],
  ['Redis, hit', redisHit],
  ['Redis, 100 hits at once', redisHits],
  ['Redis, miss and fill', redisFill],
  ['promotion to memory', promotion],
]
const SECONDS = 1

interface Profiled {
  readonly title: string
  readonly cpuNs: number
  readonly shares: ReadonlyMap<string, number>
}

export const steps: Scenario = {
  kind: 'other',
  name: 'steps',
  asks: 'Where does the time of a hit, a miss, a fill and a promotion go?',
  async run(bench) {
    const all: Profiled[] = []
    for (const [title, scenario] of bench.isQuick ? PROFILED.slice(0, 1) : PROFILED) {
      const { place } = scenario.entrants[0]!
      const reason = bench.servers.missing(place)
      if (reason === undefined) all.push(await profile(title, scenario, bench))
      else bench.leaveOut(`steps: ${title}`, reason)
    }
    await using worker = await startWorker<StepsService>(FILE)
    const names = await worker.call.names()
    const alone: { readonly name: string; readonly ns: number }[] = []
    for (const name of bench.isQuick ? names.slice(0, 2) : names) {
      alone.push({ name, ns: await worker.call.time(name) })
    }
    const seen = LAYER_NAMES.filter((layer) => all.some(({ shares }) => shares.has(layer)))
    return {
      columns: all.map(({ title }) => title),
      rows: [
        {
          name: 'all of it',
          cells: all.map(({ cpuNs }) => time(cpuNs)),
          plotted: undefined,
        },
        ...seen.map((layer) => ({
          name: layer,
          cells: all.map(({ cpuNs, shares }) => {
            const share = shares.get(layer) ?? 0
            return share < 0.005 ? '–' : `${time(share * cpuNs)} (${(100 * share).toFixed(0)} %)`
          }),
          plotted: undefined,
        })),
      ],
      plots: 'ns',
      verdicts: [],
      parts: [
        {
          title: 'Steps, each alone in a loop',
          columns: ['CPU time'],
          rows: alone.map(({ name, ns }) => ({ name, cells: [time(ns)] })),
        },
      ],
      claims: [],
      data: {
        profiles: all.map(({ title, cpuNs, shares }) => ({
          title,
          cpuNs,
          shares: Object.fromEntries(shares),
        })),
        alone,
      },
      notes: [
        'CPU time of the process for one operation, and how a profile (a sample each 100 µs) divides it: the time in a layer itself, without what it calls in others. V8’s compiler and garbage collection on other threads are divided in the same proportion.',
        '`npm run bench -- <name> --profile` draws the flame graph of one, function by function.',
      ],
    }
  },
}

/** What one operation of ours costs once it is warm, and how a profile divides that. */
async function profile(title: string, scenario: TimedScenario, bench: Bench): Promise<Profiled> {
  const { callers, keys, batch = 1, isCold = false, maxEntries = 2 * keys } = scenario
  const member = await hire(bench, scenario.entrants[0]!, { callers, maxEntries })
  try {
    const { call } = member.worker
    const work = { keys, callers, batch, isCold }
    await call.fill(keys)
    await call.round(work, bench.isQuick ? callers : 12_000)
    const { ns } = await call.round(work, bench.isQuick ? callers : 2_000)
    const operations = bench.isQuick ? callers : Math.ceil((SECONDS * 1e9) / ns)
    const { cpuNs } = await call.round(work, operations)
    await call.profileStart()
    await call.round(work, operations)
    const shares = sharesByLayer((await call.profileStop()) as CpuProfile)
    return { title, cpuNs, shares }
  } finally {
    await member.worker.kill()
  }
}
