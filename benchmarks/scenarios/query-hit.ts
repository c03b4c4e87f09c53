import type { TimedScenario } from '../lib/scenario.js'

export const queryHit: TimedScenario = {
  kind: 'timed',
  name: 'query-hit',
  asks: 'What does the answer to a database query cost from process memory, beside getOrSet?',
  floor: 'getOrSet',
  entrants: [
    { contender: 'cachedPool', as: 'keepfresh db.query', place: 'memory' },
    { contender: 'getOrSet of a result', as: 'getOrSet', place: 'memory' },
  ],
  target: { atMost: 2, unit: 'ratio' },
  keys: 1_000,
  callers: 1,
  isComputing: true,
}

export const queryHitRedis: TimedScenario = {
  kind: 'timed',
  name: 'query-hit-redis',
  asks: 'What does the answer to a database query cost from Redis, beside getOrSet?',
  floor: 'getOrSet',
  entrants: [
    { contender: 'cachedPool', as: 'keepfresh db.query', place: 'redis' },
    { contender: 'getOrSet of a result', as: 'getOrSet', place: 'redis' },
  ],
  target: { atMost: 1.2, unit: 'ratio' },
  keys: 1_000,
  callers: 1,
  pinned: true,
  commandsAtMost: 100,
}
