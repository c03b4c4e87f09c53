/** The flights board: an Express application whose pages read through `board.ts`. */
import { fileURLToPath } from 'node:url'
import express, { type Express, type Request, type Response } from 'express'
import type { Html } from 'keepfresh/fragment'
import { traced, tracedDatabase } from './answer.ts'
import { type BoardCache, createBoard } from './board.ts'
import type { Database } from './database/database.ts'
import {
  boardHour,
  changeOf,
  DAYS,
  dayOf,
  hourOf,
  iataOf,
  idOf,
  rankingOf,
  searchOf,
} from './input.ts'
import { airportView } from './views/airport.ts'
import { departuresView } from './views/departures.ts'
import { flightView } from './views/flight.ts'
import { homeView } from './views/home.ts'
import { layout } from './views/layout.ts'
import { problemView } from './views/problem.ts'
import { routesView } from './views/routes.ts'
import { searchView } from './views/search.ts'

export interface FlightsOptions {
  readonly database: Database
  readonly cache: BoardCache
  /** What keeps the data, for the foot of each page: `memory`, `Redis`, ... */
  readonly store: string
}

export interface FlightsApp {
  readonly app: Express
  /** Resolves when the pages that are being made now are made, also those that nobody waits for any more. */
  readonly settle: () => Promise<void>
}

interface Page {
  readonly status?: number
  readonly title: string
  readonly body: Promise<Html>
}
interface Redirect {
  readonly redirect: string
}

export function createApp({ database, cache, store }: FlightsOptions): FlightsApp {
  const board = createBoard(tracedDatabase(database), cache)
  const app = express().disable('x-powered-by').disable('etag')
  app.use('/static', express.static(fileURLToPath(new URL('static', import.meta.url))))

  const making = new Set<Promise<unknown>>()

  /** A route that answers with a page, at whose foot stands how it was answered. */
  const page =
    (make: (request: Request) => Promise<Page | Redirect>) =>
    async (request: Request, response: Response) => {
      const made = traced(async (answer) => {
        const made = await make(request)
        if ('redirect' in made) return response.redirect(303, made.redirect)
        const { status = 200, title, body } = made
        const markup = await layout(title, body, { ...answer(), store })
        return response.status(status).type('html').send(markup)
      })
      making.add(made)
      await made.finally(() => making.delete(made))
    }

  app.get(
    '/',
    page(async () => {
      const [airports, routes] = await Promise.all([
        board.busiestAirports(),
        board.routes('busiest'),
      ])
      return { title: 'Home', body: homeView(airports.slice(0, 12), routes.slice(0, 10)) }
    }),
  )

  app.get(
    '/departures/:iata',
    page(async ({ params, query }) => {
      const airport = await board.airportName(iataOf(params['iata']))
      if (airport === null) return UNKNOWN_AIRPORT
      const [day, hour] = [dayOf(query['day']), hourOf(query['from'])]
      const flights = await board.departures(airport.iata, day, hour)
      const changed = idOf(query['changed'])
      const view = { airport, day, days: DAYS, hour, flights, changed }
      return { title: `Departures of ${airport.city}`, body: departuresView(view) }
    }),
  )

  app.get(
    '/airports/:iata',
    page(async ({ params }) => {
      const airport = await board.airportName(iataOf(params['iata']))
      if (airport === null) return UNKNOWN_AIRPORT
      const view = { airport, ...(await board.airport(airport.iata)) }
      return { title: airport.name, body: airportView(view) }
    }),
  )

  app.get(
    '/routes',
    page(async ({ query }) => {
      const ranking = rankingOf(query['by'])
      return { title: 'Routes', body: routesView(ranking, await board.routes(ranking)) }
    }),
  )

  app.get(
    '/search',
    page(async ({ query }) => {
      const text = searchOf(query['q'])
      return { title: `Airports with ${text}`, body: searchView(text, await board.search(text)) }
    }),
  )

  app.get(
    '/flights/:id',
    page(async ({ params }) => {
      const flight = await board.flight(idOf(params['id']) ?? 0)
      if (flight === null) return UNKNOWN_FLIGHT
      return { title: `Flight ${flight.number}`, body: flightView(flight) }
    }),
  )

  app.post(
    '/flights/:id',
    express.urlencoded(),
    page(async ({ params, body }) => {
      const id = idOf(params['id']) ?? 0
      const change = changeOf(body)
      if (change === undefined) return UNUSABLE_CHANGE
      const flight = (await board.change(id, change)) ? await board.flight(id) : null
      if (flight === null) return UNKNOWN_FLIGHT
      const from = boardHour(Number(flight.time.slice(0, 2)))
      const query = `day=${flight.day}&from=${from}&changed=${id}`
      return { redirect: `/departures/${flight.origin}?${query}#flight-${id}` }
    }),
  )

  app.use(page(async () => UNKNOWN_PAGE))
  return {
    app,
    async settle() {
      await Promise.allSettled(making)
    },
  }
}

const UNKNOWN_AIRPORT: Page = {
  status: 404,
  title: 'No such airport',
  body: problemView('No such airport', 'Codes are three letters, such as ATL or ORD.'),
}
const UNKNOWN_FLIGHT: Page = {
  status: 404,
  title: 'No such flight',
  body: problemView('No such flight', 'A board leads to its flights.'),
}
const UNKNOWN_PAGE: Page = {
  status: 404,
  title: 'No such page',
  body: problemView('No such page', 'It may never have been here.'),
}
const UNUSABLE_CHANGE: Page = {
  status: 400,
  title: 'Not changed',
  body: problemView(
    'The flight was not changed',
    'A delay is a whole number of minutes from -60 to 1440, a gate a letter and one or two digits.',
  ),
}
