import { startWorker } from '../../test/support/processes.js'
import type { PausesService, Watched } from '../growth/pauses.js'
import type { Claim, Row, Scenario } from '../lib/scenario.js'

const FILE = new URL('../growth/pauses.ts', import.meta.url)
const NODE_ARGS = ['--expose-gc', '--max-old-space-size=8192']
/** How long the event loop is watched after the last one is gone, ms: garbage is collected then. */
const SETTLE_MS = 1_500

export const growthPauses: Scenario = {
  kind: 'other',
  name: 'growth-pauses',
  asks: 'How long does a process stand still while a million entries leave its memory?',
  async run({ isQuick }) {
    const count = isQuick ? 5_000 : 1_000_000
    const settleMs = isQuick ? 50 : SETTLE_MS
    const ways: readonly [string, (call: Call) => Promise<Watched>][] = [
      ['keepfresh, all expire', (call) => call.expire(count, settleMs)],
      ['keepfresh, clear()', (call) => call.clear(count, settleMs)],
      ['lru-cache, purgeStale()', (call) => call.floor(count, 'expire')],
      ['lru-cache, clear()', (call) => call.floor(count, 'clear')],
    ]
    const rows: Row[] = []
    const claims: Claim[] = []
    const data: object[] = []
    let most = 0
    for (const [name, way] of isQuick ? ways.slice(0, 2) : ways) {
      await using worker = await startWorker<PausesService>(FILE, { nodeArgs: NODE_ARGS })
      const watched = await way(worker.call)
      const { longestMs, busyMs, untilGoneMs, turns, left } = watched
      rows.push({
        name,
        cells: [ms(busyMs), ms(longestMs), `${untilGoneMs.toFixed(0)} ms`, String(turns)],
        plotted: busyMs,
      })
      claims.push({ claim: `${name}: none of ${count} is left`, holds: left === 0 })
      if (name.startsWith('keepfresh')) most = Math.max(most, busyMs)
      data.push({ name, ...watched })
    }
    return {
      columns: [
        'longest busy turn',
        'longest turn, waiting included',
        'until all are gone',
        'turns',
      ],
      rows,
      plots: 'the longest turn of the event loop, ms',
      verdicts: [{ ours: most, target: { atMost: 10, unit: 'ms' } }],
      claims,
      data,
      notes: [
        'A turn is the time between two turns of the event loop while they leave and the garbage is collected. Busy is what of it the process had a core.',
      ],
    }
  },
}

type Call = Awaited<ReturnType<typeof startWorker<PausesService>>>['call']

const ms = (value: number): string => `${Number(value.toPrecision(2))} ms`
