/**
 * Marks: what says, to every process, that something is about to be written. See strict.ts for what they are for.
 *
 * In a shared store a mark is a lease (`RemoteStore.acquire`), which nobody else can lift and which runs out by itself when
 * its process is gone. A lease has one holder, and several processes may be about to write under one tag, so a tag has several slots; a
 * process holds one of them for all its own writes of the moment. When all slots are taken, the mark is an entry beside them that
 * nobody lifts: it runs out.
 */
import { hash } from 'node:crypto'
import type { Cancel, Clock } from '../base/clock.js'
import { CacheError } from '../base/errors.js'
import type { Random } from '../base/random.js'
import type { RemoteLease, RemoteStore } from '../store/store.js'

export interface Marks {
  /**
   * Marks tags, which stay marked until what is returned is called. Called with `true`, it lets the marks run out instead of lifting them.
   *
   * @throws {CacheError} `CACHE_STORE_UNAVAILABLE` when one of them could not be; then none is marked by this call.
   */
  mark(tags: readonly string[]): Promise<(abandon: boolean) => void>
  /** Whether what this process has marked is marked yet: one that stood still may have outlived its marks. */
  hold(tags: readonly string[]): boolean
  /** Whether one of the tags is marked, by any process; yes where that cannot be found out. */
  isMarked(tags: readonly string[]): Promise<boolean>
  close(): void
}

/** Marks of a cache that is process memory alone: nobody else reads it. */
export function localMarks(markMs: number, clock: Clock): Marks {
  const counts = new Map<string, number>()
  const lift = (tags: readonly string[]): void => {
    for (const tag of tags) {
      const count = (counts.get(tag) ?? 1) - 1
      if (count === 0) counts.delete(tag)
      else counts.set(tag, count)
    }
  }
  return {
    async mark(tags) {
      for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1)
      return once((abandon) => {
        if (abandon) clock.after(markMs, () => lift(tags))
        else lift(tags)
      })
    },
    hold: (tags) => tags.every((tag) => counts.has(tag)),
    isMarked: async (tags) => tags.some((tag) => counts.has(tag)),
    close: () => counts.clear(),
  }
}

export interface RemoteMarksOptions {
  readonly store: RemoteStore
  /** How long a mark lives that is not renewed, ms. */
  readonly markMs: number
  readonly clock: Clock
  readonly random: Random
  readonly onError: (error: unknown) => void
}

/** As many processes may be about to write under one tag at once; more of them, and the tag is marked for longer than they need. */
const SLOTS = 8

/** No key of a user has this name: `%m` is no escape (names.ts). */
function nameOf(tag: string, slot: number | 'more'): string {
  return `%mark:${slot}:${hash('sha256', tag, 'base64url')}`
}

/** The mark of one tag, shared by the writes of this process. */
interface Held {
  count: number
  /** One of the writes may still be carried out: the mark is left to run out. */
  abandoned: boolean
  slot: number | 'more'
  lease: RemoteLease | undefined
  /** It is there at least until then, by the clock of this process. */
  until: number
  /** Settles when it is there. */
  ready: Promise<void>
  cancel: Cancel
}

export function remoteMarks(options: RemoteMarksOptions): Marks {
  const { store, markMs, clock, random, onError } = options
  const held = new Map<string, Held>()
  let closed = false

  async function plant(tag: string, mine: Held): Promise<void> {
    const first = Math.floor(random.fraction() * SLOTS)
    for (let at = 0; at < SLOTS; at++) {
      const slot = (first + at) % SLOTS
      const until = clock.now() + markMs
      const { keys } = await store.acquire([nameOf(tag, slot)], [], markMs, markMs)
      const [state] = keys
      if (state === undefined || 'unavailable' in state) throw state?.unavailable ?? new Error()
      if (state.lease !== undefined)
        return void Object.assign(mine, { slot, until, lease: state.lease })
    }
    await plantMore(tag, mine)
  }

  async function plantMore(tag: string, mine: Held): Promise<void> {
    const until = clock.now() + markMs
    const write = { key: nameOf(tag, 'more'), bytes: Buffer.from('1'), keepMs: markMs }
    const { written } = await store.write([write], [], undefined)
    if (written[0] !== undefined) throw written[0]
    Object.assign(mine, { slot: 'more', lease: undefined, until })
  }

  /** Prolongs a mark; one that was lost (evicted, flushed) is planted again. */
  async function renew(tag: string, mine: Held): Promise<void> {
    if (mine.lease === undefined) return plantMore(tag, mine)
    const until = clock.now() + markMs
    if (await store.renew(nameOf(tag, mine.slot), mine.lease, markMs)) mine.until = until
    else await plant(tag, mine)
  }

  function keepUp(tag: string, mine: Held): void {
    mine.cancel = clock.after(markMs / 4, () => {
      if (mine.count === 0 || closed) return
      renew(tag, mine).then(
        () => mine.count > 0 && keepUp(tag, mine),
        (error) => {
          onError(error)
          if (mine.count > 0) keepUp(tag, mine)
        },
      )
    })
  }

  async function markOne(tag: string): Promise<void> {
    let mine = held.get(tag)
    if (mine === undefined) {
      mine = {
        count: 0,
        abandoned: false,
        slot: 0,
        lease: undefined,
        until: 0,
        ready: Promise.resolve(),
        cancel: () => {},
      }
      const planted = mine
      planted.ready = plant(tag, planted).then(() => keepUp(tag, planted))
      held.set(tag, planted)
    }
    mine.count++
    await mine.ready
    // A process that stood still may have outlived its mark.
    if (mine.until - clock.now() < markMs / 2) await renew(tag, mine)
  }

  function lift(tag: string, abandon: boolean): void {
    const mine = held.get(tag)
    if (mine === undefined) return
    if (abandon) mine.abandoned = true
    if (--mine.count > 0) return
    // Whoever marks it next takes another slot: this one may be gone at any moment.
    held.delete(tag)
    mine.cancel()
    if (mine.abandoned) void renew(tag, mine).catch(onError)
    else if (mine.lease !== undefined)
      store.release(nameOf(tag, mine.slot), mine.lease).catch(onError)
  }

  return {
    async mark(tags) {
      const outcomes = await Promise.allSettled(tags.map(markOne))
      const failed = outcomes.find((outcome) => outcome.status === 'rejected')
      if (failed === undefined) return once((abandon) => tags.forEach((tag) => lift(tag, abandon)))
      for (const tag of tags) lift(tag, false)
      throw new CacheError(
        'CACHE_STORE_UNAVAILABLE',
        'what is about to be written could not be marked, so it was not sent: the store of the cache cannot be reached',
        { cause: failed.reason },
      )
    },
    hold: (tags) => tags.every((tag) => (held.get(tag)?.until ?? 0) > clock.now()),
    async isMarked(tags) {
      if (tags.some((tag) => held.has(tag))) return true
      try {
        // All in one tick, so in one round trip.
        const leases = tags.flatMap((tag) =>
          Array.from({ length: SLOTS }, (_, slot) => store.holder(nameOf(tag, slot))),
        )
        const more = store.read(
          tags.map((tag) => nameOf(tag, 'more')),
          [],
        )
        const [{ keys }, ...holders] = await Promise.all([more, ...leases])
        if (holders.some((holder) => holder !== undefined)) return true
        return keys.some((state) => 'unavailable' in state || state.found !== undefined)
      } catch (error) {
        onError(error)
        return true
      }
    },
    close() {
      closed = true
      for (const mine of held.values()) mine.cancel()
    },
  }
}

function once(task: (abandon: boolean) => void): (abandon: boolean) => void {
  let done = false
  return (abandon) => {
    if (done) return
    done = true
    task(abandon)
  }
}
