import { focused, hire } from '../lib/crew.js'
import type { Bench, Outcome, Row, Scenario } from '../lib/scenario.js'
import { IN_MEMORY } from './entrants.js'

const FLOOR = 'lru-cache'

/** The first collections of a young heap would be counted; a large nursery keeps them away. */
const NODE_ARGS = ['--expose-gc', '--max-semi-space-size=256', '--min-semi-space-size=256']

export const heap: Scenario = {
  kind: 'other',
  name: 'heap-per-entry',
  asks: 'How much heap does an entry of 200 bytes take?',
  run: (bench) =>
    measure(bench, {
      floor: FLOOR,
      unit: 'bytes per entry',
      target: 1.25,
      of: (call) => call.heap(bench.isQuick ? 20_000 : 50_000),
      // The default of `memoryStore`.
      maxEntries: 100_000,
    }),
}

export const allocations: Scenario = {
  kind: 'other',
  name: 'allocations-per-hit',
  asks: 'How much does an answer from process memory allocate?',
  run: (bench) => measureReads(bench, false),
}

export const fillAllocations: Scenario = {
  kind: 'other',
  name: 'allocations-per-fill',
  asks: 'How much does a miss allocate that is loaded and kept in process memory, others leaving for it?',
  run: (bench) => measureReads(bench, true),
}

function measureReads(bench: Bench, isCold: boolean): Promise<Outcome> {
  return measure(bench, {
    floor: FLOOR,
    unit: 'bytes per read',
    target: undefined,
    async of(call) {
      await call.fill(1_000)
      const work = { keys: 1_000, callers: 1, batch: 1, isCold }
      await call.round(work, bench.isQuick ? 1_000 : 50_000)
      // So few that nobody's misses fill the nursery.
      return call.allocations(work, bench.isQuick ? 1_000 : 5_000)
    },
    maxEntries: 2_000,
  })
}

type Call = Awaited<ReturnType<typeof hire>>['worker']['call']

async function measure(
  bench: Bench,
  question: {
    readonly floor: string
    readonly unit: string
    readonly target: number | undefined
    readonly of: (call: Call) => Promise<number>
    readonly maxEntries: number
  },
): Promise<Outcome> {
  const { floor, unit, target, of, maxEntries } = question
  const found: { readonly name: string; readonly bytes: number }[] = []
  for (const entrant of focused(IN_MEMORY, bench)) {
    const member = await hire(bench, entrant, { callers: 1, maxEntries }, NODE_ARGS)
    try {
      found.push({ name: member.name, bytes: await of(member.worker.call) })
    } finally {
      await member.worker.kill()
    }
  }
  const base = found.find(({ name }) => name === floor)!.bytes
  return {
    columns: [unit, `to ${floor}`],
    rows: found.map(({ name, bytes }): Row => {
      const ratio = bytes / base
      return { name, cells: [bytes.toFixed(0), ratio.toFixed(2)], plotted: ratio }
    }),
    plots: `${unit}, as a multiple of ${floor}`,
    verdicts: [
      {
        ours: found[0]!.bytes / base,
        target: target === undefined ? undefined : { atMost: target, unit: 'ratio' },
      },
    ],
    claims: [],
    data: found,
  }
}
