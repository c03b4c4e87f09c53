import type { TimedScenario } from '../lib/scenario.js'
import { IN_MEMORY } from './entrants.js'

export const memoryHit: TimedScenario = {
  kind: 'timed',
  name: 'memory-hit',
  asks: 'What does an answer from process memory cost?',
  floor: 'lru-cache',
  entrants: IN_MEMORY,
  target: { atMost: 1.5, unit: 'ratio' },
  keys: 1_000,
  callers: 1,
  isComputing: true,
}
