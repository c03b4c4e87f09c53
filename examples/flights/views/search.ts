import { type Html, html } from 'keepfresh/fragment'
import type { FoundAirport } from '../queries.ts'
import { thousands } from './layout.ts'

export function searchView(text: string, airports: readonly FoundAirport[]): Promise<Html> {
  return html`
    <h1>Airports <small>with “${text}”</small></h1>
    ${
      airports.length === 0
        ? html`<p class="empty">There is none. Try a city, a state such as TX, or a code.</p>`
        : airportList(airports)
    }
  `
}

export function airportList(airports: readonly FoundAirport[]): Promise<Html> {
  return html`<ul class="cards">
    ${airports.map(
      (airport) =>
        html`<li>
          <a href="/departures/${airport.iata}">
            <span class="code">${airport.iata}</span>
            <strong>${airport.city}, ${airport.state}</strong>
            <span>${airport.name}</span>
            <span class="count">${thousands(airport.departures)} flights</span>
          </a>
        </li>`,
    )}
  </ul>`
}
