/**
 * What a page of 10 kB costs the server that sends it, by the place of the cache: in the framework, in front of it, nowhere.
 *
 * Each application has a process, pinned to one core; `wrk` asks from another. They take turns of a second in an order that
 * changes, and what is compared is requests per second of the server's CPU, so that who else wants the cores hardly counts.
 *
 * Run: `npm run bench -- page-hit`; needs `wrk` and `taskset`. `ROUNDS` and `SECONDS` in the environment change the length.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { KINDS, type Kind } from './page-hit/page.js'

const SERVER = fileURLToPath(new URL('page-hit/server.ts', import.meta.url))
const HOOK = fileURLToPath(new URL('../scripts/typescript.ts', import.meta.url))
const ROUNDS = Number(process.env['ROUNDS'] ?? 9)
const SECONDS = Number(process.env['SECONDS'] ?? 1)
const run = promisify(execFile)

type Ask = 'hit' | '304' | 'new page'

interface Application {
  readonly kind: Kind
  readonly process: ChildProcess
  readonly port: number
  readonly etag: string
}

const scripts = mkdtempSync(join(tmpdir(), 'keepfresh-bench-'))
const NEW_PAGES = join(scripts, 'new.lua')
// Each page is asked for once: by the application, the round and a count.
writeFileSync(
  NEW_PAGES,
  `local n = 0
local first = os.time() .. '-' .. math.random(1e9)
request = function()
  n = n + 1
  return wrk.format('GET', '/rendered/' .. first .. '-' .. n)
end
`,
)

async function start(kind: Kind): Promise<Application> {
  const process_ = spawn('taskset', ['-c', '0', process.execPath, '--import', HOOK, SERVER, kind], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const [port] = (await once(process_, 'message')) as [number]
  await head(port)
  return { kind, process: process_, port, etag: await head(port) }
}

function head(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', path: '/page', agent: false }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.headers.etag ?? ''))
    })
    asked.once('error', reject).end()
  })
}

async function cpu(application: Application): Promise<number> {
  application.process.send('cpu')
  const [[user, system]] = (await once(application.process, 'message')) as [[number, number]]
  return user + system
}

/** Requests per second of the server's CPU. */
async function measure(application: Application, ask: Ask, seconds: number): Promise<number> {
  const args = ['-t1', '-c32', `-d${seconds}s`]
  if (ask === '304') args.push('-H', `if-none-match: ${application.etag}`)
  if (ask === 'new page') args.push('-s', NEW_PAGES)
  const before = await cpu(application)
  const { stdout } = await run('taskset', [
    '-c',
    '1',
    'wrk',
    ...args,
    `http://127.0.0.1:${application.port}/page`,
  ])
  const used = (await cpu(application)) - before
  if (/Non-2xx or 3xx responses|Socket errors/.test(stdout)) throw new Error(stdout)
  return Number(/(\d+) requests in/.exec(stdout)![1]) / (used / 1e6)
}

const only = process.env['KINDS']?.split(';')
const kinds = KINDS.filter((kind) => only === undefined || only.includes(kind))
const applications = await Promise.all(kinds.map(start))
const lines = applications
  .flatMap((application) => {
    const asks: Ask[] = application.kind === 'node:http' ? ['hit'] : ['hit', '304', 'new page']
    return asks.map((ask) => ({ application, ask, rates: [] as number[] }))
  })
  .filter(({ ask }) => process.env['ASKS']?.split(';').includes(ask) ?? true)
for (const { application, ask } of lines) await measure(application, ask, SECONDS)
for (let round = 0; round < ROUNDS; round++) {
  const order = lines.map((line) => ({ line, at: Math.random() })).toSorted((a, b) => a.at - b.at)
  for (const { line } of order) {
    line.rates.push(await measure(line.application, line.ask, SECONDS))
  }
}
for (const { process: one } of applications) one.disconnect()

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
console.log('| application | asked for | requests per second of CPU | µs each | middle half |')
console.log('| --- | --- | ---: | ---: | --- |')
for (const { application, ask, rates } of lines) {
  const sorted = rates.toSorted((a, b) => a - b)
  const at = (part: number): string =>
    Math.round(sorted[Math.floor(part * (sorted.length - 1))]!).toLocaleString('en')
  const rate = median(rates)
  console.log(
    `| ${application.kind} | ${ask} | ${Math.round(rate).toLocaleString('en')} | ${(1e6 / rate).toFixed(1)} | ${at(0.25)} – ${at(0.75)} |`,
  )
}
const rateOf = (kind: Kind, ask: Ask): number =>
  median(lines.find((line) => line.application.kind === kind && line.ask === ask)?.rates ?? [NaN])
const ratio = (what: string, a: number, b: number, target: string): void => {
  if (!Number.isNaN(a / b)) console.log(`${what}: ${(a / b).toFixed(2)} (${target})`)
}
console.log()
ratio(
  'middleware to plain Express',
  rateOf('express, middleware', 'hit'),
  rateOf('express', 'hit'),
  'at least 1.25',
)
ratio(
  'in front to plain Express',
  rateOf('express, in front', 'hit'),
  rateOf('express', 'hit'),
  'at least 4',
)
ratio(
  'in front to node:http',
  rateOf('express, in front', 'hit'),
  rateOf('node:http', 'hit'),
  'at least 0.9',
)
ratio(
  'hook to plain Fastify',
  rateOf('fastify, hook', 'hit'),
  rateOf('fastify', 'hit'),
  'at least 1.1',
)
ratio('in front to plain Fastify', rateOf('fastify, in front', 'hit'), rateOf('fastify', 'hit'), '')
for (const kind of [
  'express, middleware',
  'express, in front',
  'fastify, hook',
  'fastify, in front',
] as const) {
  ratio(`${kind}: a 304 to its 200`, rateOf(kind, '304'), rateOf(kind, 'hit'), 'at least 1.2')
  const bare = kind.startsWith('express') ? 'express' : 'fastify'
  ratio(
    `${kind}: a miss, CPU to the bare handler`,
    rateOf(bare, 'new page'),
    rateOf(kind, 'new page'),
    'at most 1.05',
  )
}
