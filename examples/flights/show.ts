/** A change and what visitors see of it, told in a few lines. */
import type { Database } from './database/database.ts'
import { openServer } from './server.ts'
import type { Setup } from './measure/setups.ts'

interface Shown {
  readonly id: number
  /** Time, destination, gate and status, as the board has them. */
  readonly row: string
  /** How the board was answered, in its own words. */
  readonly answer: string
}

/**
 * Reads the board of Atlanta until it comes from the cache, changes its first flight on one web server, and asks
 * another web server for the board at once.
 */
export async function showChange(database: Database, setup: Setup): Promise<string> {
  await using servers = new AsyncDisposableStack()
  const open = async () => {
    const cache = setup.open()
    const server = await openServer({ database, cache, store: setup.name, port: 0 })
    servers.defer(async () => {
      await server.close()
      await cache?.close()
    })
    return server.url
  }
  const writer = await open()
  const reader = setup.shared ? await open() : writer
  const board = '/departures/ATL'

  await firstRow(writer + board)
  await firstRow(reader + board)
  const before = await firstRow(reader + board)
  const startedAt = performance.now()
  await fetch(`${writer}/flights/${before.id}`, {
    method: 'POST',
    body: new URLSearchParams({ delay: '95', gate: before.row.includes(' B7 ') ? 'C3' : 'B7' }),
    redirect: 'manual',
  })
  const changedAt = performance.now()
  let after = await firstRow(reader + board)
  let requests = 1
  // Process memory elsewhere follows by a message; a machine that is very busy may deliver it after the next request.
  for (; after.row === before.row && performance.now() < changedAt + 5000; requests++)
    after = await firstRow(reader + board)
  const shownAt = performance.now()

  const where = setup.shared ? ' on one web server, the board asked of another' : ''
  const outcome =
    after.row === before.row
      ? 'The board still shows the old row: this is a bug.'
      : `The board showed it ${(shownAt - changedAt).toFixed(1)} ms later, at request ${requests}.`
  return [
    `Flight ${before.id} is changed${where} (${setup.name}):`,
    `  before    ${before.row}   ${before.answer}`,
    `  changed   in ${(changedAt - startedAt).toFixed(1)} ms`,
    `  after     ${after.row}   ${after.answer}`,
    `  ${outcome}`,
  ].join('\n')
}

/** The first flight on a board. */
async function firstRow(url: string): Promise<Shown> {
  const page = await (await fetch(url)).text()
  const [, id = '', row = ''] = /<tr id="flight-(\d+)"[^>]*>(.*?)<\/tr>/s.exec(page) ?? []
  const [, foot = ''] = /<footer[^>]*>(.*?)<\/footer>/s.exec(page) ?? []
  const [time = '', city = '', , gate = '', status = ''] = texts(row)
  const [state = ''] = texts(foot)
  const [, milliseconds = ''] = /([\d.]+ ms)/.exec(foot) ?? []
  return {
    id: Number(id),
    row: `${time}  ${city.padEnd(12)} ${gate.padEnd(4)} ${status}`,
    answer: `(${state}, ${milliseconds})`,
  }
}

/** The texts between tags. */
function texts(markup: string): string[] {
  return markup
    .split(/<[^>]*>/)
    .map((text) => text.trim())
    .filter((text) => text !== '')
}
