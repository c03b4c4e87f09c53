import { averageGain, points } from './claims.ts'
import type { ByteCell, Cell, Measured } from './cells.ts'

const FROM = 0.01

/** The measurement as Markdown tables. */
export function report({ byEntries, byBytes }: Measured): string {
  const large = byEntries.filter(({ share }) => share >= FROM)
  const gap = large.reduce((sum, { lru, optimum }) => sum + optimum - lru, 0)
  const closed = large.reduce((sum, { lru, s3Fifo }) => sum + s3Fifo - lru, 0)
  return [
    '## Hits in 100 requests, by size in entries',
    '',
    '`OPT` is the most that any cache could have, knowing the future.',
    '',
    ...table(
      ['trace', 'size', 'entries', 'LRU', 'S3-FIFO', 'OPT', 'S3-FIFO over LRU'],
      byEntries.map(entryRow),
    ),
    '',
    `From ${FROM * 100} % of the keys upwards: ${points(averageGain(large))} on average, ` +
      `${Math.round((closed / gap) * 100)} % of the way from LRU to the optimum; least ${points(least(large))}.`,
    '',
    ...(byBytes.length > 0 ? bytesPart(byBytes) : []),
    '## Nanoseconds per request, misses included',
    '',
    ...table(
      ['trace', 'size', 'hits in 100', 'lru-cache', 'LRU', 'S3-FIFO'],
      byEntries.filter(({ share }) => share === 0.01 || share === 0.1).map(costRow),
    ),
  ].join('\n')
}

function bytesPart(byBytes: readonly ByteCell[]): string[] {
  return [
    '## Hits in 100 requests, and bytes found of 100 asked for, by size in bytes',
    '',
    ...table(
      [
        'trace',
        'size',
        'bytes',
        'LRU',
        'S3-FIFO',
        'over LRU',
        'LRU bytes',
        'S3-FIFO bytes',
        'over LRU',
      ],
      byBytes.map(byteRow),
    ),
    '',
  ]
}

function least(cells: readonly Cell[]): number {
  return Math.min(...cells.map(({ lru, s3Fifo }) => s3Fifo - lru))
}

function entryRow({ trace, share, room, lru, s3Fifo, optimum }: Cell): string[] {
  return [
    trace,
    percent(share),
    String(room),
    hundred(lru),
    hundred(s3Fifo),
    hundred(optimum),
    signed(s3Fifo - lru),
  ]
}

function byteRow({ trace, share, room, lru, s3Fifo, bytes }: ByteCell): string[] {
  return [
    trace,
    percent(share),
    String(room),
    hundred(lru),
    hundred(s3Fifo),
    signed(s3Fifo - lru),
    hundred(bytes.lru),
    hundred(bytes.s3Fifo),
    signed(bytes.s3Fifo - bytes.lru),
  ]
}

function costRow({ trace, share, s3Fifo, cost }: Cell): string[] {
  const nanoseconds = [cost.floor, cost.lru, cost.s3Fifo].map((ns) => ns.toFixed(0))
  return [trace, percent(share), (s3Fifo * 100).toFixed(0), ...nanoseconds]
}

/** The first column names, the others are numbers. */
function table(head: string[], rows: string[][]): string[] {
  return [
    `| ${head.join(' | ')} |`,
    `| --- |${' ---: |'.repeat(head.length - 1)}`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ]
}

const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`
const hundred = (ratio: number): string => (ratio * 100).toFixed(2)
const signed = (difference: number): string => points(difference).replace(' points', '')
