import type { Entrant, TimedScenario } from '../lib/scenario.js'

const entrants: readonly Entrant[] = [
  { contender: 'keepfresh', place: 'redis' },
  { contender: 'ioredis', place: 'redis' },
  { contender: 'layered-loader', place: 'redis' },
  { contender: 'cachified', place: 'redis' },
  { contender: 'async-cache-dedupe', place: 'redis' },
  { contender: 'cache-manager', place: 'redis' },
  { contender: 'cacheable', place: 'redis' },
  { contender: 'bentocache', place: 'redis' },
]

export const redisHit: TimedScenario = {
  kind: 'timed',
  name: 'redis-hit',
  asks: 'What does an answer from Redis cost one caller?',
  floor: 'ioredis',
  entrants,
  target: { atMost: 1.1, unit: 'ratio' },
  keys: 1_000,
  callers: 1,
  pinned: true,
  commandsAtMost: 100,
}

export const redisHits: TimedScenario = {
  kind: 'timed',
  name: 'redis-hits-100',
  asks: 'What does an answer from Redis cost when 100 callers wait for one?',
  floor: 'ioredis',
  entrants,
  target: { atMost: 0.6, unit: 'ratio' },
  keys: 1_000,
  callers: 100,
  commandsAtMost: 1,
}
