import { type Html, html } from 'keepfresh/fragment'
import type { FoundAirport, Route } from '../queries.ts'
import { routesTable } from './routes.ts'
import { airportList } from './search.ts'

export function homeView(
  airports: readonly FoundAirport[],
  routes: readonly Route[],
): Promise<Html> {
  return html`
    <h1>Flights <small>of January 2001, in the United States</small></h1>
    <p class="lead">
      Open a board, follow a flight, and change it: the board shows the change at once, although the
      page came from the cache a moment before. The line at the foot of each page says how it was
      answered.
    </p>
    <section>
      <h2>Busiest airports</h2>
      ${airportList(airports)}
    </section>
    <section>
      <h2>Busiest routes</h2>
      ${routesTable(routes)}
    </section>
  `
}
