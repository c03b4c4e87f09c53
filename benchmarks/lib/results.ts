import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { plotCurves } from './curves.js'
import { plotOf } from './plot.js'
import type { Outcome, Scenario } from './scenario.js'
import { inWords, short, stateOf, tableOf } from './table.js'

export interface Finished {
  readonly scenario: Scenario
  readonly outcome: Outcome
}

/** What it ran on, and what of it could not run there. */
export interface Conditions {
  readonly machine: readonly string[]
  readonly libraries: Readonly<Record<string, string>>
  readonly leftOut: readonly string[]
}

const FILE = fileURLToPath(new URL('../RESULTS.md', import.meta.url))
const PLOTS = fileURLToPath(new URL('../results/', import.meta.url))

/** Writes `benchmarks/RESULTS.md` and the plots, all of them anew. */
export function writeResults(finished: readonly Finished[], conditions: Conditions): void {
  rmSync(PLOTS, { recursive: true, force: true })
  mkdirSync(PLOTS)
  for (const { scenario, outcome } of finished) {
    for (const { file, svg } of plotsOf(scenario, outcome))
      writeFileSync(`${PLOTS}${file}.svg`, svg)
  }
  writeFileSync(FILE, markdown(finished, conditions))
}

interface Plot {
  readonly file: string
  readonly alt: string
  readonly svg: string
}

function plotsOf({ name, asks }: Scenario, outcome: Outcome): Plot[] {
  if (outcome.curves !== undefined) {
    return outcome.curves.map((curves) => ({
      file: curves.file,
      alt: `${curves.title}: ${curves.y}`,
      svg: plotCurves(curves),
    }))
  }
  const isPlotted = outcome.rows.some(({ plotted }) => plotted !== undefined)
  return isPlotted ? [{ file: name, alt: outcome.plots, svg: plotOf(asks, outcome) }] : []
}

function markdown(
  finished: readonly Finished[],
  { machine, libraries, leftOut }: Conditions,
): string {
  const versions = Object.entries(libraries).map(([name, version]) => `${name} ${version}`)
  return [
    '# Results',
    'Written by `npm run bench`. How to read it and where the time goes: [docs/performance.md](../docs/performance.md).',
    [...machine, versions.join(', '), ...leftOut].map((line) => `- ${line}`).join('\n'),
    'Times are medians. Ratios compare each round with the floor’s of the same turn: median and, in brackets, the middle half.',
    '## In short',
    summary(finished),
    ...finished.flatMap(section),
    '',
  ].join('\n\n')
}

function section({ scenario, outcome }: Finished): string[] {
  const { notes = [], parts = [] } = outcome
  return [
    `## ${scenario.asks}`,
    ...plotsOf(scenario, outcome).map(({ file, alt }) => `![${alt}](results/${file}.svg)`),
    tableOf(outcome),
    ...parts.flatMap((part) => [`### ${part.title}`, tableOf(part)]),
    ...(notes.length > 0 ? [notes.map((note) => `- ${note}`).join('\n')] : []),
  ]
}

function summary(finished: readonly Finished[]): string {
  const lines = finished.flatMap(({ scenario, outcome }) => {
    const { verdicts, rows } = outcome
    const peers = rows
      .filter(({ name, plotted }) => isPeer(name, outcome) && plotted !== undefined)
      .map(({ plotted }) => plotted!)
    const range =
      peers.length === 0 || verdicts.length > 1
        ? '–'
        : `${short(Math.min(...peers))} – ${short(Math.max(...peers))}`
    return verdicts.map(({ says, ours, target }) => {
      const aim = target === undefined ? '–' : inWords(target)
      const state = target === undefined ? '' : stateOf(ours, target)
      return `| ${says ?? scenario.asks} | ${short(ours)} | ${range} | ${aim} | ${state} |`
    })
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
