import type { TimedScenario } from '../lib/scenario.js'

export const tiersHit: TimedScenario = {
  kind: 'timed',
  name: 'tiers-hit',
  asks: 'What does Redis behind process memory add to an answer from memory?',
  floor: 'keepfresh, memory alone',
  entrants: [
    { contender: 'keepfresh', place: 'tiers' },
    { contender: 'keepfresh', as: 'keepfresh, memory alone', place: 'memory' },
    { contender: 'layered-loader', place: 'tiers' },
    { contender: 'cache-manager', place: 'tiers' },
    { contender: 'cacheable', place: 'tiers' },
    { contender: 'bentocache', place: 'tiers' },
  ],
  target: { atMost: 1.1, unit: 'ratio' },
  keys: 1_000,
  callers: 1,
  isComputing: true,
  commandsAtMost: 0,
}
