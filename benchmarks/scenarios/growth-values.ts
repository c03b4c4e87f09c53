import { startWorker } from '../../test/support/processes.js'
import type { GrowthService } from '../growth/worker.js'
import type { Place } from '../lib/contender.js'
import type { Claim, Row, Scenario } from '../lib/scenario.js'

const FILE = new URL('../growth/worker.ts', import.meta.url)
const PLACES = ['memory', 'redis', 'memcached'] as const
const SIZES = [10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000] as const

interface Found {
  readonly place: Place['kind']
  readonly bytes: number
  readonly writeMs: number
  readonly readMs: number
}

export const growthValues: Scenario = {
  kind: 'other',
  name: 'growth-values',
  asks: 'What does a value cost from 10 bytes to 10 MB?',
  async run({ isQuick, servers, leaveOut }) {
    const found: Found[] = []
    const claims: Claim[] = []
    const notes = [
      'Records of about 100 bytes, in a list; the size is that of their JSON. Wall time of one caller, the median of nine rounds.',
      'Memory: a write walks and freezes the value once; a read of a frozen value does not depend on its size.',
    ]
    for (const kind of PLACES) {
      const reason = servers.missing(kind)
      if (reason !== undefined) {
        leaveOut(`growth-values in ${kind}`, reason)
        continue
      }
      await using worker = await startWorker<GrowthService>(FILE)
      await worker.call.open(await servers.place(kind), 'growth-values')
      for (const bytes of isQuick ? [10, 10_000, 2_000_000] : SIZES) {
        const times = await worker.call.value(bytes, isQuick ? 1 : 9)
        if (times !== undefined) found.push({ place: kind, bytes, ...times })
        else if (kind === 'memcached')
          notes.push(
            `${sizeOf(bytes)} is not kept by Memcached, whose limit is 1 MB: an event says so, and the next read is a miss.`,
          )
        const isExpected = times !== undefined || (kind === 'memcached' && bytes > 1_000_000)
        claims.push({
          claim: `${sizeOf(bytes)} in ${kind} ${times === undefined ? 'is refused with an event' : 'comes back as it was'}`,
          holds: isExpected,
        })
      }
    }
    const sizes = [...new Set(found.map(({ bytes }) => bytes))]
    const places = PLACES.filter((place) => found.some((one) => one.place === place))
    const cell = (place: string, bytes: number, of: 'readMs' | 'writeMs'): string => {
      const one = found.find((each) => each.place === place && each.bytes === bytes)
      return one === undefined ? '–' : inTime(one[of])
    }
    return {
      columns: [
        ...places.map((place) => `read, ${place}`),
        ...places.map((place) => `write, ${place}`),
      ],
      rows: sizes.map((bytes): Row => ({
        name: sizeOf(bytes),
        cells: [
          ...places.map((place) => cell(place, bytes, 'readMs')),
          ...places.map((place) => cell(place, bytes, 'writeMs')),
        ],
        plotted: undefined,
      })),
      plots: 'ms',
      verdicts: [],
      curves: [
        {
          file: 'growth-values',
          title: 'Values from 10 bytes to 10 MB',
          x: 'bytes',
          y: 'µs per operation',
          curves: places.flatMap((place) =>
            (['readMs', 'writeMs'] as const).map((of) => ({
              name: `${of === 'readMs' ? 'read' : 'write'}, ${place}`,
              points: found
                .filter((one) => one.place === place)
                .map((one) => [one.bytes, 1_000 * one[of]] as const),
            })),
          ),
        },
      ],
      claims,
      data: found,
      notes,
    }
  },
}

function sizeOf(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`
  return bytes < 1_000_000 ? `${bytes / 1_000} kB` : `${bytes / 1_000_000} MB`
}

function inTime(ms: number): string {
  if (ms < 0.001) return `${(ms * 1e6).toFixed(0)} ns`
  return ms < 1 ? `${(ms * 1e3).toPrecision(3)} µs` : `${ms.toPrecision(3)} ms`
}
