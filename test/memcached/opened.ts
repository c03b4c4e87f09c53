import { systemClock } from '../../src/base/clock.js'
import { systemRandom } from '../../src/base/random.js'
import type {
  Found,
  RemoteLease,
  RemoteStore,
  StoreContext,
  Unavailable,
} from '../../src/store/store.js'
import {
  memcachedStore,
  type MemcachedStoreOptions,
  type MemcachedTarget,
} from '../../adapters/memcached/index.js'

export interface Opened extends RemoteStore, AsyncDisposable {}

/** For tests of what takes too long. The others are patient, since the machine may be busy with something else. */
export const PROMPT = { deadline: '250ms' } as const

/** A store as a cache would open it, closed when the test is over. Its deadline is five seconds. */
export function opened(
  target: MemcachedTarget,
  options: MemcachedStoreOptions = {},
  context: Partial<StoreContext> = {},
): Opened {
  const store = memcachedStore(target, { deadline: '5s', ...options }).open({
    namespace: 'test',
    clock: systemClock,
    random: systemRandom,
    onError: (error) => {
      throw error
    },
    ...context,
  }) as RemoteStore
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close(0) })
}

/** The part of an answer that has to be there. */
export function available<Part extends object | string | boolean | undefined>(
  part: Part | Unavailable,
): Part {
  if (typeof part === 'object' && part !== null && 'unavailable' in part) throw part.unavailable
  return part
}

export async function found(store: RemoteStore, key: string): Promise<Found | undefined> {
  return available((await store.read([key], [])).keys[0]!).found
}

/** The text of an entry. */
export async function text(store: RemoteStore, key: string): Promise<string | undefined> {
  return (await found(store, key))?.bytes.toString()
}

/** A lease, or undefined while somebody else has it. */
export async function lease(
  store: RemoteStore,
  key: string,
  leaseMs = 10_000,
): Promise<RemoteLease | undefined> {
  return available((await store.acquire([key], [], leaseMs, 60_000)).keys[0]!).lease
}

export const put = (key: string, value: string, keepMs = 60_000) => ({
  key,
  bytes: Buffer.from(value),
  keepMs,
})

/** Sets one entry whatever is there; throws when that failed. */
export async function write(
  store: RemoteStore,
  key: string,
  value: string | Buffer,
): Promise<void> {
  const bytes = Buffer.from(value)
  const { written } = await store.write([{ key, bytes, keepMs: 60_000 }], [], undefined)
  if (written[0] !== undefined) throw written[0]
}

/** Fills one entry and says whether that was accepted. */
export async function fill(
  store: RemoteStore,
  key: string,
  held: RemoteLease,
  value: string,
): Promise<boolean> {
  const { filled } = await store.fill([{ ...put(key, value), lease: held }], [])
  return available(filled[0]!)
}
