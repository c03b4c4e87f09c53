import { startPostgres, type PostgresServer } from '../../test/support/servers/index.js'
import type { Bench, Claim, Outcome, Row, Scenario, Verdict } from '../lib/scenario.js'
import { spreadOf, type Spread } from '../lib/statistics.js'
import {
  COLUMNS,
  failures,
  isCached,
  named,
  rateCells,
  rates,
  timesOf,
  turnsBySite,
  withSites,
} from '../web/asking.js'
import { type Handler, type Page, pageOf, TABLE } from '../web/page.js'
import { profileSites } from '../web/profile.js'
import type { Site } from '../web/site.js'
import { rateOf } from '../web/turns.js'
import { visit } from '../web/visit.js'

const VISITS = 20

/** How often, and in how many turns, one visitor asks alone. */
const LONE_VISITS = 60
const LONE_ROUNDS = 5

const COST = [
  ...COLUMNS,
  'added to the bare handler',
  'to the bare handler',
  'one visitor waits',
] as const

export const webMiss: Scenario = {
  kind: 'other',
  name: 'web-miss',
  asks: 'What does a cache add to a page of 10 kB that is rendered and kept?',
  profile: (bench) => profileSites('web-miss', { makes: 'rendered' }, { page: 1 }, bench),
  async run(bench) {
    const rendered = await missesOf({ makes: 'rendered' }, 'a template, 0.2 ms', bench)
    const queried = await withDatabase(bench, (database) =>
      missesOf({ makes: 'queried', database }, '400 rows of PostgreSQL', bench),
    )
    if (queried === undefined) return rendered
    return {
      ...rendered,
      verdicts: [...rendered.verdicts, ...queried.verdicts],
      claims: [...rendered.claims, ...queried.claims],
      data: { rendered: rendered.data, queried: queried.data },
      parts: [
        {
          title: 'The same beside a handler that asks PostgreSQL for 400 rows',
          columns: queried.columns,
          rows: queried.rows,
        },
      ],
    }
  },
}

/** Undefined where there is no PostgreSQL. */
async function withDatabase<T>(
  bench: Bench,
  ask: (url: string) => Promise<T>,
): Promise<T | undefined> {
  let postgres: PostgresServer
  try {
    postgres = await startPostgres()
  } catch (error) {
    bench.leaveOut('a handler that asks PostgreSQL', (error as Error).message.slice(0, 300))
    return undefined
  }
  await using server = postgres
  for (const statement of TABLE) await server.query(statement)
  return await ask(server.url)
}

function missesOf(handler: Handler, does: string, bench: Bench): Promise<Outcome> {
  return withSites('miss', handler, bench, async (sites) => {
    const claims: Claim[] = []
    const { body } = pageOf(handler)
    for (const own of await Promise.all(sites.map((site) => claimsOfMisses(site, body)))) {
      claims.push(...own.map(({ claim, holds }) => ({ claim: `${claim} (${does})`, holds })))
    }
    // Far enough apart that no round asks for a page of another.
    const turns = await turnsBySite(sites, bench, (round) => ({ page: (round + 2) * 10_000_000 }))
    const waits = bench.isQuick ? new Map<Site, Spread>() : await loneVisits(sites)
    const by = named(turns)
    const rows: Row[] = []
    const verdicts: Verdict[] = []
    for (const [site, mine] of turns) {
      const { name, kind, beside } = withBeside(site)
      const bare = by.get(beside)
      const { perCpuSecond } = rates(mine)
      const added =
        bare === undefined
          ? undefined
          : spreadOf(mine.map((turn, n) => 1e6 / rateOf(turn) - 1e6 / rateOf(bare[n]!)))
      const times = timesOf(mine, bare)
      const wait = waits.get(site)
      rows.push({
        name,
        cells: [
          ...rateCells(mine),
          added === undefined
            ? ''
            : `${added.median.toFixed(0)} µs (${added.low.toFixed(0)}–${added.high.toFixed(0)})`,
          times === undefined ? '' : (1 / times.median).toFixed(2),
          wait === undefined
            ? ''
            : `${wait.median.toFixed(2)} ms (${wait.low.toFixed(2)}–${wait.high.toFixed(2)})`,
        ],
        plotted: 1e6 / perCpuSecond.median,
      })
      if (kind === 'application' && name.startsWith('keepfresh') && times !== undefined) {
        verdicts.push({
          says: `A miss beside the bare handler (${does}), ${name}`,
          ours: 1 / times.median,
          target: { atMost: 1.05, unit: 'times' },
        })
      }
    }
    return {
      columns: COST,
      rows,
      plots: 'µs of CPU for each page',
      verdicts,
      claims: [...claims, ...failures(turns)],
      data: Object.fromEntries([...by].map(([name, list]) => [name, rates(list)])),
    }
  })
}

function withBeside({ contender: { name, kind, beside } }: Site): {
  readonly name: string
  readonly kind: string
  readonly beside: string
} {
  return { name, kind, beside: beside ?? (kind === 'front' ? 'express' : '') }
}

/** How long a visitor who is alone waits for the last byte of a page that has to be made, ms; everybody in turns. */
async function loneVisits(sites: readonly Site[]): Promise<Map<Site, Spread>> {
  const waited = new Map(sites.map((site) => [site, [] as number[]]))
  let page = 900_000_000
  for (let round = 0; round < LONE_ROUNDS; round++) {
    for (const site of sites) {
      for (let n = 0; n < LONE_VISITS; n++) {
        const from = performance.now()
        await visit(site.port, `/page/${page++}`)
        waited.get(site)!.push(performance.now() - from)
      }
    }
  }
  return new Map([...waited].map(([site, all]) => [site, spreadOf(all)]))
}

async function claimsOfMisses(
  { contender, port, runs }: Site,
  body: Page['body'],
): Promise<Claim[]> {
  const { name } = contender
  const before = await runs()
  const ids = Array.from({ length: VISITS }, (_, n) => String(n))
  const ask = (): Promise<boolean[]> =>
    Promise.all(
      ids.map(async (id) => {
        const answer = await visit(port, `/page/${id}`)
        return answer.status === 200 && answer.body === (await body(id))
      }),
    )
  const right = await ask()
  const ran = (await runs()) - before
  const again = await ask()
  const ranAgain = (await runs()) - before - ran
  const cached = isCached(contender)
  return [
    { claim: `${name} sends each page's own bytes`, holds: [...right, ...again].every(Boolean) },
    {
      claim: `${name} runs the handler once for each page (${ran} of ${VISITS})`,
      holds: ran === VISITS,
    },
    {
      claim: `${name} keeps ${cached ? 'them' : 'none'} (${ranAgain} runs when asked again)`,
      holds: ranAgain === (cached ? 0 : VISITS),
    },
  ]
}
