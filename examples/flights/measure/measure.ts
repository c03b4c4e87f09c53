import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Database } from '../database/database.ts'
import { openServer } from '../server.ts'
import type { Order, Outcome, Report } from './load.ts'
import type { Site } from './mix.ts'
import type { Setup } from './setups.ts'

export interface Figures extends Outcome {
  readonly setup: string
  readonly queriesPerSecond: number
  /** Hits, stale ones too, over all reads of the cache; undefined without one. */
  readonly hitRatio: number | undefined
}

/** How long one measurement takes, in seconds. */
export interface Pace {
  /** The longest time for a cache to fill; it ends when nearly all reads are hits. */
  readonly warmUp: number
  readonly measured: number
}
export const STEADY: Pace = { warmUp: 8, measured: 3 }
/** Too short for figures that mean anything. */
export const QUICK: Pace = { warmUp: 0.5, measured: 1 }

const CONNECTIONS = 20

/** Puts one web server under load, its cache empty at first, and says what came of it. */
export async function measure(
  database: Database,
  site: Site,
  setup: Setup,
  pace: Pace = STEADY,
): Promise<Figures> {
  const cache = setup.open()
  await cache?.clear()
  const server = await openServer({ database, cache, store: setup.name, port: 0 })
  const order: Order = {
    ...site,
    url: server.url,
    connections: CONNECTIONS,
    warmUpSeconds: cache ? pace.warmUp : 0.5,
    seconds: pace.measured,
  }
  // In a group of its own: a Ctrl-C in the terminal is for the demo, which ends its visitors by leaving them.
  const visitors = fork(new URL('load.ts', import.meta.url), { detached: true })
  const count = (): Count => {
    const { hits = 0, staleHits = 0, misses = 0 } = cache?.stats() ?? {}
    return { queries: database.queries, kept: hits + staleHits, reads: hits + staleHits + misses }
  }
  try {
    const measuring = next(visitors)
    visitors.send(order)
    const watch = cache && whenWarm(count, () => visitors.send('warm'))
    await measuring.finally(() => clearInterval(watch))
    const before = count()
    const outcome = (await next(visitors)) as Outcome
    const after = count()
    return {
      ...outcome,
      setup: setup.name,
      queriesPerSecond: (after.queries - before.queries) / pace.measured,
      hitRatio: cache && ratio(before, after),
    }
  } finally {
    visitors.kill()
    await server.close()
    await cache?.clear()
    await cache?.close()
  }
}

interface Count {
  readonly queries: number
  readonly kept: number
  readonly reads: number
}

/** The share of reads between two counts that were answered by the cache. */
function ratio(before: Count, after: Count): number {
  return (after.kept - before.kept) / Math.max(1, after.reads - before.reads)
}

/** Calls `then` when 97 of 100 reads of a second are hits. */
function whenWarm(count: () => Count, then: () => void): NodeJS.Timeout {
  let before = count()
  const watch = setInterval(() => {
    const now = count()
    if (ratio(before, now) >= 0.97) {
      clearInterval(watch)
      then()
    }
    before = now
  }, 1000)
  return watch
}

async function next(visitors: ReturnType<typeof fork>): Promise<Report> {
  const [report] = (await Promise.race([
    once(visitors, 'message'),
    once(visitors, 'exit').then(([code]) => {
      throw new Error(`the process that makes the load ended with ${String(code)}`)
    }),
  ])) as [Report]
  return report
}
