import { type Html, html } from 'keepfresh/fragment'
import { boardHour } from '../input.ts'
import type { Flight } from '../queries.ts'
import { status } from './departures.ts'
import { minutes, percent, thousands } from './layout.ts'

export function flightView(flight: Flight): Promise<Html> {
  const hour = boardHour(Number(flight.time.slice(0, 2)))
  return html`
    <h1>
      <span class="code">${flight.number}</span> ${flight.originCity} → ${flight.city}
      <small
        ><a href="/departures/${flight.origin}?day=${flight.day}&from=${hour}#flight-${flight.id}"
          >${flight.day}, ${flight.time}</a
        ></small
      >
    </h1>
    <dl class="facts">
      <div>
        <dt>Status</dt>
        <dd>${status(flight)}</dd>
      </div>
      <div>
        <dt>Gate</dt>
        <dd>${flight.gate}</dd>
      </div>
      <div>
        <dt>Distance</dt>
        <dd>${thousands(flight.distance)} mi</dd>
      </div>
      <div>
        <dt>Route on time</dt>
        <dd>${percent(flight.onTime)}</dd>
      </div>
      <div>
        <dt>Usually</dt>
        <dd>${minutes(flight.usualDelay)}</dd>
      </div>
    </dl>
    <section>
      <h2>Change this flight</h2>
      <p>What you change is on the board of ${flight.originCity} in the next answer.</p>
      <form class="change" method="post" action="/flights/${flight.id}">
        <label
          >Delay, minutes
          <input name="delay" type="number" min="-60" max="1440" value="${flight.delay}" required
        /></label>
        <label
          >Gate
          <input
            name="gate"
            pattern="[A-Z][0-9]{1,2}"
            value="${flight.gate}"
            required
            title="A letter and a number"
        /></label>
        <label class="check"
          ><input name="cancelled" type="checkbox" ${flight.cancelled ? html`checked` : ''} />
          Cancelled</label
        >
        <button>Change and see the board</button>
      </form>
    </section>
  `
}
