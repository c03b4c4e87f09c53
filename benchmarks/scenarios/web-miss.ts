import type { Claim, Row, Scenario, Verdict } from '../lib/scenario.js'
import { spreadOf } from '../lib/statistics.js'
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
import { pageOf } from '../web/page.js'
import { profileSites } from '../web/profile.js'
import type { Site } from '../web/site.js'
import { rateOf } from '../web/turns.js'
import { visit } from '../web/visit.js'

const VISITS = 20

export const webMiss: Scenario = {
  kind: 'other',
  name: 'web-miss',
  asks: 'What does a cache add to a page of 10 kB that is rendered and kept?',
  profile: (bench) => profileSites('web-miss', { makes: 'rendered' }, { page: 1 }, bench),
  run: (bench) =>
    withSites('miss', { makes: 'rendered' }, bench, async (sites) => {
      const claims = (await Promise.all(sites.map(claimsOfMisses))).flat()
      // Far enough apart that no round asks for a page of another.
      const turns = await turnsBySite(sites, bench, (round) => ({ page: (round + 2) * 10_000_000 }))
      const by = named(turns)
      const rows: Row[] = []
      const verdicts: Verdict[] = []
      for (const [{ contender }, mine] of turns) {
        const { name, kind } = contender
        const bare = by.get(contender.beside ?? (kind === 'front' ? 'express' : ''))
        const { perCpuSecond } = rates(mine)
        const added =
          bare === undefined
            ? undefined
            : spreadOf(mine.map((turn, n) => 1e6 / rateOf(turn) - 1e6 / rateOf(bare[n]!)))
        const times = timesOf(mine, bare)
        rows.push({
          name,
          cells: [
            ...rateCells(mine),
            added === undefined
              ? ''
              : `${added.median.toFixed(0)} µs (${added.low.toFixed(0)}–${added.high.toFixed(0)})`,
            times === undefined ? '' : (1 / times.median).toFixed(2),
          ],
          plotted: 1e6 / perCpuSecond.median,
        })
        if (name.startsWith('keepfresh') && times !== undefined) {
          verdicts.push({
            says: `A miss beside the bare handler, ${name}`,
            ours: 1 / times.median,
            target: { atMost: 1.05, unit: 'times' },
          })
        }
      }
      return {
        columns: [...COLUMNS, 'added to the bare handler', 'to the bare handler'],
        rows,
        plots: 'µs of CPU for each page',
        verdicts,
        claims: [...claims, ...failures(turns)],
        data: Object.fromEntries([...by].map(([name, list]) => [name, rates(list)])),
      }
    }),
}

async function claimsOfMisses({ contender, port, runs }: Site): Promise<Claim[]> {
  const { name } = contender
  const { body } = pageOf({ makes: 'rendered' })
  const before = await runs()
  const ids = Array.from({ length: VISITS }, (_, n) => String(n))
  const ask = (): Promise<boolean[]> =>
    Promise.all(
      ids.map(async (id) => {
        const answer = await visit(port, `/page/${id}`)
        return answer.status === 200 && answer.body === body(id)
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
