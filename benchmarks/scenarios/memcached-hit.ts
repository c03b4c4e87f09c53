import type { Entrant, TimedScenario } from '../lib/scenario.js'

/** No peer has a store for Memcached but through Keyv, whose adapter is memjs with JSON again. */
const entrants: readonly Entrant[] = [
  { contender: 'keepfresh', place: 'memcached' },
  { contender: 'memjs', place: 'memcached' },
]

export const memcachedHit: TimedScenario = {
  kind: 'timed',
  name: 'memcached-hit',
  asks: 'What does an answer from Memcached cost one caller?',
  floor: 'memjs',
  entrants,
  target: { atMost: 1.1, unit: 'ratio' },
  keys: 1_000,
  callers: 1,
  pinned: true,
}

export const memcachedHits: TimedScenario = {
  kind: 'timed',
  name: 'memcached-hits-100',
  asks: 'What does an answer from Memcached cost when 100 callers wait for one?',
  floor: 'memjs',
  entrants,
  target: { atMost: 1, unit: 'ratio' },
  keys: 1_000,
  callers: 100,
}
