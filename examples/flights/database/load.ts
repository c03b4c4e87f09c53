import { type Database, SCHEMA } from './database.ts'
import { ALL_FLIGHTS, readAirports, readFlights } from './dataset.ts'

const TABLES = [
  `drop schema if exists ${SCHEMA} cascade`,
  `create schema ${SCHEMA}`,
  `create table airports (
    iata text primary key, name text not null, city text not null, state text not null,
    latitude float8 not null, longitude float8 not null)`,
  `create table flights (
    id int primary key, number text not null, origin text not null, destination text not null,
    scheduled_at timestamp not null, delay int not null, distance int not null,
    gate text not null, cancelled boolean not null default false)`,
]

const INDEXES = [
  'create index on flights (origin, scheduled_at)',
  'create index on flights (origin, destination)',
  'create index on flights (destination, scheduled_at)',
  'analyze airports',
  'analyze flights',
]

const BATCH = 20_000

/**
 * Fills the database, unless these flights are there already.
 *
 * `onProgress` hears how many flights are in.
 */
export async function loadFlights(
  database: Database,
  { count = ALL_FLIGHTS, onProgress = () => {} }: LoadOptions = {},
): Promise<void> {
  await database.query(`set search_path = ${SCHEMA}`)
  if (await isLoaded(database, count)) return
  for (const statement of TABLES) await database.query(statement)
  const [airports, flights] = await Promise.all([readAirports(), readFlights(count)])
  await insert(database, 'airports', airports, {
    iata: 'text',
    name: 'text',
    city: 'text',
    state: 'text',
    latitude: 'float8',
    longitude: 'float8',
  })
  for (let start = 0; start < flights.length; start += BATCH) {
    const batch = flights
      .slice(start, start + BATCH)
      .map(({ at, ...flight }, index) => ({ id: start + index + 1, scheduled_at: at, ...flight }))
    await insert(database, 'flights', batch, {
      id: 'int',
      number: 'text',
      origin: 'text',
      destination: 'text',
      scheduled_at: 'timestamp',
      delay: 'int',
      distance: 'int',
      gate: 'text',
    })
    onProgress(start + batch.length, flights.length)
  }
  for (const statement of INDEXES) await database.query(statement)
}

export interface LoadOptions {
  /** How many flights, from the first of January on. Default: all 200,000. */
  readonly count?: number
  readonly onProgress?: (loaded: number, all: number) => void
}

async function isLoaded(database: Database, count: number): Promise<boolean> {
  const [table] = await database.query<{ there: boolean }>(
    `select to_regclass('${SCHEMA}.flights') is not null as there`,
  )
  if (!table?.there) return false
  const [rows] = await database.query<{ n: number }>('select count(*)::int as n from flights')
  return rows?.n === count
}

/** One statement for many rows: a column travels as one array. */
async function insert<Row extends object, Column extends keyof Row & string>(
  database: Database,
  table: string,
  rows: readonly Row[],
  types: Record<Column, string>,
): Promise<void> {
  const columns = Object.keys(types) as Column[]
  const arrays = columns.map((column, index) => `$${index + 1}::${types[column]}[]`)
  await database.query(
    `insert into ${table} (${columns.join(', ')}) select * from unnest(${arrays.join(', ')})`,
    columns.map((column) => rows.map((row) => row[column])),
  )
}
