import type { TimedScenario } from '../lib/scenario.js'
import { PEERS_IN_TIERS } from './entrants.js'

export const tiersHit: TimedScenario = {
  kind: 'timed',
  name: 'tiers-hit',
  asks: 'What does Redis behind process memory add to an answer from memory?',
  floor: 'keepfresh, memory alone',
  entrants: [
    { contender: 'keepfresh', place: 'tiers' },
    { contender: 'keepfresh', as: 'keepfresh, memory alone', place: 'memory' },
    ...PEERS_IN_TIERS,
  ],
  target: { atMost: 1.1, unit: 'ratio' },
  keys: 1_000,
  callers: 1,
  isComputing: true,
  commandsAtMost: 0,
}
