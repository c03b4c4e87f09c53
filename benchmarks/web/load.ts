import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchDirectory } from '../../test/support/scratch.js'
import { besideServers } from './cores.js'

/** What visitors ask for. */
export interface Visits {
  readonly port: number
  /** The same page each time, or a number from which each visit asks for the next one. */
  readonly page: string | number
  readonly fields?: Readonly<Record<string, string>>
  /** At least this long; whole seconds. */
  readonly seconds: number
}

export interface Answered {
  readonly requests: number
  readonly seconds: number
  /** Connections that failed, and answers that are neither 2xx nor 3xx. */
  readonly failed: number
}

/** Visitors on 32 connections, each asking again as soon as it has its answer. */
export interface Load {
  readonly program: string
  run(visits: Visits): Promise<Answered>
}

export const CONNECTIONS = 32

/** wrk, which needs the least of the machine for itself; else autocannon, a dependency for development. */
export function chooseLoad(): Load {
  return spawnSync('wrk', ['-v']).error === undefined
    ? { program: 'wrk', run: byWrk }
    : { program: 'autocannon (wrk is not installed)', run: byAutocannon }
}

const NEXT_PAGE = `
local n
function init(args) n = tonumber(args[1]) end
function request() n = n + 1; return wrk.format(nil, "/page/" .. n) end
`
let script: string | undefined

async function byWrk({ port, page, fields = {}, seconds }: Visits): Promise<Answered> {
  const url = `http://127.0.0.1:${port}`
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`]
  for (const [name, value] of Object.entries(fields)) args.push('-H', `${name}: ${value}`)
  if (typeof page === 'string') args.push(`${url}/page/${page}`)
  else args.push('-s', nextPage(), url, '--', String(page))
  const command = besideServers('wrk', args)
  const output = await outputOf(command.file, command.args)
  const [, requests, took, unit] = /(\d+) requests in ([\d.]+)(ms|s)/.exec(output) ?? []
  if (requests === undefined) throw new Error(`wrk says something else: ${output}`)
  const [, ...errors] =
    /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output) ?? []
  const other = Number(/Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? 0)
  return {
    requests: Number(requests),
    seconds: Number(took) / (unit === 'ms' ? 1_000 : 1),
    failed: errors.reduce((sum, count) => sum + Number(count), other),
  }
}

function nextPage(): string {
  if (script === undefined) {
    script = join(scratchDirectory('wrk'), 'next-page.lua')
    writeFileSync(script, NEXT_PAGE)
  }
  return script
}

function outputOf(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (text) => (output += String(text)))
    child.stderr.on('data', (text) => (output += String(text)))
    child.once('error', reject).once('close', () => resolve(output))
  })
}

/** The slice of https://github.com/mcollina/autocannon#autocannonopts-cb that is used. */
type Autocannon = (options: {
  readonly url: string
  readonly connections: number
  readonly duration: number
  readonly headers: Readonly<Record<string, string>>
  readonly requests?: readonly { setupRequest(request: object): object }[]
}) => Promise<{
  readonly duration: number
  readonly errors: number
  readonly '2xx': number
  readonly '3xx': number
  readonly non2xx: number
}>

async function byAutocannon({ port, page, fields = {}, seconds }: Visits): Promise<Answered> {
  const specifier: string = 'autocannon'
  const { default: run } = (await import(specifier)) as { default: Autocannon }
  const url = `http://127.0.0.1:${port}/page/${page}`
  let next = Number(page)
  const done = await run({
    url,
    connections: CONNECTIONS,
    duration: seconds,
    headers: fields,
    ...(typeof page === 'number' && {
      requests: [{ setupRequest: (request) => ({ ...request, path: `/page/${++next}` }) }],
    }),
  })
  return {
    requests: done['2xx'] + done['3xx'],
    seconds: done.duration,
    failed: done.errors + done.non2xx - done['3xx'],
  }
}
