import type { Scenario } from '../lib/scenario.js'
import { haveRecordedTraces } from '../lib/traces.js'
import { measure, type Measured } from '../ratio/cells.js'
import { averageGain, brokenClaims, points } from '../ratio/claims.js'
import { averages, curvesOf, hundred, partsOf, percent } from '../ratio/report.js'

/** From this share of the keys on, the verdict. */
const FROM = 0.01

export const ratioTraces: Scenario = {
  kind: 'other',
  name: 'ratio-traces',
  asks: 'How many requests does the memory tier answer, for its size?',
  async run({ isQuick, isAskedFor, log }) {
    // All of the requests are minutes: for those who ask for this alone.
    const most = isQuick ? 30_000 : isAskedFor ? Infinity : 500_000
    const measured = measure(most, isQuick ? () => {} : log)
    const all = averages(measured.byEntries)
    const large = measured.byEntries.filter(({ share }) => share >= FROM)
    return {
      columns: ['LRU', 'keepfresh (S3-FIFO)', 'optimum', 'S3-FIFO over LRU'],
      rows: all.map(({ share, lru, s3Fifo, optimum }) => ({
        name: percent(share),
        cells: [hundred(lru), hundred(s3Fifo), hundred(optimum), points(s3Fifo - lru)],
        plotted: undefined,
      })),
      plots: 'hits in 100 requests',
      verdicts: [
        {
          says: `Points of hit ratio over LRU, from ${FROM * 100} % of the keys upwards`,
          ours: averageGain(large) * 100,
          target: { atLeast: 2, unit: 'points' },
        },
        {
          says: 'The same, where it is least',
          ours: Math.min(...large.map(({ s3Fifo, lru }) => s3Fifo - lru)) * 100,
          target: { atLeast: -0.1, unit: 'points' },
        },
      ],
      claims: claimsOf(measured, isQuick),
      curves: [curvesOf(all)],
      parts: partsOf(measured.byEntries, measured.byBytes),
      data: measured,
      notes: [
        `Hits in 100 requests, by size in percent of the keys; the average of ${haveRecordedTraces() ? 'recorded traces' : 'generated requests (the recorded traces are not here)'}${most === Infinity ? '' : `, of which the first ${most} requests`}. The optimum knows the future (Belady).`,
        '`npm run bench -- ratio-traces` replays all of the requests, in some minutes.',
      ],
    }
  },
}

/** Hits are the same on every machine, but few requests are no traffic: then only what holds for any. */
function claimsOf(
  measured: Measured,
  isQuick: boolean,
): { readonly claim: string; readonly holds: boolean }[] {
  const broken = brokenClaims(measured).filter(
    (sentence) => !isQuick || /lru-cache|optimum/.test(sentence),
  )
  if (broken.length > 0) return broken.map((claim) => ({ claim, holds: false }))
  return [{ claim: 'what the documentation says of the policies', holds: true }]
}
