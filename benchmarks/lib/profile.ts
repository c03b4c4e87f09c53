import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { hire } from './crew.js'
import { flameGraph, selfTimes, type CpuProfile } from './flame.js'
import type { Bench, Scenario } from './scenario.js'

const FOLDER = fileURLToPath(new URL('../profiles/', import.meta.url))
const SECONDS = 3

/**
 * Where keepfresh spends the time of a scenario: a profile for Chrome's developer tools, a flame graph, and the functions that
 * take the most, printed.
 */
export async function profileScenario(scenario: Scenario, bench: Bench): Promise<void> {
  if (scenario.kind !== 'timed') {
    if (scenario.profile === undefined) bench.log(`${scenario.name} has no rounds to profile`)
    return scenario.profile?.(bench)
  }
  const { callers, keys, batch = 1, name, isCold = false, maxEntries = 2 * keys } = scenario
  const member = await hire(bench, scenario.entrants[0]!, { callers, maxEntries })
  try {
    const { call } = member.worker
    const work = { keys, callers, batch, isCold }
    await call.fill(keys)
    await call.round(work, 200 * callers)
    const { ns } = await call.round(work, 200 * callers)
    await call.profileStart()
    const sample = await call.round(work, Math.ceil((SECONDS * 1e9) / ns))
    const profile = (await call.profileStop()) as CpuProfile
    bench.log(`\n${scenario.asks} ${sample.ns.toFixed(0)} ns each`)
    writeProfile(name, scenario.asks, profile, bench)
  } finally {
    await member.worker.kill()
  }
}

/** Writes a profile and its flame graph, and prints the functions that take the most. */
export function writeProfile(name: string, title: string, profile: CpuProfile, bench: Bench): void {
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(`${FOLDER}${name}.cpuprofile`, JSON.stringify(profile))
  writeFileSync(`${FOLDER}${name}.svg`, flameGraph(profile, title))
  bench.log(`\n${FOLDER}${name}.svg\n`)
  for (const { where, share } of selfTimes(profile).slice(0, 30)) {
    bench.log(`${(100 * share).toFixed(1).padStart(6)} %  ${where}`)
  }
}
