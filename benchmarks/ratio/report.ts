import type { Curves } from '../lib/curves.js'
import type { Part } from '../lib/scenario.js'
import { points } from './claims.ts'
import { SHARES, type ByteCell, type Cell } from './cells.ts'

/** Averages over all traces that have a size, size by size. */
export interface Average {
  readonly share: number
  readonly lru: number
  readonly s3Fifo: number
  readonly optimum: number
}

export function averages(cells: readonly Cell[]): Average[] {
  return SHARES.map((share): Average => {
    const own = cells.filter((cell) => cell.share === share)
    const mean = (of: (cell: Cell) => number): number =>
      own.reduce((sum, cell) => sum + of(cell), 0) / own.length
    return {
      share,
      lru: mean(({ lru }) => lru),
      s3Fifo: mean(({ s3Fifo }) => s3Fifo),
      optimum: mean(({ optimum }) => optimum),
    }
  }).filter(({ lru }) => !Number.isNaN(lru))
}

export function curvesOf(all: readonly Average[]): Curves {
  const line = (name: string, of: (one: Average) => number) => ({
    name,
    points: all.map((one) => [one.share * 100, of(one) * 100] as const),
  })
  return {
    file: 'ratio-traces',
    title: 'Hits in 100 requests, the average of all traces',
    x: 'size of the cache, in percent of the keys',
    y: 'hits in 100 requests',
    logarithmic: 'x',
    curves: [
      line('keepfresh (S3-FIFO)', ({ s3Fifo }) => s3Fifo),
      line('LRU', ({ lru }) => lru),
      line('optimum (Belady)', ({ optimum }) => optimum),
    ],
  }
}

export function partsOf(byEntries: readonly Cell[], byBytes: readonly ByteCell[]): Part[] {
  const parts: Part[] = [
    {
      title: 'By trace and size in entries',
      columns: ['entries', 'LRU', 'S3-FIFO', 'optimum', 'S3-FIFO over LRU', 'ns per request'],
      rows: byEntries
        .filter(({ share }) => [0.001, 0.01, 0.1].includes(share))
        .map(({ trace, share, room, lru, s3Fifo, optimum, cost }) => ({
          name: `${trace}, ${percent(share)}`,
          cells: [
            String(room),
            hundred(lru),
            hundred(s3Fifo),
            hundred(optimum),
            signed(s3Fifo - lru),
            `${cost.s3Fifo.toFixed(0)}, LRU ${cost.lru.toFixed(0)}, lru-cache ${cost.floor.toFixed(0)}`,
          ],
        })),
    },
  ]
  if (byBytes.length === 0) return parts
  parts.push({
    title: 'By size in bytes, where the sizes of the objects are known',
    columns: [
      'bytes',
      'LRU',
      'S3-FIFO',
      'over LRU',
      'LRU, of bytes',
      'S3-FIFO, of bytes',
      'over LRU',
    ],
    rows: byBytes
      .filter(({ share }) => [0.01, 0.05, 0.1].includes(share))
      .map(({ trace, share, room, lru, s3Fifo, bytes }) => ({
        name: `${trace}, ${percent(share)}`,
        cells: [
          String(room),
          hundred(lru),
          hundred(s3Fifo),
          signed(s3Fifo - lru),
          hundred(bytes.lru),
          hundred(bytes.s3Fifo),
          signed(bytes.s3Fifo - bytes.lru),
        ],
      })),
  })
  return parts
}

export const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`
export const hundred = (ratio: number): string => (ratio * 100).toFixed(2)
const signed = (difference: number): string => points(difference).replace(' points', '')
