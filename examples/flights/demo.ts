/**
 * `npm run demo`: loads the flights, measures the board without a cache and with each store at hand, changes a
 * flight to show that the board follows at once, and then leaves the board running.
 *
 *     npm run demo              until Ctrl-C
 *     npm run demo -- --once    ends after the table
 *     npm run demo -- --quick   fewer flights, and too short a measurement to mean anything
 */
import { parseArgs } from 'node:util'
import { openDatabase } from './database/database.ts'
import { loadFlights } from './database/load.ts'
import { type Figures, measure, QUICK, STEADY } from './measure/measure.ts'
import { findSetups } from './measure/setups.ts'
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

/** All that has to end with the demo, the last opened first. */
const opened = new AsyncDisposableStack()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => void end(signal === 'SIGINT' ? 'Ended.' : `Ended by ${signal}.`))

const database = openDatabase(process.env['DATABASE_URL'])
opened.defer(() => database.close())
console.log(`A flights board over ${database.name}.\n`)

await loadFlights(database, {
  ...(options.quick && { count: 48_000 }),
  onProgress: (loaded, all) =>
    progress(`Loading flights: ${loaded.toLocaleString('en')} of ${all.toLocaleString('en')}`),
})
const site = await popular(database)
const { setups, leftOut, stop } = await findSetups()
opened.defer(stop)

const pace = options.quick ? QUICK : STEADY
const figures: Figures[] = []
for (const setup of setups) {
  const left = (setups.length - figures.length) * (pace.warmUp + pace.measured)
  progress(
    `Measuring ${setup.name}: ${figures.length + 1} of ${setups.length}, ${left} s left at most`,
  )
  figures.push(await measure(database, site, setup, pace))
}
progress('')
console.log(`${table(figures)}\n`)
console.log(
  '20 visitors at a time; one visit in 1000 changes a flight. Each cache starts empty and has some seconds to fill.',
)
for (const reason of leftOut) console.log(`Left out: ${reason}`)

if (options.once) await end()
else await stayUp()

async function stayUp(): Promise<void> {
  const setup = setups.at(-1)
  if (setup === undefined) throw new Error('memory is always at hand')
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

async function end(message?: string): Promise<void> {
  if (message !== undefined) console.log(`\n${message}`)
  await opened.disposeAsync()
  process.exit()
}
