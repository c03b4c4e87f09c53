import { systemClock } from '../../src/base/clock.js'
import { systemRandom } from '../../src/base/random.js'
import type { Bus, BusSource, RemoteStore, Store } from '../../src/store/store.js'
import { awakeMs } from '../support/awake.js'
import { until } from '../support/until.js'

/** A store that is closed when the test is over. */
export interface Opened extends AsyncDisposable {
  readonly store: RemoteStore
}

/** Opens a store as a cache would, in a namespace that no other test uses unless one is given. */
export function opened(source: Store, namespace: string = systemRandom.token()): Opened {
  const store = source.open(contextFor(namespace))
  if (store.kind !== 'remote') throw new TypeError('opened as a store of this process')
  return { store, [Symbol.asyncDispose]: () => store.close(0) }
}

/** The same for a bus alone. */
export function openedBus(source: BusSource, namespace: string): Bus & AsyncDisposable {
  const bus = source.open(contextFor(namespace))
  return Object.assign(bus, { [Symbol.asyncDispose]: () => bus.close() })
}

function contextFor(namespace: string): Parameters<BusSource['open']>[0] {
  return {
    namespace,
    clock: systemClock,
    random: systemRandom,
    onError: (error) => {
      throw error
    },
  }
}

/** Writes one entry; rejects unless it was written. */
export async function put(store: RemoteStore, key: string, text = 'value'): Promise<void> {
  const bytes = Buffer.from(text)
  const { written } = await store.write([{ key, bytes, keepMs: 60_000 }], [], undefined)
  if (written[0] !== undefined) throw written[0]
}

/** What is under one key, as text; rejects when that cannot be known. */
export async function get(store: RemoteStore, key: string): Promise<string | undefined> {
  const { keys } = await store.read([key], [])
  const [state] = keys
  if (state === undefined || 'unavailable' in state) throw state?.unavailable ?? new Error('none')
  return state.found?.bytes.toString()
}

/** What the server answers, asked again for as long as it takes longer than it may. */
export async function answered<T>(ask: () => Promise<T>): Promise<T> {
  let answer: { readonly is: T } | undefined
  await until('the server answers', async () => {
    answer = { is: await ask() }
    return true
  })
  return answer!.is
}

/** How a promise ended, and how long that took. */
export async function timed<T>(work: Promise<T>): Promise<{
  readonly ms: number
  readonly value?: T
  readonly error?: Error & { readonly code?: string }
}> {
  const start = awakeMs()
  try {
    const value = await work
    return { ms: awakeMs() - start, value }
  } catch (error) {
    return { ms: awakeMs() - start, error: error as Error }
  }
}
