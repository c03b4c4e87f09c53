import { startWorker } from '../../test/support/processes.js'
import type { GrowthService } from '../growth/worker.js'
import type { Place } from '../lib/contender.js'
import type { Curve } from '../lib/curves.js'
import type { Claim, Row, Scenario } from '../lib/scenario.js'
import { commandsDuring } from '../lib/servers.js'

const FILE = new URL('../growth/worker.ts', import.meta.url)
const PLACES = ['memory', 'redis', 'memcached'] as const
const TAGS = [1, 10, 100, 1_000, 10_000] as const
const AT_ONCE = [1, 10, 100, 1_000] as const

interface Found {
  readonly place: Place['kind']
  readonly of: number
  readonly value: number
}

export const growthTags: Scenario = {
  kind: 'other',
  name: 'growth-tags',
  asks: 'What do tags cost, from one to 10,000 in a namespace, and from one to 1,000 invalidated at once?',
  async run(bench) {
    const { isQuick, servers, leaveOut } = bench
    const reads: Found[] = []
    const invalidations: Found[] = []
    const together: Found[] = []
    const claims: Claim[] = []
    for (const kind of PLACES) {
      const reason = servers.missing(kind)
      if (reason !== undefined) {
        leaveOut(`growth-tags in ${kind}`, reason)
        continue
      }
      await using worker = await startWorker<GrowthService>(FILE)
      const { call } = worker
      await call.open(await servers.place(kind), 'growth-tags')
      const entries = kind === 'memory' ? 10_000 : 2_000
      for (const of of isQuick ? [1, 1_000] : TAGS) {
        const { readNs, invalidateMs } = await call.tagged(of, isQuick ? 500 : entries)
        reads.push({ place: kind, of, value: readNs })
        invalidations.push({ place: kind, of, value: invalidateMs })
      }
      for (const of of isQuick ? [1, 1_000] : AT_ONCE) {
        const value = await call.invalidate(of)
        together.push({ place: kind, of, value })
      }
      if (kind !== 'redis') continue
      const redis = await servers.redis()
      const one = await commandsDuring(redis, async () => void (await call.invalidate(1)))
      const many = await commandsDuring(redis, async () => void (await call.invalidate(1_000)))
      const [few, more] = [one, many].map(({ byName }) => byName['evalsha'] ?? 0)
      claims.push({
        claim: `1,000 tags are told to Redis in at most 5 commands for each that one takes (${more} and ${few})`,
        holds: more! <= 5 * few!,
      })
    }
    const cell = (list: readonly Found[], place: string, of: number): number =>
      list.find((found) => found.place === place && found.of === of)?.value ?? Number.NaN
    const places = PLACES.filter((place) => reads.some((found) => found.place === place))
    const counts = [...new Set(reads.map(({ of }) => of))]
    const rows = counts.map((of): Row => ({
      name: `${of} tags`,
      cells: [
        ...places.map((place) => `${(cell(reads, place, of) / 1_000).toPrecision(3)} µs`),
        ...places.map((place) => `${Number(cell(invalidations, place, of).toPrecision(2))} ms`),
      ],
      plotted: undefined,
    }))
    const least = counts[0]!
    const most = counts.at(-1)!
    return {
      columns: [
        ...places.map((place) => `read, ${place}`),
        ...places.map((place) => `invalidate one, ${place}`),
      ],
      rows,
      plots: 'µs',
      verdicts: places.map((place) => ({
        says: `A read of an entry with tags, ${place}: among ${most} tags beside among ${least}`,
        ours: cell(reads, place, most) / cell(reads, place, least),
      })),
      parts: [
        {
          title: 'Invalidated with one call',
          columns: places,
          rows: [...new Set(together.map(({ of }) => of))].map((of) => ({
            name: `${of} tags`,
            cells: places.map((place) => `${Number(cell(together, place, of).toPrecision(2))} ms`),
          })),
        },
      ],
      curves: [
        {
          file: 'growth-tags',
          title: 'One to 10,000 tags in a namespace, three on each entry',
          x: 'tags',
          y: 'µs of CPU per read, 100 at once',
          curves: places.map((place) => curveOf(reads, place, 1_000)),
        },
        {
          file: 'growth-tags-at-once',
          title: 'One to 1,000 tags invalidated with one call',
          x: 'tags',
          y: 'ms',
          curves: places.map((place) => curveOf(together, place, 1)),
        },
      ],
      claims,
      data: { reads, invalidations, together },
      notes: [
        'Entries have three different tags each, where there are so many. Reads are CPU time of this process, 100 at once; invalidations are wall time.',
        'Many tags at once cost what it takes to write as many versions: a constant for each tag, in one exchange with the server.',
      ],
    }
  },
}

function curveOf(found: readonly Found[], place: string, per: number): Curve {
  return {
    name: place,
    points: found
      .filter((one) => one.place === place)
      .map(({ of, value }) => [of, value / per] as const),
  }
}
