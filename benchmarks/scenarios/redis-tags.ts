import type { TimedScenario } from '../lib/scenario.js'

const tags = ['customers', 'city:springfield', 'plan:basic']

export const redisTags: TimedScenario = {
  kind: 'timed',
  name: 'redis-hits-tags',
  asks: 'What do three tags on each entry add to an answer from Redis, for 100 callers?',
  floor: 'keepfresh, no tags',
  entrants: [
    { contender: 'keepfresh', place: 'redis', tags },
    { contender: 'keepfresh', as: 'keepfresh, no tags', place: 'redis' },
    { contender: 'async-cache-dedupe', place: 'redis', tags },
    { contender: 'cacheable', place: 'redis', tags },
    { contender: 'bentocache', place: 'redis', tags },
  ],
  target: { atMost: 1.3, unit: 'ratio' },
  keys: 1_000,
  callers: 100,
  commandsAtMost: 1,
}
