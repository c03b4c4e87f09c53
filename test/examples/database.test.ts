import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../examples/flights/database/database.ts'
import { loadFlights } from '../../examples/flights/database/load.ts'
import * as queries from '../../examples/flights/queries.ts'
import { type PostgresServer, startPostgres } from '../support/servers/index.js'

const COUNT = 6000
const DAY = '2001-01-01'

let embedded: Database
let postgres: PostgresServer
let server: Database

beforeAll(async () => {
  embedded = openDatabase(undefined)
  postgres = await startPostgres()
  server = openDatabase(postgres.url)
  for (const database of [embedded, server]) await loadFlights(database, { count: COUNT })
})
afterAll(async () => {
  await embedded.close()
  await server.close()
  await postgres.stop()
})

describe('a PostgreSQL server answers as the embedded one does', () => {
  test.each<[string, (database: Database) => Promise<unknown>]>([
    ['departures', (database) => queries.departures(database, 'ATL', DAY, 6)],
    ['the name of an airport', (database) => queries.airportName(database, 'ORD')],
    ['the facts of an airport', (database) => queries.airportFacts(database, 'ORD')],
    ['the hours of an airport', (database) => queries.airportHours(database, 'ORD')],
    ['the routes of an airport', (database) => queries.routesFrom(database, 'ORD')],
    ['airports with a text', (database) => queries.findAirports(database, 'york')],
    ['a flight', (database) => queries.flight(database, 17)],
    ['a change', (database) => queries.updateFlight(database, 17, CHANGE)],
    ['the changed flight', (database) => queries.flight(database, 17)],
    ...Object.keys(queries.RANKINGS).map(
      (ranking): [string, (database: Database) => Promise<unknown>] => [
        `the ${ranking} routes`,
        (database) => queries.rankRoutes(database, ranking as queries.Ranking),
      ],
    ),
  ])('%s', async (_, ask) => {
    const answer = await ask(embedded)
    expect(answer).toBeTruthy()
    expect(await ask(server)).toEqual(answer)
  })
})

const CHANGE = { delay: 42, gate: 'C3', cancelled: true }

test('a server that has the flights already is not filled again', async () => {
  await queries.updateFlight(server, 18, CHANGE)
  await loadFlights(server, { count: COUNT })
  expect(await queries.flight(server, 18)).toMatchObject(CHANGE)
})

test('nothing is made outside of the schema of its own', async () => {
  const tables = await postgres.query(
    `select distinct schemaname from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
  )
  expect(tables).toEqual([{ schemaname: 'keepfresh_flights' }])
})

test('the airports of all flights are known', async () => {
  const unknown = await embedded.query(
    'select origin from flights where origin not in (select iata from airports)',
  )
  expect(unknown).toEqual([])
})

test('a query that fails rejects with what the database says', async () => {
  await expect(embedded.query('select nonsense')).rejects.toThrow(
    'column "nonsense" does not exist',
  )
})
