import { type Html, html } from 'keepfresh/fragment'

/** How a page was answered; its footer says so. */
export interface Answer {
  /** Where the page's data was: the worst of its reads. */
  readonly from: 'hit' | 'stale' | 'miss'
  readonly milliseconds: number
  readonly queries: number
  /** What keeps the data, for people: `memory`, `Redis`, ... */
  readonly store: string
}

const MEANING = {
  hit: 'kept, and fresh',
  stale: 'kept, a little old; being refreshed behind this answer',
  miss: 'not kept; asked the database',
} as const

/** The whole page, as text. */
export async function layout(title: string, body: Promise<Html>, answer: Answer): Promise<string> {
  const page = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Flights</title>
        <link rel="icon" href="/static/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/static/style.css" />
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header class="bar">
          <a class="brand" href="/"><span aria-hidden="true">✈</span> Flights</a>
          <nav aria-label="Pages">
            <a href="/departures/ATL">Departures</a> <a href="/routes">Routes</a>
          </nav>
          <form class="find" action="/search" role="search">
            <label class="quiet" for="find">Airport, city or state</label>
            <input id="find" name="q" type="search" placeholder="Airport, city or state" required />
            <button>Search</button>
          </form>
        </header>
        <main id="main">${body}</main>
        <footer class="answer">
          <p>
            <strong class="state ${answer.from}">${answer.from}</strong>
            <span>${MEANING[answer.from]}</span>
          </p>
          <dl>
            <div>
              <dt>Time</dt>
              <dd>${answer.milliseconds.toFixed(1)} ms</dd>
            </div>
            <div>
              <dt>Database queries</dt>
              <dd>${answer.queries}</dd>
            </div>
            <div>
              <dt>Store</dt>
              <dd>${answer.store}</dd>
            </div>
          </dl>
          <p class="source">
            Flights of 1 to 12 January 2001, US Department of Transportation, by way of
            vega-datasets. Flight numbers and gates are made up.
          </p>
        </footer>
      </body>
    </html>`
  return page.toString()
}

export function percent(share: number): string {
  return `${Math.round(share * 100)}%`
}

export function minutes(count: number): string {
  const whole = Math.round(count)
  if (whole === 0) return 'on time'
  return whole > 0 ? `${whole} min late` : `${-whole} min early`
}

export function thousands(count: number): string {
  return count.toLocaleString('en')
}
