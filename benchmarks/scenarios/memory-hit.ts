import type { TimedScenario } from '../lib/scenario.js'

export const memoryHit: TimedScenario = {
  kind: 'timed',
  name: 'memory-hit',
  asks: 'What does an answer from process memory cost?',
  floor: 'lru-cache',
  entrants: [
    { contender: 'keepfresh', place: 'memory' },
    { contender: 'lru-cache', place: 'memory' },
    { contender: 'layered-loader', place: 'memory' },
    { contender: 'cachified', place: 'memory' },
    { contender: 'async-cache-dedupe', place: 'memory' },
    { contender: 'cache-manager', place: 'memory' },
    { contender: 'cacheable', place: 'memory' },
    { contender: 'bentocache', place: 'memory' },
  ],
  target: { atMost: 1.5, unit: 'ratio' },
  keys: 1_000,
  callers: 1,
  isComputing: true,
}
