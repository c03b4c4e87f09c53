/** What the verbs of a remote store cost, without an engine above it, beside its client. */
import { cpus } from 'node:os'
import { Redis } from 'ioredis'
import memjs from 'memjs'
import { memcachedStore } from '../../adapters/memcached/index.js'
import { redisStore } from '../../adapters/redis/index.js'
import { systemClock } from '../../src/base/clock.js'
import { systemRandom } from '../../src/base/random.js'
import type { KeyState, RemoteStore, Store, Unavailable } from '../../src/store/store.js'
import { pin } from '../lib/crew.js'
import { inTurns, oneByOne, type Loop } from '../lib/loops.js'
import type { Bench, Outcome, Row, Scenario } from '../lib/scenario.js'
import { inBrackets, spreadOf } from '../lib/statistics.js'
import { time } from '../lib/turns.js'

const TAGS = ['a', 'b', 'c']
const KEYS = Array.from({ length: 100 }, (_, n) => `key-${n}`)
const NAMESPACE = 'verbs'
const VALUE = Buffer.alloc(200, 'v')
const LARGE = Buffer.alloc(1_000_000, 'v')

/** What the client alone does where the store has a verb. */
interface Floor {
  readonly get: (key: string) => Promise<unknown>
  /** The same, of a client that gathers what is asked in a tick. */
  readonly gathered: (key: string) => Promise<unknown>
  readonly getAll: (keys: readonly string[]) => Promise<unknown>
  readonly set: (key: string, value: Buffer | string) => Promise<unknown>
}

export const storeRedis: Scenario = {
  kind: 'other',
  name: 'store-redis',
  byName: true,
  asks: 'What do the verbs of the Redis store cost beside ioredis?',
  async run(bench) {
    const { url, pid } = await bench.servers.redis()
    const plain = new Redis(url)
    const piped = new Redis(url, { enableAutoPipelining: true })
    const name = (key: string): string => `kf:${NAMESPACE}:e:{${key}}`
    try {
      return await verbs(bench, redisStore(url), pid, {
        get: (key) => plain.getBuffer(name(key)),
        gathered: (key) => piped.getBuffer(name(key)),
        getAll: (keys) => plain.mgetBuffer(keys.map(name)),
        set: (key, value) => plain.set(name(key), value),
      })
    } finally {
      plain.disconnect()
      piped.disconnect()
    }
  },
}

export const storeMemcached: Scenario = {
  kind: 'other',
  name: 'store-memcached',
  byName: true,
  asks: 'What do the verbs of the Memcached store cost beside memjs?',
  async run(bench) {
    const { url, pid } = await bench.servers.memcached()
    const client = memjs.Client.create(url)
    const get = (key: string): Promise<unknown> => client.get(`kf:${NAMESPACE}:e:${key}`)
    try {
      return await verbs(bench, memcachedStore(url), pid, {
        get,
        gathered: get,
        getAll: (keys) => Promise.all(keys.map(get)),
        set: (key, value) => client.set(`kf:${NAMESPACE}:e:${key}`, value, {}),
      })
    } finally {
      client.close()
    }
  },
}

async function verbs(bench: Bench, tier: Store, pid: number, floor: Floor): Promise<Outcome> {
  const store = tier.open({
    namespace: NAMESPACE,
    clock: systemClock,
    random: systemRandom,
    onError: console.error,
  }) as RemoteStore
  const put = (key: string, bytes: Buffer): Promise<unknown> =>
    store.write([{ key, bytes, keepMs: 600_000 }], TAGS, undefined)
  for (const key of KEYS) await put(key, VALUE)
  await put('large', LARGE)
  const [key] = KEYS as [string]
  const each = (ask: (key: string) => Promise<unknown>): Loop =>
    oneByOne(() => Promise.all(KEYS.map(ask)))
  const read = (tags: readonly string[]) => (one: string) => store.read([one], tags)
  const compared: readonly (readonly [name: string, floor: Loop, ours: Loop])[] = [
    ['a read', oneByOne(() => floor.get(key)), oneByOne(() => read([])(key))],
    [
      'a read with 3 tags, beside one without',
      oneByOne(() => read([])(key)),
      oneByOne(() => read(TAGS)(key)),
    ],
    ['100 reads in flight', each(floor.gathered), each(read([]))],
    ['100 with 3 tags, beside 100 without', each(read([])), each(read(TAGS))],
    [
      '100 keys in one read',
      oneByOne(() => floor.getAll(KEYS)),
      oneByOne(() => store.read(KEYS, [])),
    ],
    ['a read of 1 MB', oneByOne(() => floor.get('large')), oneByOne(() => read([])('large'))],
    ['a write', oneByOne(() => floor.set(key, VALUE)), oneByOne(() => put(key, VALUE))],
    [
      'a tag invalidated, beside a write of its version',
      oneByOne(() => floor.set('version', systemRandom.token())),
      oneByOne(() => store.invalidate(['a'], [systemRandom.token()], undefined)),
    ],
  ]
  const looking = { rounds: bench.isQuick ? 1 : 31, roundMs: bench.isQuick ? 1 : 20 }
  // On two cores, what one caller measures is how long the kernel takes to wake somebody.
  const isPinned = pin([pid, process.pid], '0')
  const rows: Row[] = []
  for (const [name, base, ours] of compared) {
    const [floorNs, oursNs] = (await inTurns([base, ours], looking)) as [number[], number[]]
    const ratio = spreadOf(oursNs.map((ns, n) => ns / floorNs[n]!))
    rows.push({
      name,
      cells: [time(spreadOf(floorNs).median), time(spreadOf(oursNs).median), inBrackets(ratio)],
      plotted: ratio.median,
    })
  }
  if (isPinned) pin([pid, process.pid], `0-${cpus().length - 1}`)
  const { keys } = await store.read([key], [])
  await store.close(1_000)
  return {
    columns: ['the client', 'the store', 'to the client'],
    rows,
    plots: 'time, as a multiple of the client',
    verdicts: [],
    claims: [
      { claim: 'what was written is read', holds: bytesOf(keys[0])?.equals(VALUE) === true },
    ],
    data: rows.map(({ name, plotted }) => ({ name, ratio: plotted })),
    notes: isPinned
      ? []
      : ['Not on one core (taskset is missing): single calls measure the kernel.'],
  }
}

function bytesOf(state: KeyState | Unavailable | undefined): Buffer | undefined {
  return state !== undefined && 'found' in state ? state.found?.bytes : undefined
}
