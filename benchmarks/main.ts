/**
 * `npm run bench`: what keepfresh costs, beside the libraries that a reader would otherwise pick, in one run.
 *
 * Everyone answers in a process of its own, in turns of a few milliseconds, and each turn is compared with the floor's in the
 * same turn: what else runs on the machine touches both. Printed are medians and the middle half around them.
 */
import { isWanted, parse, USAGE, type Arguments } from './lib/arguments.js'
import { describeMachine } from './lib/machine.js'
import { installPeers, versions } from './lib/peers.js'
import { profileScenario } from './lib/profile.js'
import { writeResults, type Finished } from './lib/results.js'
import type { Bench, Scenario } from './lib/scenario.js'
import { createServers, LeftOut } from './lib/servers.js'
import { tableOf, verdictsOf } from './lib/table.js'
import { runTimed } from './lib/turns.js'
import { SCENARIOS } from './scenarios/index.js'

/** A run of everything begins no new question after this: it ends within a quarter of an hour, also on a machine that others use. */
const LIMIT_OF_ALL_MS = 780_000

let options: Arguments
try {
  options = parse(process.argv.slice(2))
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`)
  process.exit(2)
}
const { only, isQuick, isJson, isList, profile } = options
const log = (line: string): void => {
  if (!isJson) console.log(line)
}

/** The longest that one question may take: most take some seconds, some more when they are asked for by name. */
const LIMIT_MS = only.length > 0 ? 1_200_000 : 300_000

const chosen = SCENARIOS.filter((scenario) =>
  only.length === 0 ? !isByName(scenario) : isWanted(scenario.name, only),
)

if (isList) {
  for (const scenario of SCENARIOS) {
    const { name, asks } = scenario
    console.log(`${name.padEnd(22)} ${asks}${isByName(scenario) ? ' (only by name)' : ''}`)
  }
  process.exit(0)
}
if (chosen.length === 0) {
  console.error(`nothing is named like ${only.join(', ')}; npm run bench -- --list\n\n${USAGE}`)
  process.exit(2)
}

// Workers and servers do not keep a process alive, and for moments there is nothing else.
setInterval(() => {}, 1_000)

const began = performance.now()
let passed = 0
const failures: string[] = []
const leftOut = new Set<string>()
const leaveOut = (who: string, why: string): void => {
  const line = `${who} is left out: ${why}`
  if (!leftOut.has(line)) log(line)
  leftOut.add(line)
}
const needsPeers = chosen.some((scenario) => !isByName(scenario))
const havePeers = needsPeers && installPeers(log)
if (needsPeers && !havePeers) failures.push('the libraries to compare with are installed')
const bench: Bench = {
  servers: createServers(),
  isQuick,
  isAskedFor: only.length > 0,
  havePeers,
  log,
  leaveOut,
  isNamed: options.with.length > 0,
  wanted: (name) => isWanted(name, options.with),
}
const machine = describeMachine()
const libraries = versions(havePeers)

if (profile) {
  for (const scenario of chosen) await profileScenario(scenario, bench)
  process.exit(0)
}
if (!isQuick) {
  for (const line of machine) log(line)
  log(
    Object.entries(libraries)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  )
}

const finished: Finished[] = []
for (const [n, scenario] of chosen.entries()) await runOne(scenario, n + 1)
const isWhole = only.length === 0 && !bench.isNamed && havePeers
if (isWhole && !isQuick) writeResults(finished, { machine, libraries, leftOut: [...leftOut] })

if (isJson) {
  const scenarios = finished.map(({ scenario: { name, asks }, outcome }) => {
    const { verdicts, claims, data } = outcome
    return { name, asks, verdicts, claims, data }
  })
  const all = { machine, versions: libraries, leftOut: [...leftOut], scenarios }
  console.log(JSON.stringify(all, null, 2))
}
for (const claim of failures) log(`failed: ${claim}`)
log(`${passed} passed, ${failures.length} failed`)
process.exit(failures.length > 0 ? 1 : 0)

async function runOne(scenario: Scenario, n: number): Promise<void> {
  const start = performance.now()
  const { name, asks } = scenario
  if (only.length === 0 && start - began > LIMIT_OF_ALL_MS) {
    leaveOut(
      name,
      `the run had taken ${LIMIT_OF_ALL_MS / 60_000} minutes; npm run bench -- ${name}`,
    )
    return
  }
  if (!isQuick) log(`\n${asks} (${name}, ${n} of ${chosen.length})`)
  try {
    const outcome = await inTime(
      scenario.kind === 'timed' ? runTimed(scenario, bench) : scenario.run(bench),
    )
    finished.push({ scenario, outcome })
    const failed = outcome.claims.filter(({ holds }) => !holds)
    passed += outcome.claims.length - failed.length
    failures.push(...failed.map(({ claim }) => `${name}: ${claim}`))
    const took = `${secondsSince(start)} s, ${secondsSince(began)} s since the beginning`
    if (isQuick) {
      log(`${name.padEnd(22)} ${outcome.claims.length} claims, ${took}`)
      return
    }
    log(`\n${tableOf(outcome)}`)
    for (const part of outcome.parts ?? []) log(`\n${part.title}\n\n${tableOf(part)}`)
    for (const note of outcome.notes ?? []) log(`\n${note}`)
    const verdicts = verdictsOf(outcome)
    if (verdicts !== '') log(`\n${verdicts}`)
    log(`\n${took}`)
  } catch (error) {
    if (error instanceof LeftOut) leaveOut(name, error.message)
    else failures.push(`${name}: it runs (${(error as Error).stack ?? String(error)})`)
  }
}

/** A question that hangs, as a server may make it, does not keep the others from being asked. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new Error(`no answer within ${LIMIT_MS / 1_000} s`)),
    LIMIT_MS,
  )
  try {
    return await Promise.race([answer, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

function secondsSince(start: number): string {
  return ((performance.now() - start) / 1_000).toFixed(1)
}

function isByName(scenario: Scenario): boolean {
  return scenario.kind === 'other' && scenario.byName === true
}
