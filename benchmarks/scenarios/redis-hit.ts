import type { TimedScenario } from '../lib/scenario.js'
import { IN_REDIS } from './entrants.js'

export const redisHit: TimedScenario = {
  kind: 'timed',
  name: 'redis-hit',
  asks: 'What does an answer from Redis cost one caller?',
  floor: 'ioredis',
  entrants: IN_REDIS,
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
  entrants: IN_REDIS,
  target: { atMost: 0.6, unit: 'ratio' },
  keys: 1_000,
  callers: 100,
  commandsAtMost: 1,
}
