import type { Outcome, Unavailable, Version } from '../../src/store/store.js'
import { mustReach, notedVersionOf, problemOf, record } from './answers.js'
import { noteRecord } from './aftermath.js'
import { get, remove, set } from './command.js'
import type { Link } from './link.js'
import { OK } from './protocol.js'
import { Round } from './round.js'
import type { Servers } from './servers.js'

/** Neighbours in a list that live on the same server: they go there in one write, in order. */
interface Run {
  readonly link: Link
  readonly indexes: number[]
}

function runsOf(servers: Servers, tags: readonly string[]): Run[] {
  const runs: Run[] = []
  for (const [index, tag] of tags.entries()) {
    const link = servers.ring.of(tag)
    const last = runs.at(-1)
    if (last?.link === link) last.indexes.push(index)
    else runs.push({ link, indexes: [index] })
  }
  return runs
}

/** Notes tags in order: a server is asked when the one before has answered. */
export function note(
  servers: Servers,
  tags: readonly string[],
): Promise<readonly (Version | Unavailable)[]> {
  return servers.converse(async (conversation) => {
    const noted = tags.map((tag) => get(servers.names.tag(tag)))
    for (const { link, indexes } of runsOf(servers, tags)) {
      await conversation.ask((round) => {
        round.via(link)
        for (const index of indexes) {
          noted[index] = noteRecord(servers, link, servers.names.tag(tags[index]!))
        }
      })
    }
    mustReach(noted)
    return noted.map(notedVersionOf)
  })
}

/**
 * Replaces the versions of tags in order: a server is asked when the one before has answered.
 *
 * When one fails, those behind it are replaced all the same, so that what is on healthy servers is invalid at once; but
 * they count as failed too, since the order was not kept, and the caller will repeat them behind the first.
 */
export function invalidate(
  servers: Servers,
  tags: readonly string[],
  versions: readonly Version[],
): Promise<readonly Outcome[]> {
  return servers.converse(async (conversation) => {
    const sets = tags.map((tag, index) => set(servers.names.tag(tag), record(versions[index]!)))
    const outcomes: Outcome[] = tags.map(() => undefined)
    let broken: Outcome
    for (const { link, indexes } of runsOf(servers, tags)) {
      const run = indexes.map((index) => sets[index]!)
      const intime = await conversation.ask((round) => {
        for (const each of run) round.via(link).send(each)
      })
      if (!intime) for (const each of run) link.send(each)
      const removals = run.map((each) =>
        each.answered && each.status !== OK ? remove(each.key) : undefined,
      )
      // A server that has no room for the new version can still forget the old one: nothing matches a missing record.
      if (removals.some((removal) => removal !== undefined)) {
        await conversation.ask((round) => {
          for (const removal of removals) if (removal) round.via(link).send(removal)
        })
      }
      for (const [place, index] of indexes.entries()) {
        broken ??= problemOf(removals[place] ?? run[place]!)
        outcomes[index] = broken
      }
    }
    mustReach(sets)
    return outcomes
  })
}

/** Replaces the namespace's version on every server. */
export function clear({ links, names }: Servers, version: Version): Promise<void> {
  const round = new Round()
  const sets = links.map((link) => round.via(link).send(set(names.space, record(version))))
  return round.settled(() => {
    for (const [index, command] of sets.entries()) {
      const problem = problemOf(command)
      if (problem !== undefined) throw problem
      links[index]!.lastSpace = version
    }
  })
}
