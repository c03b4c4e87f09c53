import type { Clock } from '../../src/base/clock.js'
import type { Random } from '../../src/base/random.js'
import type { ReadResult, Version } from '../../src/store/store.js'
import { Gathering, type Reading } from './gathering.js'
import type { Names } from './names.js'
import type { Router } from './router.js'
import { MgetSheet, MOST } from './sheet.js'
import type { Turn } from './turn.js'

/**
 * Reads what is asked for in one tick with as few commands as there are slots: one `MGET` on one server.
 *
 * With 100 callers in flight this takes less than half the time of one command each that the client sends together
 * (auto-pipelining), since a command, its reply and its promise cost more than a key does. On one server everybody
 * writes on one sheet; in a cluster, and for calls with very many keys, what is asked has to be divided first.
 */
export class Reads {
  readonly #router: Router
  readonly #names: Names
  readonly #spaces: Map<string, Version>
  readonly #turn: Turn
  readonly #means: { readonly clock: Clock; readonly random: Random }
  #sheet: MgetSheet | undefined
  #readings: Reading[] = []

  constructor(
    router: Router,
    names: Names,
    spaces: Map<string, Version>,
    turn: Turn,
    means: { readonly clock: Clock; readonly random: Random },
  ) {
    this.#router = router
    this.#names = names
    this.#spaces = spaces
    this.#turn = turn
    this.#means = means
  }

  /** Entries, the namespace's version for each, and the versions of tags. */
  read(keys: readonly string[], tags: readonly string[]): Promise<ReadResult> {
    return this.#ask(keys, tags, true)
  }

  /** The same without the entries. */
  state(keys: readonly string[], tags: readonly string[]): Promise<ReadResult> {
    return this.#ask(keys, tags, false)
  }

  /** The sheet of this tick. On one server only. */
  sheet(): MgetSheet {
    if (this.#sheet !== undefined && !this.#sheet.full) return this.#sheet
    const sheet = new MgetSheet(this.#names, this.#spaces, this.#means)
    this.#sheet = sheet
    this.#turn.add(() => {
      if (this.#sheet === sheet) this.#sheet = undefined
      this.#router.send(sheet.request())
    })
    return sheet
  }

  #ask(keys: readonly string[], tags: readonly string[], entries: boolean): Promise<ReadResult> {
    if (keys.length === 0 && tags.length === 0) return Promise.resolve({ keys: [], versions: [] })
    if (!this.#router.clustered && keys.length + tags.length < MOST) {
      return this.#askOne(keys, tags, entries)
    }
    return new Promise((resolve, reject) => {
      const reading: Reading = { keys, tags, entries, resolve, reject }
      if (this.#readings.push(reading) === 1) this.#turn.add(this.#flush)
    })
  }

  async #askOne(
    keys: readonly string[],
    tags: readonly string[],
    entries: boolean,
  ): Promise<ReadResult> {
    const sheet = this.sheet()
    if (keys.length > 0) sheet.askSpace()
    const places =
      keys.length === 1 && entries ? [sheet.entry(keys[0]!)] : placesOf(sheet, entries ? keys : [])
    const question = tags.length === 0 ? undefined : sheet.tags(tags)
    await sheet.done
    if (sheet.error !== undefined) throw sheet.error
    return {
      keys: entries
        ? places.map((place) => sheet.state(place))
        : keys.map(() => ({ found: undefined, space: sheet.space() })),
      versions: question === undefined ? NONE : question.versions,
    }
  }

  readonly #flush = (): void => {
    const readings = this.#readings
    this.#readings = []
    const gathering = new Gathering(this.#router, this.#names, this.#spaces)
    for (const reading of readings) gathering.add(reading)
    for (const request of gathering.requests()) this.#router.send(request)
  }
}

function placesOf(sheet: MgetSheet, keys: readonly string[]): number[] {
  const first = keys.length === 0 ? 0 : sheet.entries(keys)
  return keys.map((_, at) => first + at)
}

const NONE: readonly never[] = Object.freeze([])
