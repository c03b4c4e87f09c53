import { entryOf, keyOf, openStore } from './contenders.ts'
import { milliseconds } from './entries.ts'

/** What tags cost in memory; microseconds per call, nanoseconds per read. */
export interface TagsRow {
  /** Number of different tags on 10,000 entries, three to each. */
  readonly tags: number
  /** Reading an entry when nothing was invalidated since the last look at it. */
  readonly read: number
  /** Reading an entry for the first time after an invalidation of another tag. */
  readonly readAfter: number
  /** Invalidating one tag, whatever number of entries carry it. */
  readonly invalidateOne: number
}

export interface InvalidateRow {
  /** Number of tags invalidated at once. */
  readonly tags: number
  readonly microseconds: number
}

const ENTRIES = 10_000
const ROUNDS = 20

export function measureTags(tags: number): TagsRow {
  const { store, keys } = tagged(tags)
  let read = 0
  let readAfter = 0
  let invalidateOne = 0
  for (let round = 0; round < ROUNDS; round++) {
    invalidateOne += milliseconds(() => store.invalidate(['another'], [`v${round}`]))
    readAfter += milliseconds(() => readAll(store, keys))
    read += milliseconds(() => readAll(store, keys))
  }
  const perRead = 1e6 / ROUNDS / ENTRIES
  return {
    tags,
    read: read * perRead,
    readAfter: readAfter * perRead,
    invalidateOne: (invalidateOne * 1e3) / ROUNDS,
  }
}

export function measureInvalidate(tags: number): InvalidateRow {
  const { store, names } = tagged(Math.max(tags, 1_000))
  const some = names.slice(0, tags)
  let spent = 0
  for (let round = 0; round < ROUNDS; round++) {
    const versions = some.map((_, i) => `v${round}.${i}`)
    spent += milliseconds(() => store.invalidate(some, versions))
  }
  return { tags, microseconds: (spent * 1e3) / ROUNDS }
}

type Opened = ReturnType<typeof openStore>['store']

function readAll(store: Opened, keys: readonly string[]): void {
  for (const key of keys) if (store.get(key) === undefined) throw new Error(`${key} is gone`)
}

function tagged(tags: number): { store: Opened; keys: string[]; names: string[] } {
  const { clock, store } = openStore({ maxEntries: ENTRIES })
  const names = Array.from({ length: tags }, (_, i) => `tag:${i}`)
  const keys = Array.from({ length: ENTRIES }, (_, i) => keyOf(i))
  keys.forEach((key, i) => {
    const own = [...new Set([0, 1, 2].map((n) => names[(i * 3 + n) % tags]!))]
    store.put(key, { ...entryOf(i, clock.now(), Infinity), tags: own, versions: store.note(own) })
  })
  return { store, keys, names }
}
