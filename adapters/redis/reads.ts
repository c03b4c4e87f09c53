import type { KeyState, ReadResult, Unavailable, Version } from '../../src/store/store.js'
import type { Names } from './names.js'
import { Request } from './request.js'
import type { Router } from './router.js'

/**
 * Gathers what is read in one tick into as few commands as there are slots: one `MGET` on one server.
 *
 * Measured with 100 callers in flight, this takes a third of the time of one command each that the client sends
 * together (auto-pipelining), since a command, its reply and its promise cost more than a key does.
 */
export class Reads {
  readonly #router: Router
  readonly #names: Names
  readonly #spaces: Map<string, Version>
  readonly #groups = new Map<number, Group>()
  #scheduled = false

  constructor(router: Router, names: Names, spaces: Map<string, Version>) {
    this.#router = router
    this.#names = names
    this.#spaces = spaces
  }

  /** Entries, the namespace's version for each, and the versions of tags. */
  read(keys: readonly string[], tags: readonly string[]): Promise<ReadResult> {
    return this.#gather(keys, tags, true)
  }

  /** The same without the entries. */
  state(keys: readonly string[], tags: readonly string[]): Promise<ReadResult> {
    return this.#gather(keys, tags, false)
  }

  #gather(keys: readonly string[], tags: readonly string[], entries: boolean): Promise<ReadResult> {
    return new Promise((resolve, reject) => {
      const { length } = keys
      if (length === 0 && tags.length === 0) return resolve({ keys: [], versions: [] })
      const call = new Call(length, tags.length, resolve, reject)
      for (let at = 0; at < length; at++) {
        const name = this.#names.entry(keys[at]!)
        const slot = this.#router.slot(name)
        if (entries) this.#add(name, slot, call, 2 * at, 'entry')
        else call.take(2 * at, undefined)
        const space = this.#names.space(slot)
        this.#add(space, this.#router.slot(space), call, 2 * at + 1, 'space')
      }
      for (let at = 0; at < tags.length; at++) {
        const name = this.#names.tag(tags[at]!)
        this.#add(name, this.#router.slot(name), call, 2 * length + at, 'tag')
      }
    })
  }

  #add(name: string, slot: number, call: Call, at: number, kind: Kind): void {
    let group = this.#groups.get(slot)
    if (group === undefined) {
      group = new Group(slot, this.#spaces)
      this.#groups.set(slot, group)
      if (!this.#scheduled) {
        this.#scheduled = true
        process.nextTick(this.#flush)
      }
    }
    group.add(name, call, at, kind)
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    for (const group of this.#groups.values()) {
      for (const request of group.requests()) this.#router.send(request)
    }
    this.#groups.clear()
  }
}

/** Names in one command at most: a server does nothing else meanwhile. */
const MOST = 500

type Kind = 'entry' | 'space' | 'tag'

/** What is read from one slot, each name once, and who asked for it. */
class Group {
  readonly #slot: number
  readonly #names: string[] = []
  readonly #kinds: Kind[] = []
  readonly #spaces: Map<string, Version>
  readonly #places = new Map<string, number>()
  /** Who asked for what: call, place in the call, place in the group. */
  readonly #calls: Call[] = []
  readonly #to: number[] = []
  readonly #from: number[] = []

  constructor(slot: number, spaces: Map<string, Version>) {
    this.#slot = slot
    this.#spaces = spaces
  }

  add(name: string, call: Call, at: number, kind: Kind): void {
    let place = this.#places.get(name)
    if (place === undefined) {
      place = this.#names.length
      this.#places.set(name, place)
      this.#names.push(name)
      this.#kinds.push(kind)
    }
    this.#calls.push(call)
    this.#to.push(at)
    this.#from.push(place)
  }

  *requests(): Generator<Request> {
    const answers: Answer[] = []
    let missing = Math.ceil(this.#names.length / MOST)
    for (let start = 0; start < this.#names.length; start += MOST) {
      const names =
        this.#names.length <= MOST ? this.#names : this.#names.slice(start, start + MOST)
      const take = (give: (at: number) => Answer) => {
        for (let at = 0; at < names.length; at++) answers[start + at] = give(at)
        if (--missing === 0) this.#deliver(answers)
      }
      yield new Request(
        'mget',
        names,
        this.#slot,
        (reply) => take((at) => this.#decode((reply as (Buffer | null)[])[at], start + at)),
        (error) => take(() => error),
      )
    }
  }

  #decode(answer: Buffer | null | undefined, place: number): Answer {
    if (answer === null || answer === undefined) return undefined
    const kind = this.#kinds[place]
    if (kind === 'entry') return answer
    const version = answer.toString('latin1')
    if (kind === 'space') this.#spaces.set(this.#names[place]!, version)
    return version
  }

  #deliver(answers: readonly Answer[]): void {
    for (let n = 0; n < this.#calls.length; n++) {
      this.#calls[n]!.take(this.#to[n]!, answers[this.#from[n]!])
    }
  }
}

/** An entry, a version, nothing, or why we do not know. */
type Answer = Buffer | Version | undefined | Error

/** One caller of `read`, who may wait for several servers. */
class Call {
  readonly #answers: Answer[] = []
  readonly #keys: number
  readonly #resolve: (result: ReadResult) => void
  readonly #reject: (error: Error) => void
  #missing: number
  #failed = 0

  constructor(
    keys: number,
    tags: number,
    resolve: (result: ReadResult) => void,
    reject: (error: Error) => void,
  ) {
    this.#keys = keys
    this.#missing = 2 * keys + tags
    this.#resolve = resolve
    this.#reject = reject
  }

  take(at: number, answer: Answer): void {
    this.#answers[at] = answer
    if (answer instanceof Error) this.#failed++
    if (--this.#missing === 0) this.#finish()
  }

  #finish(): void {
    const answers = this.#answers
    if (this.#failed === answers.length) return this.#reject(answers[0] as Error)
    const keys: (KeyState | Unavailable)[] = []
    const versions: (Version | undefined | Unavailable)[] = []
    const tagsAt = 2 * this.#keys
    for (let at = 0; at < tagsAt; at += 2) {
      const bytes = answers[at] as Buffer | undefined | Error
      const space = answers[at + 1] as Version | undefined | Error
      if (bytes instanceof Error) keys.push({ unavailable: bytes })
      else if (space instanceof Error) keys.push({ unavailable: space })
      else {
        keys.push({ found: bytes === undefined ? undefined : { bytes, token: undefined }, space })
      }
    }
    for (let at = tagsAt; at < answers.length; at++) {
      const version = answers[at] as Version | undefined | Error
      versions.push(version instanceof Error ? { unavailable: version } : version)
    }
    this.#resolve({ keys, versions })
  }
}
