import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { plotOf } from './plot.js'
import type { Outcome, Scenario } from './scenario.js'
import { inWords, tableOf } from './table.js'

export interface Finished {
  readonly scenario: Scenario
  readonly outcome: Outcome
}

const FILE = fileURLToPath(new URL('../RESULTS.md', import.meta.url))
const PLOTS = fileURLToPath(new URL('../results/', import.meta.url))

/** Writes `benchmarks/RESULTS.md` and a plot for each scenario. */
export function writeResults(
  finished: readonly Finished[],
  machine: readonly string[],
  versions: Readonly<Record<string, string>>,
): void {
  mkdirSync(PLOTS, { recursive: true })
  for (const { scenario, outcome } of finished) {
    writeFileSync(`${PLOTS}${scenario.name}.svg`, plotOf(scenario.asks, outcome))
  }
  writeFileSync(FILE, markdown(finished, machine, versions))
}

function markdown(
  finished: readonly Finished[],
  machine: readonly string[],
  versions: Readonly<Record<string, string>>,
): string {
  const libraries = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    '# Results',
    'Written by `npm run bench`. How to read it and where the time goes: [docs/performance.md](../docs/performance.md).',
    [...machine, libraries.join(', ')].map((line) => `- ${line}`).join('\n'),
    'Times are medians. Ratios compare each round with the floor’s of the same turn: median and, in brackets, the middle half.',
    '## In short',
    summary(finished),
    ...finished.flatMap(({ scenario, outcome }) => [
      `## ${scenario.asks}`,
      `![${outcome.plots}](results/${scenario.name}.svg)`,
      tableOf(outcome),
    ]),
    '',
  ].join('\n\n')
}

function summary(finished: readonly Finished[]): string {
  const lines = finished.map(({ scenario, outcome }) => {
    const { ours, target, rows } = outcome
    const peers = rows
      .filter(({ name, plotted }) => isPeer(name, outcome) && plotted !== undefined)
      .map(({ plotted }) => plotted!)
    const range =
      peers.length === 0 ? '–' : `${short(Math.min(...peers))} – ${short(Math.max(...peers))}`
    const aim = target === undefined ? '–' : inWords(target)
    const state = target === undefined ? '' : ours <= target.atMost ? 'reached' : 'missed'
    return `| ${scenario.asks} | ${short(ours)} | ${range} | ${aim} | ${state} |`
  })
  return ['| | keepfresh | peers | target | |', '| --- | ---: | ---: | --- | --- |', ...lines].join(
    '\n',
  )
}

function isPeer(name: string, { plots }: Outcome): boolean {
  return (
    !name.startsWith('keepfresh') &&
    !plots.endsWith(name) &&
    !/^(lru-cache|ioredis|memjs)$/.test(name)
  )
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)))
}
