import type { ReadResult } from '../../src/store/store.js'
import { mustReach, problemOf, spaceIn, versionOf } from './answers.js'
import { add, get, type Command } from './command.js'
import type { Link } from './link.js'
import { NOT_FOUND } from './protocol.js'
import type { Round } from './round.js'
import type { Servers } from './servers.js'

/**
 * The reading that follows a change: the namespace's versions where the keys live, and the tags, none of them before
 * the change is made. What is on a changed server is asked behind the change in the same write; with several servers,
 * the tags need a round of their own, as do records that are missing and have to be created.
 */
export class Aftermath {
  readonly #servers: Servers
  readonly #links: readonly Link[]
  readonly #tags: readonly string[]
  readonly #create: boolean
  readonly #spaces = new Map<Link, Command>()
  readonly #records: (Command | undefined)[]

  /** `links`: where each changed key lives. `create`: records that are missing. */
  constructor(
    servers: Servers,
    links: readonly Link[],
    tags: readonly string[],
    { create }: { readonly create: boolean },
  ) {
    this.#servers = servers
    this.#links = links
    this.#tags = tags
    this.#create = create
    this.#records = tags.map(() => undefined)
  }

  /** Asks what can be asked behind the changes, which have just been asked for. */
  askWith(round: Round): void {
    const { names } = this.#servers
    for (const link of this.#links) {
      if (!this.#spaces.has(link)) this.#spaces.set(link, round.via(link).send(get(names.space)))
    }
    const [only, another] = this.#spaces.keys()
    if (another !== undefined) return
    this.#askTags(round, readRecord, (link) => only === undefined || link === only)
  }

  /** Whether anything is left to ask, now that the changes are answered. */
  get incomplete(): boolean {
    const missing = (command: Command | undefined): boolean =>
      command === undefined || (this.#create && command.status === NOT_FOUND)
    return this.#records.some(missing) || [...this.#spaces.values()].some(missing)
  }

  /** Asks what is left. */
  askRest(round: Round): void {
    if (!this.#create) return this.#askTags(round, readRecord, () => true)
    for (const [link, space] of this.#spaces) {
      if (space.status !== NOT_FOUND) continue
      this.#spaces.set(link, noteRecord(this.#servers, round.via(link), space.key))
    }
    for (const [index, record] of this.#records.entries()) {
      if (record?.status === NOT_FOUND) this.#records[index] = undefined
    }
    this.#askTags(round, noteRecord, () => true)
  }

  #askTags(round: Round, ask: typeof noteRecord, suits: (link: Link) => boolean): void {
    const { ring, names } = this.#servers
    for (const [index, tag] of this.#tags.entries()) {
      const link = ring.of(tag)
      if (this.#records[index] !== undefined || !suits(link)) continue
      this.#records[index] = ask(this.#servers, round.via(link), names.tag(tag))
    }
  }

  /** @throws {CacheError} when no server was reached at all. */
  result(): ReadResult {
    const { ring, names } = this.#servers
    const records = this.#records.map(
      (record, index) =>
        record ?? unasked(names.tag(this.#tags[index]!), ring.of(this.#tags[index]!)),
    )
    mustReach([...this.#spaces.values(), ...records])
    return {
      keys: this.#links.map((link) => {
        const space = this.#spaces.get(link)!
        const unavailable = problemOf(space)
        return unavailable ? { unavailable } : { found: undefined, space: spaceIn(space, link) }
      }),
      versions: records.map(versionOf),
    }
  }
}

const readRecord: typeof noteRecord = (_servers, link, key) => link.send(get(key))

/** A record as it is after this, created where missing. */
export function noteRecord(servers: Servers, link: Link, key: string): Command {
  link.send(add(key, servers.newRecord()))
  return link.send(get(key))
}

/** There was no time left to ask. */
function unasked(key: string, link: Link): Command {
  const command = get(key)
  command.server = link.name
  return command
}
