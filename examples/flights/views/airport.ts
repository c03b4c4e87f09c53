import { type Html, html } from 'keepfresh/fragment'
import type { AirportFacts, AirportName, Hour, Route } from '../queries.ts'
import { minutes, percent, thousands } from './layout.ts'
import { routesTable } from './routes.ts'

export interface AirportView {
  readonly airport: AirportName
  readonly facts: AirportFacts
  readonly hours: readonly Hour[]
  readonly routes: readonly Route[]
}

export function airportView({ airport, facts, hours, routes }: AirportView): Promise<Html> {
  return html`
    <h1>
      <span class="code">${airport.iata}</span> ${airport.name}
      <small>${airport.city}, ${airport.state}</small>
    </h1>
    <p><a class="button" href="/departures/${airport.iata}">Departures</a></p>
    <dl class="facts">
      ${fact('Flights', thousands(facts.flights))} ${fact('Destinations', facts.destinations)}
      ${fact('On time', percent(facts.onTime))} ${fact('On average', minutes(facts.averageDelay))}
      ${fact('Cancelled', facts.cancelled)}
    </dl>
    ${
      hours.length > 0 &&
      html`<section>
        <h2>The day here</h2>
        ${day(hours)}
      </section>`
    }
    ${
      routes.length > 0 &&
      html`<section>
        <h2>Where most flights go</h2>
        ${routesTable(routes)}
      </section>`
    }
  `
}

function fact(name: string, value: string | number): Promise<Html> {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`
}

/** One bar an hour; its height is the flights, its colour how late they are. */
function day(hours: readonly Hour[]): Promise<Html> {
  const most = Math.max(...hours.map(({ flights }) => flights))
  const known = new Map(hours.map((hour) => [hour.hour, hour]))
  return html`<ol class="bars">
    ${Array.from({ length: 24 }, (_, hour) => {
      const { flights, averageDelay } = known.get(hour) ?? { flights: 0, averageDelay: 0 }
      const label = `${hour}:00, ${flights} flights, ${minutes(averageDelay)} on average`
      return html`<li
        title="${label}"
        style="--height: ${(flights / most).toFixed(3)}; --late: ${lateness(averageDelay)}"
      >
        <span class="quiet">${label}</span><span aria-hidden="true">${hour}</span>
      </li>`
    })}
  </ol>`
}

/** Nothing at no delay, everything at half an hour. */
function lateness(averageDelay: number): string {
  return Math.min(1, Math.max(0, averageDelay / 30)).toFixed(2)
}
