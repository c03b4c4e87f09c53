/** Single steps, each alone in a loop. */
import { LRUCache } from 'lru-cache'
import { createCache } from '../../index.js'
import { memoryStore } from '../../adapters/memory/index.js'
import { systemClock } from '../../src/base/clock.js'
import { systemRandom } from '../../src/base/random.js'
import { standardCodec } from '../../src/store/codec.js'
import { admit } from '../../src/store/value.js'
import { serve } from '../../test/support/processes.js'
import { spreadOf } from '../lib/statistics.js'
import { valueOf } from '../lib/value.js'

/** CPU time of one, ns: the median of rounds of about 10 ms. */
async function timeOf(one: (times: number) => unknown): Promise<number> {
  let times = 1_000
  for (;;) {
    const { user, system } = await busy(() => one(times))
    if (user + system > 10_000) break
    times *= 2
  }
  const rounds: number[] = []
  for (let round = 0; round < 15; round++) {
    const { user, system } = await busy(() => one(times))
    rounds.push(((user + system) * 1_000) / times)
  }
  return spreadOf(rounds).median
}

async function busy(task: () => unknown): Promise<NodeJS.CpuUsage> {
  const before = process.cpuUsage()
  await task()
  return process.cpuUsage(before)
}

/** What the loops come to, so that no compiler leaves them out. */
let sink: unknown

const KEY = 'customer:1'
const context = {
  namespace: 'steps',
  clock: systemClock,
  random: systemRandom,
  onError: console.error,
}

const STEPS: Readonly<Record<string, () => (times: number) => unknown>> = {
  'an await of an async function': () => {
    const answer = async (): Promise<number> => 1
    return async (times) => {
      for (let n = 0; n < times; n++) sink = await answer()
    }
  },
  'Date.now()': () => (times) => {
    for (let n = 0; n < times; n++) sink = Date.now()
  },
  'lru-cache behind an async function, the floor': () => {
    const cache = new LRUCache<string, object>({ max: 1_000 })
    cache.set(KEY, valueOf(1))
    const get = async (key: string): Promise<unknown> => cache.get(key)
    return async (times) => {
      for (let n = 0; n < times; n++) sink = await get(KEY)
    }
  },
  'the memory store’s get': () => {
    const store = memoryStore().open(context)
    store.put(KEY, {
      value: valueOf(1),
      loadedAt: Date.now(),
      freshUntil: Infinity,
      staleUntil: Infinity,
      checkAt: Infinity,
      copied: false,
      private: false,
      bytes: 400,
      tags: [],
      versions: [],
    })
    return (times) => {
      for (let n = 0; n < times; n++) sink = store.get(KEY)
    }
  },
  'getOrSet, a hit in memory': () => hit({}, KEY),
  'the same under a key of two parts': () => hit({}, ['customer', 1]),
  'the same with a listener': () => hit({ listens: true }, KEY),
  'the same, values copied': () => hit({ values: 'copy' }, KEY),
  'a value of 200 bytes weighed, copied and frozen': () => (times) => {
    const value = valueOf(1)
    for (let n = 0; n < times; n++) sink = admit(value, 'freeze')
  },
  'making the same value, which the loader does': () => (times) => {
    for (let n = 0; n < times; n++) sink = valueOf(n)
  },
  'the value as bytes, by the codec': () => (times) => {
    const value = valueOf(1)
    for (let n = 0; n < times; n++) sink = standardCodec.encode(value)
  },
  'and back': () => {
    const bytes = standardCodec.encode(valueOf(1))
    return (times) => {
      for (let n = 0; n < times; n++) sink = standardCodec.decode(bytes)
    }
  },
  'JSON.stringify and to bytes': () => (times) => {
    const value = valueOf(1)
    for (let n = 0; n < times; n++) sink = Buffer.from(JSON.stringify(value))
  },
  'JSON.parse of the bytes': () => {
    const bytes = Buffer.from(JSON.stringify(valueOf(1)))
    return (times) => {
      for (let n = 0; n < times; n++) sink = JSON.parse(bytes.toString())
    }
  },
}

function hit(
  { listens = false, values = 'freeze' }: { listens?: boolean; values?: 'freeze' | 'copy' },
  key: string | readonly (string | number)[],
): (times: number) => unknown {
  const cache = createCache({ ttl: '1h', values })
  if (listens) cache.on('hit', (event) => (sink = event))
  return async (times) => {
    for (let n = 0; n < times; n++) sink = await cache.getOrSet(key, () => valueOf(1))
  }
}

const service = {
  names: (): string[] => Object.keys(STEPS),
  time: (name: string): Promise<number> => timeOf(STEPS[name]!()),
  /** So that nothing of the above is left out. */
  sink: (): boolean => sink !== undefined,
}

export type StepsService = typeof service

serve(service)
