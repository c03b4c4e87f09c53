import type { Claim, Row, Scenario, Verdict } from '../lib/scenario.js'
import { inBrackets, spreadOf } from '../lib/statistics.js'
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

const FLOOR = 'node:http'
const VISITS = 20

export const webHit: Scenario = {
  kind: 'other',
  name: 'web-hit',
  asks: 'How many requests for a page of 10 kB does a second of CPU answer?',
  profile: (bench) => profileSites('web-hit', { makes: 'ready' }, { page: 'ready' }, bench),
  run: (bench) =>
    withSites('hit', { makes: 'ready' }, bench, async (sites) => {
      const claims = (await Promise.all(sites.map(claimsOfHits))).flat()
      const turns = await turnsBySite(sites, bench, () => ({ page: 'ready' }))
      const by = named(turns)
      const times = (name: string, other: string): number =>
        timesOf(by.get(name) ?? [], by.get(other))?.median ?? Number.NaN
      const rows = [...turns].map(([{ contender }, mine]): Row => {
        const { name, beside } = contender
        const against = beside === undefined ? undefined : timesOf(mine, by.get(beside))
        const toFloor = timesOf(mine, by.get(FLOOR))
        return {
          name,
          cells: [
            ...rateCells(mine),
            toFloor === undefined ? '' : inBrackets(toFloor),
            against === undefined ? '' : inBrackets(against),
          ],
          plotted: spreadOf(mine.map(rateOf)).median / 1_000,
        }
      })
      const verdicts: Verdict[] = [
        verdict(
          'A page hit in Express, beside plain Express',
          'keepfresh in express',
          'express',
          1.25,
        ),
        verdict(
          'A page hit before Express, beside plain Express',
          'keepfresh before express',
          'express',
          4,
        ),
        verdict(
          'A page hit before Express, beside node:http',
          'keepfresh before express',
          FLOOR,
          0.9,
        ),
        verdict(
          'A page hit in Fastify, beside plain Fastify',
          'keepfresh in fastify',
          'fastify',
          1.1,
        ),
        verdict(
          'A page hit before Fastify, beside node:http',
          'keepfresh before fastify',
          FLOOR,
          0.9,
        ),
      ].filter(({ ours }) => !Number.isNaN(ours))
      function verdict(says: string, name: string, other: string, atLeast: number): Verdict {
        return { says, ours: times(name, other), target: { atLeast, unit: 'times' } }
      }
      const ceiling = times(FLOOR, 'express')
      return {
        columns: [...COLUMNS, `to ${FLOOR}`, 'to its framework without a cache'],
        rows,
        plots: 'thousands of requests per second of the server’s CPU',
        verdicts,
        claims: [...claims, ...failures(turns)],
        notes: [
          `${FLOOR} with a string that is ready is ${ceiling.toFixed(1)} times plain Express here: 4 times plain Express are ${(4 / ceiling).toFixed(1)} times that.`,
          'The same text for all; a plain handler sends a string that is there, Express with the ETag that it computes for it each time.',
        ].slice(Number.isNaN(ceiling) ? 1 : 0),
        data: Object.fromEntries([...by].map(([name, list]) => [name, rates(list)])),
      }
    }),
}

async function claimsOfHits({ contender, port, runs }: Site): Promise<Claim[]> {
  const { name } = contender
  const expected = await pageOf({ makes: 'ready' }).body('ready')
  const first = await visit(port, '/page/ready')
  const before = await runs()
  const answers = await Promise.all(
    Array.from({ length: VISITS }, () => visit(port, '/page/ready')),
  )
  const wrong = [first, ...answers].filter(
    ({ status, body }) => status !== 200 || body !== expected,
  )
  const ran = (await runs()) - before
  const cached = isCached(contender)
  return [
    {
      claim: `${name} sends the same ${expected.length} bytes to everybody`,
      holds: wrong.length === 0,
    },
    {
      claim: `${name} runs the handler ${cached ? 'no more' : 'each time'} (${ran} of ${VISITS})`,
      holds: ran === (cached ? 0 : VISITS),
    },
  ]
}
