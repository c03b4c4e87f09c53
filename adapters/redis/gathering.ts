import type { KeyState, ReadResult, Unavailable, Version } from '../../src/store/store.js'
import type { Names } from './names.js'
import { type Owner, Request } from './request.js'
import type { Router } from './router.js'
import { MOST } from './sheet.js'

/** One call of `read`, before it is known who else reads in this tick. */
export interface Reading {
  readonly keys: readonly string[]
  readonly tags: readonly string[]
  /** False when only versions are wanted. */
  readonly entries: boolean
  readonly resolve: (result: ReadResult) => void
  readonly reject: (error: Error) => void
}

/** Several readings of one tick: each name is asked for once, from the server that has it, and told to all who want it. */
export class Gathering {
  readonly #router: Router
  readonly #names: Names
  readonly #spaces: Map<string, Version>
  readonly #groups: Group[] = []
  /** The group of each slot that has room. */
  readonly #open = new Map<number, Group>()

  constructor(router: Router, names: Names, spaces: Map<string, Version>) {
    this.#router = router
    this.#names = names
    this.#spaces = spaces
  }

  add(reading: Reading): void {
    const { keys, tags, entries } = reading
    const names = this.#names
    const call = new Call(reading)
    for (const key of keys) {
      const name = names.entry(key)
      const slot = this.#router.slot(name)
      if (entries) this.#group(slot).entry(key, name, call)
      const space = names.space(slot)
      this.#group(this.#router.slot(space)).space(space, call)
    }
    for (const tag of tags) {
      const name = names.tag(tag)
      this.#group(this.#router.slot(name)).tag(tag, name, call)
    }
  }

  *requests(): Generator<Request> {
    for (const group of this.#groups) yield new Request('mget', group.names, group.slot, group)
  }

  #group(slot: number): Group {
    const open = this.#open.get(slot)
    if (open !== undefined && open.names.length < MOST) return open
    const group = new Group(slot, this.#spaces)
    this.#open.set(slot, group)
    this.#groups.push(group)
    return group
  }
}

/** What one command reads, and for whom. */
class Group implements Owner {
  readonly slot: number
  readonly names: string[] = []
  /** Why there are no answers. */
  error: Error | undefined
  readonly #calls: Call[] = []
  readonly #spaces: Map<string, Version>
  /** Where each is, by what it was asked for: a key's or a tag's own text is quicker to look up than its name. */
  #entries: Map<string, number> | undefined
  #tags: Map<string, number> | undefined
  #records: Map<string, number> | undefined
  #answers: (Buffer | Version | null)[] = []

  constructor(slot: number, spaces: Map<string, Version>) {
    this.slot = slot
    this.#spaces = spaces
  }

  entry(key: string, name: string, call: Call): void {
    this.#add((this.#entries ??= new Map()), key, name, call)
  }

  tag(tag: string, name: string, call: Call): void {
    this.#add((this.#tags ??= new Map()), tag, name, call)
  }

  space(name: string, call: Call): void {
    this.#add((this.#records ??= new Map()), name, name, call)
  }

  #add(places: Map<string, number>, asked: string, name: string, call: Call): void {
    let place = places.get(asked)
    if (place === undefined) {
      place = this.names.push(name) - 1
      places.set(asked, place)
    }
    if (this.#calls.at(-1) !== call) this.#calls.push(call)
    call.put(this, place)
  }

  answered(reply: unknown): void {
    this.#answers = reply as (Buffer | null)[]
    for (const [name, place] of this.#records ?? []) {
      const version = this.version(place)
      if (version !== undefined) this.#spaces.set(name, version)
    }
    for (const call of this.#calls) call.answered()
  }

  refused(error: Error): void {
    this.error = error
    for (const call of this.#calls) call.answered()
  }

  bytes(place: number): Buffer | null | undefined {
    return this.#answers[place] as Buffer | null | undefined
  }

  /** The version in a record: made text once, however many ask. */
  version(place: number): Version | undefined {
    const answer = this.#answers[place]
    if (typeof answer === 'string') return answer
    if (answer === null || answer === undefined) return undefined
    return (this.#answers[place] = answer.toString('latin1'))
  }
}

/** One reading among several, which may wait for several servers. */
class Call {
  readonly #reading: Reading
  readonly #groups: Group[] = []
  /** Where each thing is, in the order they were asked for: which group, which place in it. */
  readonly #homes: number[] = []
  readonly #places: number[] = []
  #waiting = 0
  #next = 0

  constructor(reading: Reading) {
    this.#reading = reading
  }

  put(group: Group, place: number): void {
    let home = this.#groups.lastIndexOf(group)
    if (home < 0) {
      home = this.#groups.push(group) - 1
      this.#waiting++
    }
    this.#homes.push(home)
    this.#places.push(place)
  }

  answered(): void {
    if (--this.#waiting === 0) this.#finish()
  }

  #finish(): void {
    const { keys, tags, entries, resolve, reject } = this.#reading
    const first = this.#groups[0]!.error
    if (first !== undefined && this.#groups.every(({ error }) => error !== undefined)) {
      return reject(first)
    }
    const states: (KeyState | Unavailable)[] = []
    for (let at = 0; at < keys.length; at++) {
      const entry = entries ? this.#answer() : undefined
      const bytes = entry?.group.bytes(entry.place)
      const record = this.#answer()
      const error = entry?.group.error ?? record.group.error
      if (error !== undefined) states.push({ unavailable: error })
      else {
        const found = bytes ? { bytes, token: undefined } : undefined
        states.push({ found, space: record.group.version(record.place) })
      }
    }
    const versions: (Version | undefined | Unavailable)[] = []
    for (let at = 0; at < tags.length; at++) {
      const { group, place } = this.#answer()
      versions.push(group.error === undefined ? group.version(place) : { unavailable: group.error })
    }
    resolve({ keys: states, versions })
  }

  #answer(): { readonly group: Group; readonly place: number } {
    const at = this.#next++
    return { group: this.#groups[this.#homes[at]!]!, place: this.#places[at]! }
  }
}
