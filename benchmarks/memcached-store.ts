/**
 * What the Memcached store's own verbs cost, as ratios to memjs in the same run.
 *
 *     node --import ./scripts/typescript.ts benchmarks/memcached-store.ts [rounds]
 */
import memjs from 'memjs'
import { memcachedStore } from '../adapters/memcached/index.js'
import { systemClock } from '../src/base/clock.js'
import { systemRandom } from '../src/base/random.js'
import type { RemoteStore } from '../src/store/store.js'
import { startMemcached } from '../test/support/servers/memcached.js'
import { compare, pinToOneCore, type Side } from './lib/rounds.js'

const ROUNDS = Number(process.argv[2] ?? 30)
const IN_FLIGHT = 100
const TAGS = ['a', 'b', 'c']
const KEYS = Array.from({ length: IN_FLIGHT }, (_, n) => `key-${n}`)

const server = await startMemcached({ args: ['-I', '2m'] })
const pinned = pinToOneCore([server.pid, process.pid])
console.log(`node ${process.version}, ${pinned ? 'client and server on one core' : 'not pinned'}\n`)

const client = memjs.Client.create(server.url)
const store = memcachedStore(server.url).open({
  namespace: 'bench',
  clock: systemClock,
  random: systemRandom,
  onError: console.error,
}) as RemoteStore

const names = KEYS.map((key) => `kf:bench:e:${key}`)
const put = (key: string, bytes: number) => ({
  key,
  bytes: Buffer.alloc(bytes, 'v'),
  keepMs: Infinity,
})
await store.write([...KEYS.map((key) => put(key, 200)), put('large', 1_000_000)], TAGS, undefined)

const alone =
  (once: () => Promise<unknown>, times = 500): Side =>
  async () => {
    for (let n = 0; n < times; n++) await once()
  }
const together =
  (each: (n: number) => Promise<unknown>): Side =>
  async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.all(KEYS.map((_, n) => each(n)))
  }

const readOne = alone(() => store.read([KEYS[0]!], []))
const readEach = together((n) => store.read([KEYS[n]!], []))

await compare(
  'one caller',
  alone(() => client.get(names[0]!)),
  readOne,
  ROUNDS,
)
await compare(
  'one caller, 3 tags',
  readOne,
  alone(() => store.read([KEYS[0]!], TAGS)),
  ROUNDS,
)
await compare(
  '100 in flight',
  together((n) => client.get(names[n]!)),
  readEach,
  ROUNDS,
)
await compare(
  '100 in flight, 3 tags',
  readEach,
  together((n) => store.read([KEYS[n]!], TAGS)),
  ROUNDS,
)
await compare(
  '100 keys at once',
  alone(() => Promise.all(names.map((name) => client.get(name))), 20),
  alone(() => store.read(KEYS, []), 20),
  ROUNDS,
)
await compare(
  'a value of 1 MB',
  alone(() => client.get('kf:bench:e:large'), 20),
  alone(() => store.read(['large'], []), 20),
  ROUNDS,
)
await compare(
  'a set of one key',
  alone(() => client.set(names[0]!, Buffer.alloc(200, 'v'), {})),
  alone(() => store.write([put(KEYS[0]!, 200)], [], undefined)),
  ROUNDS,
)
await compare(
  'a tag invalidated',
  alone(() => client.set('version', systemRandom.token(), {})),
  alone(() => store.invalidate(['a'], [systemRandom.token()], undefined)),
  ROUNDS,
)

client.close()
await store.close(1_000)
