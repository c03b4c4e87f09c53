import assert from 'node:assert/strict'
import { systemClock } from '../../base/clock.js'
import { systemRandom } from '../../base/random.js'
import type { Found, RemoteLease, RemoteStore, Store, Unavailable } from '../../store/store.js'

/** The `test` of any runner: `node:test`, vitest, mocha's `it`. */
export type TestFunction = (name: string, body: () => Promise<void>) => unknown

export interface RemoteStoreSuiteOptions {
  /** How far the server may be off with expiry, in milliseconds. Default: 0; Memcached counts whole seconds. */
  readonly expiryErrorMs?: number
}

/** Opens stores for one test, all in one namespace that no other test uses, and closes what it opened. */
export interface Harness {
  /** Another process, so to speak: a store of its own over the same servers. */
  readonly open: (namespace?: string) => RemoteStore
  /** A namespace that nobody else uses. */
  readonly namespace: string
  /** What was reported to nobody in particular. */
  readonly errors: readonly unknown[]
}

export type HarnessTest = (name: string, body: (harness: Harness) => Promise<void>) => void

/** Gives each test its own namespace, and closes what it opened whatever happens. */
export function withHarness(
  test: TestFunction,
  suite: string,
  create: () => Store | Promise<Store>,
): HarnessTest {
  return (name, body) => {
    test(`${suite}: ${name}`, async () => {
      const store = await create()
      const opened: RemoteStore[] = []
      const errors: unknown[] = []
      const namespace = `t-${systemRandom.token()}`
      const open = (inside = namespace): RemoteStore => {
        const remote = store.open({
          namespace: inside,
          clock: systemClock,
          random: systemRandom,
          onError: (error) => errors.push(error),
        })
        if (remote.kind !== 'remote')
          throw new TypeError(`${store.name} opened as a store of this process`)
        opened.push(remote)
        return remote
      }
      try {
        await body({ open, namespace, errors })
      } finally {
        await Promise.all(opened.map((remote) => remote.close(1_000)))
      }
      assert.deepEqual(errors, [], 'errors that no caller was waiting for')
    })
  }
}

/** The bytes of an envelope, as far as a store can tell. No two calls give the same, as with envelopes. */
export function envelope(text: string): Buffer {
  return Buffer.from(`${systemRandom.token()} ${text} \0\r\n\xff`, 'latin1')
}

/** The part of an answer that has to be there. */
export function available<T extends object | string | boolean | undefined>(
  part: T | Unavailable,
): T {
  if (typeof part === 'object' && part !== null && 'unavailable' in part) throw part.unavailable
  return part
}

/** Plants a lease that nobody else holds. */
export async function leaseOf(
  store: RemoteStore,
  key: string,
  tags: readonly string[] = [],
  leaseMs = 10_000,
): Promise<RemoteLease> {
  const { keys } = await store.acquire([key], tags, leaseMs, 60_000)
  const { lease } = available(keys[0]!)
  assert.ok(lease, 'nobody else holds the lease')
  return lease
}

/** What a read finds under one key. */
export async function foundIn(store: RemoteStore, key: string): Promise<Found | undefined> {
  const { keys } = await store.read([key], [])
  return available(keys[0]!).found
}

/** Fills with a lease and says whether it was accepted. */
export async function fillWith(
  store: RemoteStore,
  key: string,
  lease: RemoteLease,
  bytes: Buffer = envelope('filled'),
  keepMs = 60_000,
): Promise<boolean> {
  const { filled } = await store.fill([{ key, lease, bytes, keepMs }], [])
  return available(filled[0]!)
}

/** Says, when asked, whether `ms` milliseconds have passed: on a busy machine, between any two calls. */
export function over(ms: number): () => boolean {
  const start = performance.now()
  return () => performance.now() - start >= ms
}

/** Asks again until `holds`, for what a server does in its own time. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  deadlineMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
