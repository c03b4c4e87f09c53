import { type Html, html } from 'keepfresh/fragment'
import type { AirportName, Departure } from '../queries.ts'
import { minutes, percent } from './layout.ts'

export interface DeparturesView {
  readonly airport: AirportName
  readonly day: string
  readonly days: readonly string[]
  readonly hour: number
  readonly flights: readonly Departure[]
  /** The flight that was changed just now, to be found at a glance. */
  readonly changed: number | undefined
}

export function departuresView(view: DeparturesView): Promise<Html> {
  const { airport, day, hour, flights } = view
  return html`
    <h1>
      <span class="code">${airport.iata}</span> Departures
      <small><a href="/airports/${airport.iata}">${airport.name}, ${airport.city}</a></small>
    </h1>
    <nav class="days many" aria-label="Day">
      ${view.days.map(
        (other) =>
          html`<a
            href="/departures/${airport.iata}?day=${other}&from=${hour}"
            ${other === day ? html`aria-current="date"` : ''}
            >${Number(other.slice(8))} <span class="fine">Jan</span></a
          >`,
      )}
    </nav>
    <nav class="hours-nav" aria-label="Hour">
      ${[0, 3, 6, 9, 12, 15, 18, 21].map(
        (other) =>
          html`<a
            href="/departures/${airport.iata}?day=${day}&from=${other}"
            ${other === hour ? html`aria-current="true"` : ''}
            >${String(other).padStart(2, '0')}<span class="fine">:00</span></a
          >`,
      )}
    </nav>
    ${
      flights.length === 0
        ? html`<p class="empty">No flight leaves later on this day.</p>`
        : html`<table class="board">
            <caption class="quiet">
              Departures of ${airport.city} on ${day} from ${hour}:00
            </caption>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">To</th>
                <th scope="col">Flight</th>
                <th scope="col">Gate</th>
                <th scope="col">Status</th>
                <th scope="col" class="wide">Route on time</th>
                <th scope="col" class="wide">Usually</th>
              </tr>
            </thead>
            <tbody>
              ${flights.map((flight) => row(flight, flight.id === view.changed))}
            </tbody>
          </table>`
    }
  `
}

function row(flight: Departure, changed: boolean): Promise<Html> {
  return html`<tr id="flight-${flight.id}" class="${changed ? 'changed' : ''}">
    <td class="time">${flight.time}</td>
    <th scope="row"><a href="/flights/${flight.id}">${flight.city}</a></th>
    <td class="number">${flight.number}</td>
    <td class="gate">${flight.gate}</td>
    <td>${status(flight)}</td>
    <td class="wide">${percent(flight.onTime)}</td>
    <td class="wide">${minutes(flight.usualDelay)}</td>
  </tr>`
}

/** What a traveller wants to know: in words, and in colour for those who see it. */
export function status(flight: Departure): Promise<Html> {
  if (flight.cancelled) return html`<span class="status cancelled">Cancelled</span>`
  if (flight.delay > 15) return html`<span class="status late">Delayed ${flight.expected}</span>`
  return html`<span class="status good">On time</span>`
}
