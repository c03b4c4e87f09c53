import type { Database } from '../database/database.ts'
import { TODAY } from '../input.ts'
import type { Site } from './mix.ts'

/** The airports and flights that visitors want to see, those with most traffic first. */
export async function popular(database: Database): Promise<Site> {
  const airports = await database.query<{ origin: string }>(
    'select origin from flights group by origin order by count(*) desc, origin limit 100',
  )
  const flights = await database.query<{ id: number }>(
    `select id from flights where scheduled_at::date = $1 and origin = any($2)
     order by md5(id::text) limit 60`,
    [TODAY, airports.slice(0, 10).map(({ origin }) => origin)],
  )
  return {
    airports: airports.map(({ origin }) => origin),
    flights: flights.map(({ id }) => id),
  }
}
