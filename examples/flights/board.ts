/**
 * What the pages read, and the one thing they change: the part of an application that keepfresh is for.
 *
 * Whatever a flight changes carries the tag of the airport it leaves from, and is kept for long: a
 * change replaces it at once. Rankings count all flights of the country, and a single change hardly
 * moves them: they carry no tag and may be a minute old.
 */
import type { Duration } from 'keepfresh'
import type { Database } from './database/database.ts'
import * as queries from './queries.ts'

/** As much of a cache as the board needs; every keepfresh cache fits, and so does none at all. */
export interface BoardCache {
  getOrSet<Value>(
    key: readonly (string | number)[],
    load: () => Promise<Value>,
    options: {
      readonly ttl: Duration
      readonly grace?: Duration
      readonly tags?: readonly string[]
    },
  ): Promise<Value>
  invalidateTags(tags: readonly string[]): Promise<unknown>
}

export type Board = ReturnType<typeof createBoard>

const EXACT = { ttl: '6h' } as const
const ROUGH = { ttl: '1m', grace: '1h' } as const

export function createBoard(database: Database, cache: BoardCache) {
  return {
    departures: (airport: string, day: string, hour: number) =>
      cache.getOrSet(
        ['departures', airport, day, hour],
        () => queries.departures(database, airport, day, hour),
        { ...EXACT, tags: [`airport:${airport}`] },
      ),

    airportName: (airport: string) =>
      cache.getOrSet(
        ['airport', airport],
        async () => (await queries.airportName(database, airport)) ?? null,
        EXACT,
      ),

    airport: (airport: string) =>
      cache.getOrSet(
        ['airport facts', airport],
        async () => {
          const [facts, hours, routes] = await Promise.all([
            queries.airportFacts(database, airport),
            queries.airportHours(database, airport),
            queries.routesFrom(database, airport),
          ])
          return { facts, hours, routes }
        },
        { ...EXACT, tags: [`airport:${airport}`] },
      ),

    flight: (id: number) =>
      cache.getOrSet(['flight', id], async () => (await queries.flight(database, id)) ?? null, {
        ...EXACT,
        tags: [`flight:${id}`],
      }),

    busiestAirports: () =>
      cache.getOrSet(['busiest airports'], () => queries.findAirports(database, ''), ROUGH),

    search: (text: string) =>
      cache.getOrSet(['search', text], () => queries.findAirports(database, text), ROUGH),

    routes: (ranking: queries.Ranking) =>
      cache.getOrSet(['routes', ranking], () => queries.rankRoutes(database, ranking), ROUGH),

    /** First the row, then the tags of all that was made from it. False when there is no such flight. */
    async change(id: number, change: queries.FlightChange): Promise<boolean> {
      const changed = await queries.updateFlight(database, id, change)
      if (changed === undefined) return false
      await cache.invalidateTags([`flight:${id}`, `airport:${changed.origin}`])
      return true
    },
  }
}
