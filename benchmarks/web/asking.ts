import type { Bench, Claim, Outcome } from '../lib/scenario.js'
import { spreadOf, type Spread } from '../lib/statistics.js'
import type { Question, WebContender } from './contender.js'
import type { Handler } from './page.js'
import type { Site } from './site.js'
import { openSites, rateOf, takeTurns, type Runner, type Turn } from './turns.js'

/** How many times as many requests per second of CPU as another, round by round. */
export function timesOf(
  mine: readonly Turn[],
  other: readonly Turn[] | undefined,
): Spread | undefined {
  if (other === undefined) return undefined
  return spreadOf(mine.map((turn, round) => rateOf(turn) / rateOf(other[round]!)))
}

export function thousands(perSecond: number): string {
  if (Number.isNaN(perSecond)) return '–'
  return perSecond < 1_000 ? perSecond.toFixed(0) : `${(perSecond / 1_000).toPrecision(3)}k`
}

export function rates(turns: readonly Turn[]): { perSecond: Spread; perCpuSecond: Spread } {
  return {
    perSecond: spreadOf(turns.map(({ perSecond }) => perSecond)),
    perCpuSecond: spreadOf(turns.map(({ perCpuSecond }) => perCpuSecond ?? Number.NaN)),
  }
}

export function rateCells(turns: readonly Turn[]): string[] {
  const { perSecond, perCpuSecond } = rates(turns)
  const { low, high } = perCpuSecond
  return [
    thousands(perSecond.median),
    `${thousands(perCpuSecond.median)} (${thousands(low)}–${thousands(high)})`,
  ]
}

export const COLUMNS = ['requests/s', 'requests per second of CPU'] as const

/** Opens everybody who can answer, asks, and closes them. */
export async function withSites(
  question: Question,
  handler: Handler,
  bench: Bench,
  ask: (sites: readonly Site[]) => Promise<Outcome>,
): Promise<Outcome> {
  const { sites, missing, close } = await openSites(question, handler, bench)
  for (const { who, why } of missing) bench.leaveOut(who, why)
  try {
    return await ask(sites)
  } finally {
    await close()
  }
}

/** The turns of each site that had any. */
export async function turnsBySite(
  sites: readonly Site[],
  bench: Bench,
  visits: Runner['visits'],
): Promise<Map<Site, Turn[]>> {
  const turns = await takeTurns(
    sites.map((site) => ({ site, visits })),
    bench,
  )
  return withTurns(sites, turns)
}

export function withTurns(
  sites: readonly Site[],
  turns: readonly (readonly Turn[])[],
): Map<Site, Turn[]> {
  return new Map(
    sites
      .map((site, n): [Site, Turn[]] => [site, [...turns[n]!]])
      .filter(([, own]) => own.length > 0),
  )
}

export function named(turns: ReadonlyMap<Site, Turn[]>): Map<string, Turn[]> {
  return new Map([...turns].map(([{ contender }, list]) => [contender.name, list]))
}

export function failures(turns: ReadonlyMap<Site, Turn[]>): Claim[] {
  return [...turns].map(([{ contender }, list]) => {
    const failed = list.reduce((sum, turn) => sum + turn.failed, 0)
    return { claim: `${contender.name} fails no visitor (${failed})`, holds: failed === 0 }
  })
}

/** Whether pages are kept there; a plain handler runs at each visit. */
export function isCached({ beside, kind }: WebContender): boolean {
  return beside !== undefined || kind === 'front'
}
