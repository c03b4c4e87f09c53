/**
 * What the Redis store's own verbs cost, as ratios to `ioredis` in the same run.
 *
 *     node --import ./scripts/typescript.ts benchmarks/redis-store.ts [rounds]
 *
 * The store and its floor take turns, round by round, on one server and one core: a caller and a server on two cores
 * that wait for each other measure how long the kernel takes to wake them. Printed are medians and their ratio.
 */
import { execFileSync } from 'node:child_process'
import { Redis } from 'ioredis'
import { redisStore } from '../adapters/redis/index.js'
import { systemClock } from '../src/base/clock.js'
import { systemRandom } from '../src/base/random.js'
import { startRedis } from '../test/support/servers/index.js'

const ROUNDS = Number(process.argv[2] ?? 30)
const IN_FLIGHT = 100
const VALUE = Buffer.alloc(200, 'v')
const TAGS = ['a', 'b', 'c']
const keys = Array.from({ length: IN_FLIGHT }, (_, n) => `key-${n}`)

await using server = await startRedis()
pinToOneCore(server.pid)
const plain = new Redis(server.url)
const piped = new Redis(server.url, { enableAutoPipelining: true })
const store = redisStore(server.url).open({
  namespace: 'bench',
  clock: systemClock,
  random: systemRandom,
  onError: console.error,
})
if (store.kind !== 'remote') throw new TypeError('not a remote store')
await store.write(
  keys.map((key) => ({ key, bytes: VALUE, keepMs: Infinity })),
  TAGS,
  undefined,
)
const names = keys.map((key) => `kf:bench:e:{${key}}`)

const alone = (once: () => Promise<unknown>) => async () => {
  for (let n = 0; n < 500; n++) await once()
}
const together = (each: (n: number) => Promise<unknown>) => async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.all(keys.map((_, n) => each(n)))
}

await compare('one caller', {
  floor: alone(() => plain.getBuffer(names[0]!)),
  store: alone(() => store.read([keys[0]!], [])),
})
await compare('one caller, 3 tags', {
  floor: alone(() => store.read([keys[0]!], [])),
  store: alone(() => store.read([keys[0]!], TAGS)),
})
await compare('100 in flight', {
  floor: together((n) => piped.getBuffer(names[n]!)),
  store: together((n) => store.read([keys[n]!], [])),
})
await compare('100 in flight, 3 tags', {
  floor: together((n) => store.read([keys[n]!], [])),
  store: together((n) => store.read([keys[n]!], TAGS)),
})
await compare('100 keys at once', {
  floor: alone(() => plain.mgetBuffer(names)),
  store: alone(() => store.read(keys, [])),
})
await compare('a set of one key', {
  floor: alone(() => plain.set(names[0]!, VALUE)),
  store: alone(() => store.write([{ key: keys[0]!, bytes: VALUE, keepMs: 60_000 }], [], undefined)),
})
await compare('a tag invalidated', {
  floor: alone(() => plain.set('version', 'v')),
  store: alone(() => store.invalidate(['a'], [systemRandom.token()], 'announcement')),
})

plain.disconnect()
piped.disconnect()
await store.close(1_000)

async function compare(
  name: string,
  sides: Record<'floor' | 'store', () => Promise<void>>,
): Promise<void> {
  const times: Record<'floor' | 'store', number[]> = { floor: [], store: [] }
  for (let round = -3; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? (['floor', 'store'] as const) : (['store', 'floor'] as const)
    for (const side of order) {
      const start = process.cpuUsage()
      const before = performance.now()
      await sides[side]()
      if (round >= 0) times[side].push(performance.now() - before)
      process.cpuUsage(start)
    }
  }
  const [floor, mine] = [median(times.floor), median(times.store)]
  const ratios = times.store.map((ms, n) => ms / times.floor[n]!)
  console.log(
    `${name.padEnd(24)} floor ${floor.toFixed(2).padStart(8)} ms   store ${mine.toFixed(2).padStart(8)} ms   ratio ${median(ratios).toFixed(2)}`,
  )
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

function pinToOneCore(pid: number): void {
  try {
    for (const each of [pid, process.pid]) {
      execFileSync('taskset', ['-a', '-c', '-p', '0', String(each)], { stdio: 'ignore' })
    }
  } catch {
    console.log('not pinned to one core: taskset is missing, and single calls measure the kernel')
  }
}
