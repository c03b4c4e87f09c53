/**
 * `npm run demo`: loads the flights, measures the board without a cache and with each store at hand, changes a
 * flight to show that the board follows at once, and then leaves the board running.
 *
 *     npm run demo              until Ctrl-C
 *     npm run demo -- --once    ends after the table
 *     npm run demo -- --quick   fewer flights, and too short a measurement to mean anything
 */
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Database, openDatabase } from './database/database.ts'
import { loadFlights } from './database/load.ts'
import { type Figures, measure, QUICK, STEADY } from './measure/measure.ts'
import { findSetups, type Setup } from './measure/setups.ts'
import { popular } from './measure/site.ts'
import { table } from './measure/table.ts'
import { progress } from './progress.ts'
import { openServer, type WebServer } from './server.ts'
import { showChange } from './show.ts'

const { values: options } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
})

const NOTE =
  '20 visitors at a time; one visit in 1000 changes a flight. Each cache starts empty and has some seconds to fill.'

/** All that has to end with the demo, the last opened first. */
const opened = new AsyncDisposableStack()
let ending: Promise<void> | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    console.log('\nEnded.')
    void end(0)
  })
}

try {
  await run()
} catch (error) {
  // What a Ctrl-C cut off is no failure; it may be a moment behind what it did to the processes started here.
  await wait(50)
  if (ending === undefined) console.error(error)
  await end(1)
}

async function run(): Promise<void> {
  const database = openDatabase(process.env['DATABASE_URL'])
  opened.defer(() => database.close())
  console.log(`A flights board over ${database.name}.\n`)
  await loadFlights(database, {
    ...(options.quick && { count: 48_000 }),
    onProgress: (loaded, all) =>
      progress(`Loading flights: ${loaded.toLocaleString('en')} of ${all.toLocaleString('en')}`),
  })

  const { setups, leftOut, stop } = await findSetups()
  opened.defer(stop)
  console.log(`${table(await measureAll(database, setups))}\n`)
  console.log(NOTE)
  for (const reason of leftOut) console.log(`Left out: ${reason}`)

  const setup = setups.at(-1)
  if (options.once || setup === undefined) await end(0)
  else await stayUp(database, setup)
}

async function measureAll(database: Database, setups: readonly Setup[]): Promise<Figures[]> {
  const site = await popular(database)
  const pace = options.quick ? QUICK : STEADY
  const figures: Figures[] = []
  for (const [index, setup] of setups.entries()) {
    const left = (setups.length - index) * (pace.warmUp + pace.measured)
    progress(`Measuring ${setup.name}: ${index + 1} of ${setups.length}, ${left} s left at most`)
    figures.push(await measure(database, site, setup, pace))
  }
  progress('')
  return figures
}

async function stayUp(database: Database, setup: Setup): Promise<void> {
  console.log(`\n${await showChange(database, setup)}\n`)
  const cache = setup.open()
  const server = await listen((port) => openServer({ database, cache, store: setup.name, port }))
  opened.defer(async () => {
    await server.close()
    await cache?.close()
  })
  console.log(`The board is up: ${server.url} (${setup.name}). Ctrl-C ends it.`)
}

/** On the port that is asked for or 3000; when that is taken, on any. */
async function listen(open: (port: number) => Promise<WebServer>): Promise<WebServer> {
  try {
    return await open(Number(process.env['PORT'] ?? 3000))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    return open(0)
  }
}

function end(code: number): Promise<void> {
  ending ??= opened.disposeAsync().then(() => process.exit(code))
  return ending
}
