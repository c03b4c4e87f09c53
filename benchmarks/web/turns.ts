import type { Bench } from '../lib/scenario.js'
import type { Question, WebContender } from './contender.js'
import { WEB_CONTENDERS } from './contenders/index.js'
import { chooseLoad, type Load, type Visits } from './load.js'
import type { Handler } from './page.js'
import { openSite, type Site } from './site.js'

/** What a turn came to. */
export interface Turn {
  /** Requests answered in a second. */
  readonly perSecond: number
  /** Requests answered in a second of the server's CPU time; undefined where that is not known. */
  readonly perCpuSecond: number | undefined
  readonly failed: number
}

export interface Opened {
  readonly sites: readonly Site[]
  readonly missing: readonly { readonly who: string; readonly why: string }[]
  readonly close: () => Promise<void>
}

const ROUNDS = 5
const SECONDS = 1

/** Starts everybody who can answer a question. */
export async function openSites(
  question: Question,
  handler: Handler,
  { havePeers, wanted }: Bench,
): Promise<Opened> {
  const missing: { readonly who: string; readonly why: string }[] = []
  const sites: Site[] = []
  const open = async (contender: WebContender): Promise<void> => {
    const { name } = contender
    if (contender.kind === 'application' && contender.isPeer && !havePeers) {
      missing.push({ who: name, why: 'it could not be installed' })
      return
    }
    try {
      sites.push(await openSite(contender, handler))
    } catch (error) {
      if (contender.kind === 'application') throw error
      missing.push({ who: name, why: firstLineOf(error, contender.program) })
    }
  }
  // A database is asked by applications; what stands in front of them costs what it costs before the other handlers.
  const all = WEB_CONTENDERS.filter(
    ({ answers, name, kind }) =>
      answers.includes(question) &&
      wanted(name) &&
      (kind === 'application' || handler.makes !== 'queried'),
  )
  const close = async (): Promise<void> => void (await Promise.all(sites.map((s) => s.close())))
  try {
    await Promise.all(all.map(open))
  } catch (error) {
    await close()
    throw error
  }
  const order = (site: Site): number => all.indexOf(site.contender)
  return { sites: sites.toSorted((a, b) => order(a) - order(b)), missing, close }
}

function firstLineOf(error: unknown, program: string): string {
  const text = (error as Error).message
  if (/not found|ENOENT/.test(text)) return `${program} is not installed`
  return text.replaceAll(/\s+/g, ' ').slice(0, 300)
}

/** A site and what visitors want of it. */
export interface Runner {
  readonly site: Site
  readonly visits: (round: number) => Omit<Visits, 'port' | 'seconds'>
}

/**
 * Loads everybody in turns, so that what else the machine does touches all: one list of turns for each, round by round, in the
 * order in which they are given. An empty list is of one who gives no answer that the load understands.
 */
export async function takeTurns(runners: readonly Runner[], { isQuick }: Bench): Promise<Turn[][]> {
  const turns = runners.map((): Turn[] => [])
  if (isQuick) return turns
  const load = chooseLoad()
  const silent = new Set<number>()
  for (let round = -1; round < ROUNDS; round++) {
    for (let n = 0; n < runners.length; n++) {
      // Who follows whom changes from round to round.
      const at = (n + round + 1) % runners.length
      if (silent.has(at)) continue
      const { site, visits } = runners[at]!
      const turn = await takeTurn(load, site, visits(round))
      if (turn.perSecond === 0) {
        silent.add(at)
        turns[at] = []
      } else if (round >= 0) turns[at]!.push(turn)
    }
  }
  return turns
}

async function takeTurn(
  load: Load,
  site: Site,
  visits: Omit<Visits, 'port' | 'seconds'>,
): Promise<Turn> {
  const before = site.cpuSeconds()
  const { requests, seconds, failed } = await load.run({
    ...visits,
    port: site.port,
    seconds: SECONDS,
  })
  const after = site.cpuSeconds()
  const busy = before === undefined || after === undefined ? undefined : after - before
  return {
    perSecond: requests / seconds,
    perCpuSecond: busy === undefined || busy === 0 ? undefined : requests / busy,
    failed,
  }
}

/** What turns are compared by: requests per second of CPU where it is known. */
export function rateOf({ perCpuSecond, perSecond }: Turn): number {
  return perCpuSecond ?? perSecond
}
