import { focused, hire } from '../lib/crew.js'
import type { Claim, Entrant, Row, Scenario } from '../lib/scenario.js'
import { commandsDuring } from '../lib/servers.js'
import { spreadOf } from '../lib/statistics.js'

const tags = ['everything']

const entrants: readonly Entrant[] = [
  { contender: 'keepfresh', place: 'redis', tags },
  { contender: 'keepfresh', as: 'keepfresh, memory', place: 'memory', tags },
  { contender: 'keepfresh', as: 'keepfresh, tiers', place: 'tiers', tags },
  { contender: 'keepfresh', as: 'keepfresh, memcached', place: 'memcached', tags },
  { contender: 'async-cache-dedupe', place: 'redis', tags },
  { contender: 'async-cache-dedupe', as: 'async-cache-dedupe, memory', place: 'memory', tags },
  { contender: 'cacheable', place: 'redis', tags },
  { contender: 'bentocache', place: 'redis', tags },
]

export const invalidate: Scenario = {
  kind: 'other',
  name: 'invalidate-10000',
  asks: 'How long does it take to invalidate a tag that 10,000 entries carry?',
  async run(bench) {
    const count = bench.isQuick ? 500 : 10_000
    const rounds = bench.isQuick ? 1 : 5
    const warmUp = bench.isQuick ? 1 : 300
    const rows: Row[] = []
    const claims: Claim[] = []
    const data: object[] = []
    for (const entrant of focused(entrants, bench)) {
      const member = await hire(bench, entrant, { callers: 1, maxEntries: 2 * count })
      const { call } = member.worker
      await (await bench.servers.redis()).command('FLUSHALL')
      try {
        // An application invalidates now and then; the first call of a process is about compiling.
        for (let n = 0; n < warmUp; n++) await call.invalidate('nothing')
        const times: number[] = []
        let commands: number | undefined
        for (let round = 0; round < rounds; round++) {
          await call.fill(count)
          const once = async (): Promise<void> => {
            times.push(await call.invalidate(tags[0]!))
          }
          if (round > 0 || !/redis|tiers/.test(entrant.place)) await once()
          else commands = (await commandsDuring(await bench.servers.redis(), once)).total
        }
        const answers = await call.check({ keys: count, callers: 1, batch: 1, isCold: false })
        const ms = spreadOf(times)
        const { name } = member
        rows.push({
          name,
          cells: [
            `${ms.median.toPrecision(3)} ms (${ms.low.toPrecision(3)}–${ms.high.toPrecision(3)})`,
            String(commands ?? ''),
          ],
          plotted: ms.median,
        })
        claims.push({
          claim: `${name} serves none of them afterwards (${answers.loads} loads for ${answers.asked} reads)`,
          holds: answers.loads >= answers.asked && answers.wrong === 0,
        })
        if (name.startsWith('keepfresh') && commands !== undefined) {
          claims.push({
            claim: `${name} says so in a few commands, whatever the number (${commands})`,
            holds: commands <= 4,
          })
        }
        data.push({ name, ms, commands })
      } finally {
        await member.worker.kill()
      }
    }
    return {
      columns: ['time', 'commands'],
      rows,
      plots: 'ms',
      verdicts: [{ ours: rows[0]!.plotted!, target: { atMost: 1, unit: 'ms' } }],
      claims,
      data,
    }
  },
}
