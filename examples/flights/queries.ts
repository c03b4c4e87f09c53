/** The questions the board asks its database: plain SQL, no cache in sight. */
import type { Database } from './database/database.ts'

export interface AirportName {
  readonly iata: string
  readonly name: string
  readonly city: string
  readonly state: string
}

export interface Departure {
  readonly id: number
  readonly number: string
  /** `HH:MM`, local. */
  readonly time: string
  /** `HH:MM`, local: the scheduled time and the delay. */
  readonly expected: string
  readonly delay: number
  readonly gate: string
  readonly cancelled: boolean
  readonly destination: string
  readonly city: string
  /** How the route does on other days: share of flights at most 15 minutes late, median delay in minutes. */
  readonly onTime: number
  readonly usualDelay: number
}

/** The next flights that leave an airport, each with the record of its route. */
export function departures(
  database: Database,
  airport: string,
  day: string,
  hour: number,
): Promise<Departure[]> {
  return database.query<Departure>(
    `select f.id, f.number, to_char(f.scheduled_at, 'HH24:MI') as time,
       to_char(f.scheduled_at + greatest(f.delay, 0) * interval '1 minute', 'HH24:MI') as expected,
       f.delay, f.gate, f.cancelled, f.destination, a.city,
       route.on_time as "onTime", route.usual_delay as "usualDelay"
     from flights f
     join airports a on a.iata = f.destination
     cross join lateral (
       select avg((r.delay <= 15)::int)::float8 as on_time,
         percentile_cont(0.5) within group (order by r.delay) as usual_delay
       from flights r where r.origin = f.origin and r.destination = f.destination
     ) route
     where f.origin = $1
       and f.scheduled_at >= $2::date + $3 * interval '1 hour' and f.scheduled_at < $2::date + 1
     order by f.scheduled_at, f.id
     limit 40`,
    [airport, day, hour],
  )
}

/** An airport's name, or nothing. */
export async function airportName(
  database: Database,
  iata: string,
): Promise<AirportName | undefined> {
  const [airport] = await database.query<AirportName>(
    'select iata, name, city, state from airports where iata = $1',
    [iata],
  )
  return airport
}

export interface AirportFacts {
  readonly flights: number
  readonly destinations: number
  readonly onTime: number
  readonly averageDelay: number
  readonly cancelled: number
}

export async function airportFacts(database: Database, iata: string): Promise<AirportFacts> {
  const [facts] = await database.query<AirportFacts>(
    `select count(*)::int as flights, count(distinct destination)::int as destinations,
       coalesce(avg((delay <= 15)::int), 1)::float8 as "onTime",
       coalesce(avg(delay), 0)::float8 as "averageDelay",
       count(*) filter (where cancelled)::int as cancelled
     from flights where origin = $1`,
    [iata],
  )
  if (facts === undefined) throw new Error('an aggregate without a row')
  return facts
}

export interface Hour {
  readonly hour: number
  readonly flights: number
  readonly averageDelay: number
}

/** What leaves in each hour of the day, hours without a flight left out. */
export function airportHours(database: Database, iata: string): Promise<Hour[]> {
  return database.query<Hour>(
    `select extract(hour from scheduled_at)::int as hour, count(*)::int as flights,
       avg(delay)::float8 as "averageDelay"
     from flights where origin = $1 group by 1 order by 1`,
    [iata],
  )
}

export interface Route {
  readonly origin: string
  readonly originCity: string
  readonly destination: string
  readonly destinationCity: string
  readonly flights: number
  readonly distance: number
  readonly onTime: number
  readonly usualDelay: number
}

const ROUTE = `r.origin, o.city as "originCity", r.destination, d.city as "destinationCity",
  r.flights, r.distance, r.on_time as "onTime", r.usual_delay as "usualDelay"`

const ROUTES = (where: string) => `(
  select origin, destination, count(*)::int as flights, min(distance) as distance,
    avg((delay <= 15)::int)::float8 as on_time,
    percentile_cont(0.5) within group (order by delay) as usual_delay
  from flights ${where} group by origin, destination) r
  join airports o on o.iata = r.origin
  join airports d on d.iata = r.destination`

/** Where most flights of an airport go. */
export function routesFrom(database: Database, iata: string): Promise<Route[]> {
  return database.query<Route>(
    `select ${ROUTE} from ${ROUTES('where origin = $1')}
     order by r.flights desc, r.destination limit 12`,
    [iata],
  )
}

export const RANKINGS = {
  busiest: 'r.flights desc',
  longest: 'r.distance desc',
  'most punctual': 'r.on_time desc, r.flights desc',
  'least punctual': 'r.on_time, r.flights desc',
} as const
export type Ranking = keyof typeof RANKINGS

/** The first routes of the whole country by one measure, those flown less than daily left out. */
export function rankRoutes(database: Database, ranking: Ranking): Promise<Route[]> {
  return database.query<Route>(
    `select ${ROUTE} from ${ROUTES('')}
     where r.flights >= 12 order by ${RANKINGS[ranking]}, r.origin, r.destination limit 40`,
  )
}

export interface FoundAirport extends AirportName {
  readonly departures: number
}

/** Airports whose code, name, city or state has `text` in it, those with most flights first. */
export function findAirports(database: Database, text: string): Promise<FoundAirport[]> {
  return database.query<FoundAirport>(
    `select a.iata, a.name, a.city, a.state, coalesce(t.departures, 0) as departures
     from airports a
     left join (
       select origin, count(*)::int as departures from flights group by origin
     ) t on t.origin = a.iata
     where concat_ws(' ', a.iata, a.name, a.city, a.state) ilike '%' || $1 || '%'
     order by upper($1) = a.iata desc, departures desc, a.iata limit 30`,
    [text.replaceAll(/[\\%_]/g, String.raw`\$&`)],
  )
}

export interface Flight extends Departure {
  readonly day: string
  readonly origin: string
  readonly originCity: string
  readonly distance: number
}

export async function flight(database: Database, id: number): Promise<Flight | undefined> {
  const [found] = await database.query<Flight>(
    `select f.id, f.number, f.scheduled_at::date::text as day,
       to_char(f.scheduled_at, 'HH24:MI') as time,
       to_char(f.scheduled_at + greatest(f.delay, 0) * interval '1 minute', 'HH24:MI') as expected,
       f.delay, f.gate, f.cancelled, f.distance, f.origin, o.city as "originCity",
       f.destination, d.city, route.on_time as "onTime", route.usual_delay as "usualDelay"
     from flights f
     join airports o on o.iata = f.origin
     join airports d on d.iata = f.destination
     cross join lateral (
       select avg((r.delay <= 15)::int)::float8 as on_time,
         percentile_cont(0.5) within group (order by r.delay) as usual_delay
       from flights r where r.origin = f.origin and r.destination = f.destination
     ) route
     where f.id = $1`,
    [id],
  )
  return found
}

export interface FlightChange {
  readonly delay: number
  readonly gate: string
  readonly cancelled: boolean
}

/** Changes a flight, and says what it was part of; nothing when there is no such flight. */
export async function updateFlight(
  database: Database,
  id: number,
  { delay, gate, cancelled }: FlightChange,
): Promise<{ readonly origin: string } | undefined> {
  const [changed] = await database.query<{ origin: string }>(
    'update flights set delay = $2, gate = $3, cancelled = $4 where id = $1 returning origin',
    [id, delay, gate, cancelled],
  )
  return changed
}
