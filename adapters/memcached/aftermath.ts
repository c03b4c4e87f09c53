import type { ReadResult } from '../../src/store/store.js'
import { mustReach, problemOf, spaceIn, versionOf } from './answers.js'
import { add, get, type Command } from './command.js'
import type { Link } from './link.js'
import type { Round } from './round.js'
import type { Servers } from './servers.js'

/** How a record is asked for: as it is, or created where missing. */
export type AskRecord = (servers: Servers, link: Link, key: string) => Command

export const readRecord: AskRecord = (_servers, link, key) => link.send(get(key))

export const noteRecord: AskRecord = (servers, link, key) => {
  link.send(add(key, servers.newRecord()))
  return link.send(get(key))
}

/**
 * The reading that follows a change: the namespace's versions where the keys live, and the tags, none of them before
 * the change is made. What is on a changed server is asked behind the change in the same write; with several servers,
 * the tags need a round of their own.
 */
export class Aftermath {
  readonly #servers: Servers
  readonly #links: readonly Link[]
  readonly #tags: readonly string[]
  readonly #ask: AskRecord
  readonly #spaces = new Map<Link, Command>()
  readonly #records: (Command | undefined)[]

  /** `links`: where each changed key lives. */
  constructor(servers: Servers, links: readonly Link[], tags: readonly string[], ask: AskRecord) {
    this.#servers = servers
    this.#links = links
    this.#tags = tags
    this.#ask = ask
    this.#records = tags.map(() => undefined)
  }

  /** Asks what can be asked behind the changes, which have just been asked for. */
  askWith(round: Round): void {
    const { names } = this.#servers
    for (const link of this.#links) {
      if (this.#spaces.has(link)) continue
      this.#spaces.set(link, this.#ask(this.#servers, round.via(link), names.space))
    }
    const [only, another] = this.#spaces.keys()
    if (another === undefined) this.#askTags(round, (link) => only === undefined || link === only)
  }

  /** Asks the rest, when the changes are answered. */
  askRest(round: Round): void {
    this.#askTags(round, () => true)
  }

  #askTags(round: Round, suits: (link: Link) => boolean): void {
    const { ring, names } = this.#servers
    for (const [index, tag] of this.#tags.entries()) {
      const link = ring.of(tag)
      if (this.#records[index] !== undefined || !suits(link)) continue
      this.#records[index] = this.#ask(this.#servers, round.via(link), names.tag(tag))
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

/** There was no time left to ask. */
function unasked(key: string, link: Link): Command {
  const command = get(key)
  command.server = link.name
  return command
}
