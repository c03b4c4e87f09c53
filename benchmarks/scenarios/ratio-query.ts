import type { Scenario } from '../lib/scenario.js'
import { GRAINS, simulate, type Simulated } from '../ratio/queries.js'

const WRITES = [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2] as const

export const ratioQuery: Scenario = {
  kind: 'other',
  name: 'ratio-query',
  asks: 'How many queries does the cache answer, by tags of tables, rows and partitions, while others write?',
  async run({ isQuick }) {
    const all: Simulated[] = []
    for (const writes of isQuick ? [0.01, 0.2] : WRITES) {
      for (const grain of GRAINS) all.push(await simulate(grain, writes, isQuick ? 4_000 : 30_000))
    }
    const shares = [...new Set(all.map(({ writes }) => writes))]
    const find = (writes: number, grain: string): Simulated =>
      all.find((one) => one.writes === writes && one.grain === grain)!
    const isOrdered = shares.every(
      (writes) =>
        find(writes, 'table').hitRatio <= find(writes, 'row').hitRatio &&
        find(writes, 'row').hitRatio <= find(writes, 'partition').hitRatio,
    )
    const stale = all.reduce((sum, one) => sum + one.stale, 0)
    return {
      columns: [
        ...GRAINS.map((grain) => `${grain} tags`),
        'of these by key',
        'by organisation',
        'reports',
      ],
      rows: shares.map((writes) => {
        const { byKey, byOrganisation, reports } = find(writes, 'partition')
        return {
          name: `${writes * 100} % writes`,
          cells: [
            ...GRAINS.map((grain) => percent(find(writes, grain).hitRatio)),
            percent(byKey),
            percent(byOrganisation),
            percent(reports),
          ],
          plotted: undefined,
        }
      }),
      plots: 'hits in 100 reads',
      verdicts: [],
      curves: [
        {
          file: 'ratio-query',
          title: 'Hits in 100 queries while others write',
          x: 'writes in 100 statements',
          y: 'hits in 100 reads',
          logarithmic: 'x',
          curves: GRAINS.map((grain) => ({
            name: `${grain} tags`,
            points: shares.map(
              (writes) => [writes * 100, find(writes, grain).hitRatio * 100] as const,
            ),
          })),
        },
      ],
      claims: [
        { claim: `no answer is stale (${stale})`, holds: stale === 0 },
        { claim: 'finer tags never answer less', holds: isOrdered },
      ],
      data: all,
      notes: [
        'Simulated, so the same on every machine: one table of 5,000 orders of 200 organisations; 60 % of the reads are of one order by its key, 30 % of the orders of one organisation, 10 % of one of 50 reports over all; 80 % of the writes change a row, 15 % insert one, 5 % delete one; zipf popularity (0.9), no ttl, memory for all; 30,000 statements, of which the first third is not counted.',
        'Partition tags include row tags, and the last three columns are theirs. A report over the whole table is invalidated by each write, whatever the tags: give such queries a ttl and a grace, or leave them out.',
      ],
    }
  },
}

const percent = (ratio: number): string => `${(ratio * 100).toFixed(1)} %`
