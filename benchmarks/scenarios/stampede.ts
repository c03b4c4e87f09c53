import { focused, hire } from '../lib/crew.js'
import type { Claim, Entrant, Row, Scenario } from '../lib/scenario.js'
import { inPlace, PEERS } from './entrants.js'

const PROCESSES = 4
const CALLERS = 250
const LOAD_MS = 100

const entrants: readonly Entrant[] = [
  { contender: 'keepfresh', place: 'redis' },
  { contender: 'keepfresh', as: 'keepfresh, tiers', place: 'tiers' },
  { contender: 'keepfresh', as: 'keepfresh, memcached', place: 'memcached' },
  ...inPlace('redis', ...PEERS),
]

export const stampede: Scenario = {
  kind: 'other',
  name: 'stampede',
  asks: `How often is a cold key loaded that ${PROCESSES} processes with ${CALLERS} callers each ask for at once?`,
  async run(bench) {
    const rows: Row[] = []
    const claims: Claim[] = []
    const data: object[] = []
    for (const entrant of focused(entrants, bench)) {
      const task = { callers: CALLERS, maxEntries: 1_000, loadMs: LOAD_MS }
      const members = await Promise.all(
        Array.from({ length: PROCESSES }, () => hire(bench, entrant, task)),
      )
      try {
        // Everyone is connected before it begins.
        await Promise.all(members.map(({ worker }) => worker.call.fill(10)))
        const start = performance.now()
        const answers = await Promise.all(
          members.map(({ worker }) => worker.call.stampede(100_000, CALLERS)),
        )
        const ms = performance.now() - start
        const loads = answers.reduce((sum, answer) => sum + answer.loads, 0)
        const wrong = answers.reduce((sum, answer) => sum + answer.wrong, 0)
        const { name } = members[0]!
        rows.push({ name, cells: [String(loads), `${ms.toFixed(0)} ms`], plotted: loads })
        claims.push({ claim: `${name} gives everybody the right answer`, holds: wrong === 0 })
        if (name.startsWith('keepfresh')) {
          claims.push({ claim: `${name} loads once (${loads})`, holds: loads === 1 })
        }
        data.push({ name, loads, ms })
      } finally {
        await Promise.all(members.map(({ worker }) => worker.kill()))
      }
    }
    return {
      columns: ['loads', `until the last answer (the source takes ${LOAD_MS} ms)`],
      rows,
      plots: 'loads',
      verdicts: [{ ours: rows[0]!.plotted!, target: { atMost: 1, unit: 'loads' } }],
      claims,
      data,
    }
  },
}
