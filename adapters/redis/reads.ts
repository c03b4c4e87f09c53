import type { ReadResult, Version } from '../../src/store/store.js'
import { Gathering, MOST, type Reading } from './gathering.js'
import type { Names } from './names.js'
import { type Owner, Request } from './request.js'
import type { Router } from './router.js'
import type { Turn } from './turn.js'

/**
 * Reads what is asked for in one tick with as few commands as there are slots: one `MGET` on one server.
 *
 * With 100 callers in flight this takes less than half the time of one command each that the client sends together
 * (auto-pipelining), since a command, its reply and its promise cost more than a key does. A lone caller on one
 * server pays for none of what that needs: the names are what it asked for, in its order, and so are the answers.
 */
export class Reads {
  readonly #router: Router
  readonly #names: Names
  readonly #spaces: Map<string, Version>
  readonly #turn: Turn
  #readings: Reading[] = []

  constructor(router: Router, names: Names, spaces: Map<string, Version>, turn: Turn) {
    this.#router = router
    this.#names = names
    this.#spaces = spaces
    this.#turn = turn
  }

  /** Entries, the namespace's version for each, and the versions of tags. */
  read(keys: readonly string[], tags: readonly string[]): Promise<ReadResult> {
    return this.#ask(keys, tags, true)
  }

  /** The same without the entries. */
  state(keys: readonly string[], tags: readonly string[]): Promise<ReadResult> {
    return this.#ask(keys, tags, false)
  }

  #ask(keys: readonly string[], tags: readonly string[], entries: boolean): Promise<ReadResult> {
    if (keys.length === 0 && tags.length === 0) return Promise.resolve({ keys: [], versions: [] })
    return new Promise((resolve, reject) => {
      const reading: Reading = { keys, tags, entries, resolve, reject }
      if (this.#readings.push(reading) === 1) this.#turn.add(this.#flush)
    })
  }

  readonly #flush = (): void => {
    const readings = this.#readings
    this.#readings = []
    const [first] = readings
    const alone = readings.length === 1 && !this.#router.clustered
    if (alone && first!.keys.length + first!.tags.length < MOST) return this.#readAlone(first!)
    const gathering = new Gathering(this.#router, this.#names, this.#spaces)
    for (const reading of readings) gathering.add(reading)
    for (const request of gathering.requests()) this.#router.send(request)
  }

  #readAlone(reading: Reading): void {
    const { keys, tags, entries } = reading
    const { entry, tag, space } = this.#names
    const names: string[] = entries ? keys.map(entry) : []
    if (keys.length > 0) names.push(space(0))
    for (let at = 0; at < tags.length; at++) names.push(tag(tags[at]!))
    this.#router.send(new Request('mget', names, 0, new Alone(reading, space(0), this.#spaces)))
  }
}

/** A reading that has a command to itself. */
class Alone implements Owner {
  readonly #reading: Reading
  readonly #space: string
  readonly #spaces: Map<string, Version>

  constructor(reading: Reading, space: string, spaces: Map<string, Version>) {
    this.#reading = reading
    this.#space = space
    this.#spaces = spaces
  }

  answered(reply: unknown): void {
    const { keys, tags, entries, resolve } = this.#reading
    const answers = reply as readonly (Buffer | null)[]
    let next = entries ? keys.length : 0
    const space = keys.length > 0 ? versionIn(answers[next++]) : undefined
    if (space !== undefined) this.#spaces.set(this.#space, space)
    resolve({
      keys: keys.map((_, at) => {
        const bytes = entries ? answers[at] : null
        return { found: bytes ? { bytes, token: undefined } : undefined, space }
      }),
      versions: tags.map((_, at) => versionIn(answers[next + at])),
    })
  }

  refused(error: Error): void {
    this.#reading.reject(error)
  }
}

/** The version in a record, if there is one. */
export function versionIn(answer: Buffer | null | undefined): Version | undefined {
  return answer === null || answer === undefined ? undefined : answer.toString('latin1')
}
