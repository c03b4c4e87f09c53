import { startWorker } from '../../test/support/processes.js'
import type { EntriesRow, Pair } from '../growth/entries.js'
import type { GrowthService } from '../growth/worker.js'
import type { Curves } from '../lib/curves.js'
import type { Row, Scenario } from '../lib/scenario.js'

const FILE = new URL('../growth/worker.ts', import.meta.url)
const COUNTS = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000] as const

export const growthEntries: Scenario = {
  kind: 'other',
  name: 'growth-entries',
  asks: 'What does the memory store cost from one entry to a million?',
  async run({ isQuick }) {
    await using worker = await startWorker<GrowthService>(FILE, {
      nodeArgs: ['--max-old-space-size=8192'],
    })
    const counts = COUNTS.slice(0, isQuick ? 2 : COUNTS.length)
    // The first is slow because nothing is compiled yet.
    if (!isQuick) await worker.call.entries(1_000)
    const all: EntriesRow[] = []
    for (const count of counts) all.push(await worker.call.entries(count))
    const last = all.at(-1)!
    return {
      columns: ['read', 'replace', 'insert', 'bytes per entry', 'longest write'],
      rows: all.map((row): Row => ({
        name: `${row.entries} entries`,
        cells: [
          ...[row.read, row.replace, row.insert].map((pair) => inPair(pair, 'ns')),
          inPair(row.heap, ''),
          inPair(row.fillPause, 'ms'),
        ],
        plotted: undefined,
      })),
      plots: 'ns',
      verdicts: [
        {
          says: 'Time of a read from a million entries, beside lru-cache itself',
          ours: last.read.ours / last.read.floor,
        },
      ],
      curves: [
        timesOf('growth-entries', 'One to a million entries in memory', all, [
          ['read', ({ read }) => read],
          ['replace', ({ replace }) => replace],
          ['insert', ({ insert }) => insert],
        ]),
      ],
      claims: [],
      data: all,
      notes: [
        'Each cell is the memory store, then lru-cache itself, in the same run and process. Inserts make another entry leave.',
        'Time grows for both, because memory does: a million entries do not fit into the processor’s caches.',
        'The longest write while a store fills is V8 copying a Map that is full, at each power of two. lru-cache has it too.',
      ],
    }
  },
}

function timesOf(
  file: string,
  title: string,
  rows: readonly EntriesRow[],
  kinds: readonly (readonly [string, (row: EntriesRow) => Pair])[],
): Curves {
  const curves = kinds.flatMap(([name, of]) => [
    { name, points: rows.map((row) => [row.entries, of(row).ours] as const) },
    {
      name: `${name}, lru-cache`,
      points: rows.map((row) => [row.entries, of(row).floor] as const),
    },
  ])
  return { file, title, x: 'entries', y: 'ns per operation', curves }
}

function inPair({ ours, floor }: Pair, unit: string): string {
  const [a, b] = [ours, floor].map((value) =>
    Number.isNaN(value) ? '–' : String(Number(value.toPrecision(3))),
  )
  return `${a} / ${b}${unit === '' ? '' : ` ${unit}`}`
}
