import { type Html, html } from 'keepfresh/fragment'
import { RANKINGS, type Ranking, type Route } from '../queries.ts'
import { minutes, percent, thousands } from './layout.ts'

export function routesView(ranking: Ranking, routes: readonly Route[]): Promise<Html> {
  return html`
    <h1>Routes <small>${ranking} first</small></h1>
    <nav class="days" aria-label="Order">
      ${Object.keys(RANKINGS).map(
        (other) =>
          html`<a
            href="/routes?by=${encodeURIComponent(other)}"
            ${other === ranking ? html`aria-current="true"` : ''}
            >${other}</a
          >`,
      )}
    </nav>
    ${routesTable(routes)}
  `
}

export function routesTable(routes: readonly Route[]): Promise<Html> {
  return html`<table class="routes">
    <thead>
      <tr>
        <th scope="col">Route</th>
        <th scope="col" class="count">Flights</th>
        <th scope="col" class="count wide">Miles</th>
        <th scope="col" class="count">On time</th>
        <th scope="col" class="wide">Usually</th>
      </tr>
    </thead>
    <tbody>
      ${routes.map(
        (route) =>
          html`<tr>
            <th scope="row">
              <a href="/airports/${route.origin}">${route.originCity}</a>
              <span aria-label="to">→</span>
              <a href="/airports/${route.destination}">${route.destinationCity}</a>
            </th>
            <td class="count">${thousands(route.flights)}</td>
            <td class="count wide">${thousands(route.distance)}</td>
            <td class="count">${percent(route.onTime)}</td>
            <td class="wide">${minutes(route.usualDelay)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}
