import { CacheError } from '../../base/errors.js'
import type {
  AcquireResult,
  Bus,
  BusListener,
  Found,
  KeyState,
  ReadResult,
  RemoteStore,
  Store,
  StoreContext,
  Version,
} from '../../store/store.js'
import { sheetsOver, type Claim } from './sheet.js'
import type { World } from './world.js'

/** Protections of a store that can be taken out, to see that the explorer notices. */
export interface Weaknesses {
  /** A fill succeeds although its lease is gone. */
  readonly fillsWithoutLease?: boolean
  /** Removing a key leaves its lease. */
  readonly dropKeepsLease?: boolean
  /** Two may hold a lease at once. */
  readonly leasesAreShared?: boolean
  /** What is there is not read again after a lease was planted. */
  readonly acquiresWithoutReading?: boolean
  /** Tag records always come back with the same first version. */
  readonly versionsRestart?: boolean
  /** Invalidation leaves the record that tells of all invalidations. */
  readonly epochStays?: boolean
  /** Every tag is said to have the version that an entry noted: tags are not compared. */
  readonly tagsNeverChange?: boolean
  /** Nothing is announced to other processes. */
  readonly silent?: boolean
  /** Asked for a lease's holder, it names whoever asked last. */
  readonly holderIsGuessed?: boolean
}

interface Lease {
  readonly token: string
  readonly until: number
}

/**
 * A server as the contract wants one, in this process: every verb is one round trip in a `World`, so that a schedule decides when
 * the server does it and when the answer arrives. `split` makes note and invalidate one round trip per record, as on a cluster.
 */
export class SimulatedServer {
  readonly #world: World
  readonly #weak: Weaknesses
  readonly #split: boolean
  readonly #claims: boolean
  readonly #entries = new Map<string, Buffer>()
  readonly #leases = new Map<string, Lease>()
  readonly #records = new Map<string, Version>()
  readonly #listeners = new Map<string, BusListener>()
  readonly #mail = new Map<string, string[]>()
  readonly #everLeased = new Map<string, Lease>()
  #space: Version | undefined
  readonly #down = new Set<string>()
  /** Told of each announcement as it is made, and as it arrives. */
  onAnnounced: (process: string, text: string) => void = () => {}
  onArrived: (process: string, text: string) => void = () => {}

  constructor(
    world: World,
    {
      weak = {},
      split = false,
      claims = false,
    }: { weak?: Weaknesses; split?: boolean; claims?: boolean } = {},
  ) {
    this.#world = world
    this.#weak = weak
    this.#split = split
    this.#claims = claims
  }

  /** The server's state, for comparing two runs. */
  fingerprint(): string {
    const texts = (map: ReadonlyMap<string, unknown>): unknown =>
      [...map].toSorted(([a], [b]) => (a < b ? -1 : 1))
    return JSON.stringify([
      texts(new Map([...this.#entries].map(([key, bytes]) => [key, bytes.toString('latin1')]))),
      texts(this.#leases),
      texts(this.#records),
      texts(this.#mail),
      [...this.#down].toSorted(),
      this.#space,
    ])
  }

  /** Makes room: the entry, the lease or the records go. */
  evict(what: 'entries' | 'leases' | 'records'): void {
    if (what === 'entries') this.#entries.clear()
    else if (what === 'leases') this.#leases.clear()
    else this.#records.clear()
  }

  /** Forgets everything, as after a restart. */
  flush(): void {
    this.evict('entries')
    this.evict('leases')
    this.evict('records')
    this.#space = undefined
  }

  /** Cuts a process off: its commands fail, and messages to it are lost. */
  cutOff(process: string): void {
    this.#down.add(process)
    if (this.#mail.has(process)) this.#mail.set(process, [])
    this.#listeners.get(process)?.down(undefined)
  }

  /** Ends `cutOff`. */
  reconnect(process: string): void {
    if (!this.#down.delete(process)) return
    this.#listeners.get(process)?.up()
  }

  /** The server as a store of one process. */
  store(process: string): Store {
    return { name: 'simulated', open: (context) => this.#open(process, context) }
  }

  #open(process: string, context: StoreContext): RemoteStore {
    const trip = <T>(label: string, execute: () => T): Promise<T> =>
      this.#world.roundTrip(process, label, () => {
        if (this.#down.has(process)) throw unreachable()
        return execute()
      })
    const version = (): Version =>
      this.#weak.versionsRestart === true ? 'first' : context.random.token()
    const record = (tag: string): Version => {
      const found = this.#records.get(tag)
      if (found !== undefined) return found
      const made = version()
      this.#records.set(tag, made)
      return made
    }
    const read = (tag: string): Version | undefined =>
      this.#weak.tagsNeverChange === true
        ? (this.#records.get(`first ${tag}`) ?? this.#records.get(tag))
        : this.#records.get(tag)
    const state = (key: string): KeyState => ({ found: this.#found(key), space: this.#space })
    const states = (keys: readonly string[], tags: readonly string[]): ReadResult => ({
      keys: keys.map(state),
      versions: tags.map(read),
    })
    const ask = (keys: readonly string[], tags: readonly string[]): Promise<ReadResult> =>
      trip(`read ${[...keys, ...tags].join(' ')}`, () => states(keys, tags))
    const lease = (key: string): Lease | undefined => {
      const found = this.#leases.get(key)
      return found !== undefined && found.until > this.#world.now() ? found : undefined
    }
    const note = (tag: string): Version => {
      const noted = record(tag)
      if (!this.#records.has(`first ${tag}`) && this.#weak.tagsNeverChange === true) {
        this.#records.set(`first ${tag}`, noted)
      }
      return noted
    }
    const claim: Claim = (key, tags, { also, leaseMs }) =>
      trip(`claim ${[key, ...tags].join(' ')}`, () => {
        if (this.#found(key) !== undefined || lease(key) !== undefined) {
          return { ...states([key], tags), gained: undefined }
        }
        const token = context.random.token()
        this.#plant(key, { token, until: this.#world.now() + leaseMs })
        this.#space ??= context.random.token()
        const noted = { versions: tags.map(note), also: note(also) }
        const gained = { lease: { token }, space: this.#space, also: noted.also }
        return { keys: [state(key)], versions: noted.versions, gained }
      })
    const changed = (key: string): void => {
      if (this.#weak.dropKeepsLease !== true) this.#leases.delete(key)
    }
    const announce = (text: string | undefined): void => {
      if (text === undefined) return
      this.onAnnounced(process, text)
      if (this.#weak.silent !== true) this.#announce(text)
    }
    return {
      kind: 'remote',
      bus: this.#bus(process),
      read: ask,
      sheet: sheetsOver(ask, this.#claims ? claim : undefined, () => this.#world.now()),
      acquire: (keys, tags, leaseMs) =>
        trip(`acquire ${keys.join(' ')}`, (): AcquireResult => {
          this.#space ??= context.random.token()
          const space = this.#space
          return {
            keys: keys.map((key) => {
              const free = this.#weak.leasesAreShared === true || lease(key) === undefined
              const token = context.random.token()
              if (free) this.#plant(key, { token, until: this.#world.now() + leaseMs })
              const found =
                this.#weak.acquiresWithoutReading === true ? undefined : this.#found(key)
              return { lease: free ? { token } : undefined, found, space }
            }),
            versions: tags.map(note),
          }
        }),
      renew: (key, { token }, leaseMs) =>
        trip(`renew ${key}`, () => {
          if (lease(key)?.token !== token) return false
          this.#leases.set(key, { token: token as string, until: this.#world.now() + leaseMs })
          return true
        }),
      release: (key, { token }) =>
        trip(`release ${key}`, () => {
          if (this.#leases.get(key)?.token === token) this.#leases.delete(key)
        }),
      fill: (fills, tags) =>
        trip(`fill ${fills.map(({ key }) => key).join(' ')}`, () => {
          const filled = fills.map(({ key, lease: { token }, bytes }) => {
            if (lease(key)?.token !== token && this.#weak.fillsWithoutLease !== true) return false
            this.#entries.set(key, bytes)
            this.#leases.delete(key)
            return true
          })
          return {
            filled,
            state: states(
              fills.map(({ key }) => key),
              tags,
            ),
          }
        }),
      note: async (tags) => {
        if (!this.#split) return trip(`note ${tags.join(' ')}`, () => tags.map(record))
        const versions: Version[] = []
        for (const tag of tags) versions.push(await trip(`note ${tag}`, () => record(tag)))
        return versions
      },
      lastSpace: () => this.#space,
      write: (writes, tags, text) =>
        trip(`write ${writes.map(({ key }) => key).join(' ')}`, () => {
          this.#space ??= context.random.token()
          for (const { key, bytes } of writes) {
            this.#entries.set(key, bytes)
            changed(key)
          }
          tags.forEach(record)
          announce(text)
          return {
            written: writes.map(() => undefined),
            state: states(
              writes.map(({ key }) => key),
              tags,
            ),
          }
        }),
      swap: ({ key, bytes }, expected, text) =>
        trip(`swap ${key}`, () => {
          const there = this.#entries.get(key)
          const same =
            expected === undefined ? there === undefined : there?.equals(expected.bytes) === true
          if (!same) return false
          this.#entries.set(key, bytes)
          changed(key)
          announce(text)
          return true
        }),
      drop: (keys, text) =>
        trip(`drop ${keys.join(' ')}`, () => {
          for (const key of keys) {
            this.#entries.delete(key)
            changed(key)
          }
          announce(text)
          return keys.map(() => undefined)
        }),
      invalidate: async (tags, versions, text) => {
        const replace = (index: number): void => {
          if (index === 0 && this.#weak.epochStays === true) return
          this.#records.set(tags[index]!, versions[index]!)
        }
        if (!this.#split) {
          return trip(`invalidate ${tags.join(' ')}`, () => {
            tags.forEach((_, index) => replace(index))
            announce(text)
            return tags.map(() => undefined)
          })
        }
        for (const [index, tag] of tags.entries()) {
          await trip(`invalidate ${tag}`, () => {
            replace(index)
            if (index === tags.length - 1) announce(text)
          })
        }
        return tags.map(() => undefined)
      },
      clear: (space, text) =>
        trip('clear', () => {
          this.#space = space
          announce(text)
        }),
      holder: (key) =>
        trip(`holder ${key}`, () => {
          const found = this.#weak.holderIsGuessed === true ? this.#everLeased.get(key) : lease(key)
          return found && { token: found.token, remainingMs: found.until - this.#world.now() }
        }),
      health: () => [],
      close: async () => {},
    }
  }

  #plant(key: string, lease: Lease): void {
    this.#leases.set(key, lease)
    this.#everLeased.set(key, lease)
  }

  #found(key: string): Found | undefined {
    const bytes = this.#entries.get(key)
    return bytes && { bytes, token: bytes }
  }

  #bus(process: string): Bus {
    return {
      subscribe: (listener) => {
        this.#listeners.set(process, listener)
        this.#mail.set(process, [])
        listener.up()
      },
      publish: async (text) => this.#announce(text),
      close: async () => {},
    }
  }

  /** Puts a message into every listener's mail; each arrives as a step of its own, in order. */
  #announce(text: string): void {
    for (const [process, mail] of this.#mail) {
      if (this.#down.has(process)) continue
      mail.push(text)
      this.#world.add({
        actor: process,
        label: 'message arrives',
        run: () => {
          const message = mail.shift()
          if (message === undefined || this.#mail.get(process) !== mail) return
          this.#world.remember(process, message)
          this.onArrived(process, message)
          this.#listeners.get(process)!.message(message)
        },
      })
    }
  }
}

function unreachable(): CacheError {
  return new CacheError('CACHE_STORE_UNAVAILABLE', 'the simulated server cannot be reached')
}
