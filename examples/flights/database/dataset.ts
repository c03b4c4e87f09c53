/**
 * Real flights and airports, from the development dependency `vega-datasets`.
 *
 * Its 200,000 flights in JSON and Arrow have no origin and no destination, so the flights come from
 * its Parquet file: the first 200,000 of three million, which are all that left an airport of the
 * United States from 1 to 12 January 2001, and the first of the 13th (US Department of Transportation).
 */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { zstdDecompressSync } from 'node:zlib'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'

export const ALL_FLIGHTS = 200_000

export interface Airport {
  readonly iata: string
  readonly name: string
  readonly city: string
  readonly state: string
  readonly latitude: number
  readonly longitude: number
}

export interface Departure {
  /** Local time, as ISO 8601 without a zone. */
  readonly at: string
  /** Minutes late; negative is early. */
  readonly delay: number
  /** Miles. */
  readonly distance: number
  readonly origin: string
  readonly destination: string
  readonly number: string
  readonly gate: string
}

export async function readFlights(count = ALL_FLIGHTS): Promise<Departure[]> {
  const rows = await parquetReadObjects({
    file: await asyncBufferFromFile(path('flights-3m.parquet')),
    rowStart: 0,
    rowEnd: count,
    compressors: { ZSTD: (bytes) => zstdDecompressSync(bytes) },
  })
  return rows.map((row) => {
    const at = (row['date'] as Date).toISOString().slice(0, 16)
    const [origin, destination] = [row['origin'] as string, row['destination'] as string]
    return {
      at,
      delay: Number(row['delay']),
      distance: Number(row['distance']),
      origin,
      destination,
      ...invented(origin, destination, at),
    }
  })
}

/** The dataset has no flight numbers and no gates: these are made up, the same ones every time. */
function invented(origin: string, destination: string, at: string) {
  let hash = 0
  for (const character of `${origin}${destination}${at.slice(11)}`)
    hash = (Math.imul(hash, 31) + character.charCodeAt(0)) >>> 0
  return {
    number: `KF ${1000 + (hash % 9000)}`,
    gate: `${'ABCDEF'[hash % 6] ?? 'A'}${1 + ((hash >>> 8) % 42)}`,
  }
}

export async function readAirports(): Promise<Airport[]> {
  const text = await readFile(path('airports.csv'), 'utf8')
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [iata = '', name = '', city = '', state = '', , latitude, longitude] = fields(line)
      return { iata, name, city, state, latitude: Number(latitude), longitude: Number(longitude) }
    })
}

/** The fields of one line of CSV, quoted or not. */
function fields(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain?.trim() ?? '',
  )
}

function path(file: string): string {
  const entry = import.meta.resolve('vega-datasets')
  return fileURLToPath(new URL(`../data/${file}`, entry))
}
