import type { Claim, Row, Scenario, Verdict } from '../lib/scenario.js'
import { inBrackets, spreadOf } from '../lib/statistics.js'
import {
  COLUMNS,
  failures,
  isCached,
  named,
  rateCells,
  rates,
  thousands,
  timesOf,
  withSites,
  withTurns,
} from '../web/asking.js'
import { profileSites } from '../web/profile.js'
import type { Site } from '../web/site.js'
import { rateOf, takeTurns, type Runner } from '../web/turns.js'
import { visit } from '../web/visit.js'

const UNHEARD =
  'its 304 states the length of the page that it does not send, and wrk waits for that'

export const webNotModified: Scenario = {
  kind: 'other',
  name: 'web-304',
  asks: 'How much less does it cost to say that a visitor has the page already?',
  profile: (bench) =>
    profileSites(
      'web-304',
      { makes: 'ready', etag: '"v1"' },
      { page: 'ready', fields: { 'if-none-match': '"v1"' } },
      bench,
    ),
  run: (bench) =>
    withSites('not-modified', { makes: 'ready', etag: '"v1"' }, bench, async (sites) => {
      const claims = (await Promise.all(sites.map(claimsOfNotModified))).flat()
      const fields = { 'if-none-match': '"v1"' }
      const runners = sites.flatMap((site): Runner[] => [
        { site, visits: () => ({ page: 'ready' }) },
        { site, visits: () => ({ page: 'ready', fields }) },
      ])
      const turns = await takeTurns(runners, bench)
      const whole = withTurns(
        sites,
        sites.map((_, n) => turns[2 * n]!),
      )
      const none = withTurns(
        sites,
        sites.map((_, n) => turns[2 * n + 1]!),
      )
      for (const site of bench.isQuick ? [] : sites.filter((site) => !none.has(site))) {
        bench.leaveOut(site.contender.name, UNHEARD)
      }
      const rows: Row[] = []
      const verdicts: Verdict[] = []
      for (const [site, mine] of none) {
        const { name } = site.contender
        const times = timesOf(mine, whole.get(site))!
        rows.push({
          name,
          cells: [
            ...rateCells(mine),
            thousands(spreadOf(whole.get(site)!.map(rateOf)).median),
            inBrackets(times),
          ],
          plotted: times.median,
        })
        if (name.startsWith('keepfresh')) {
          verdicts.push({
            says: `A 304 beside its 200, ${name}`,
            ours: times.median,
            target: { atLeast: 1.2, unit: 'times' },
          })
        }
      }
      return {
        columns: [...COLUMNS, 'its 200, per second of CPU', 'to its 200'],
        rows,
        plots: 'times as many as answers with the page',
        verdicts,
        claims: [...claims, ...failures(none)],
        data: Object.fromEntries([...named(none)].map(([name, list]) => [name, rates(list)])),
      }
    }),
}

async function claimsOfNotModified({ contender, port, runs }: Site): Promise<Claim[]> {
  const { name } = contender
  const { fields } = await visit(port, '/page/ready')
  const tag = String(fields['etag'])
  const before = await runs()
  const answer = await visit(port, '/page/ready', { 'if-none-match': tag })
  const ran = (await runs()) - before
  const cached = isCached(contender)
  return [
    {
      claim: `${name} answers ${tag} with 304 and no body (${answer.status}, ${answer.body.length} bytes)`,
      holds: answer.status === 304 && answer.body === '' && tag === '"v1"',
    },
    ...(cached ? [{ claim: `${name} runs no handler for it (${ran})`, holds: ran === 0 }] : []),
  ]
}
