import type { Outcome, Unavailable, Version } from '../../src/store/store.js'
import { mustReach, notedVersionOf, problemOf } from './answers.js'
import { noteRecord } from './aftermath.js'
import { get, remove, set, type Command } from './command.js'
import type { Link } from './link.js'
import { record } from './items.js'
import { OK } from './protocol.js'
import { Round, type Conversation } from './round.js'
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
 * When one fails, what is on the servers behind it has to be invalid at once all the same, but nobody may see the new
 * version of a tag behind it: who does concludes that the failed one is replaced too. So those records are removed. A
 * missing record matches nothing, the next load gives the tag some other version, and the caller, who is told that all
 * from the failed one on have failed, replaces that one too when it repeats them in order.
 */
export function invalidate(
  servers: Servers,
  tags: readonly string[],
  versions: readonly Version[],
): Promise<readonly Outcome[]> {
  return servers.converse(async (conversation) => {
    const outcomes: Outcome[] = tags.map(() => undefined)
    const sent: Command[] = []
    let broken: Outcome
    for (const { link, indexes } of runsOf(servers, tags)) {
      const changes = indexes.map((index) => {
        const name = servers.names.tag(tags[index]!)
        return broken === undefined ? set(name, record(versions[index]!)) : remove(name)
      })
      const send = (commands: readonly Command[]): void => {
        for (const command of commands) link.send(command)
      }
      const inTime = await conversation.ask((round) => {
        round.via(link)
        send(changes)
      })
      if (!inTime) send(changes)
      sent.push(...changes)
      broken ??= await refusalOf(changes, conversation, link)
      for (const index of indexes) outcomes[index] = broken
    }
    mustReach(sent)
    return outcomes
  })
}

/**
 * Why not all of these changes were made. A server that has no room for a new version can still forget the old one, and
 * that will do.
 */
async function refusalOf(
  changes: readonly Command[],
  conversation: Conversation,
  link: Link,
): Promise<Outcome> {
  const removals = changes.map((change) =>
    change.answered && change.status !== OK ? remove(change.key) : undefined,
  )
  if (removals.some((removal) => removal !== undefined)) {
    await conversation.ask((round) => {
      for (const removal of removals) if (removal) round.via(link).send(removal)
    })
  }
  return changes
    .map((change, index) => problemOf(removals[index] ?? change))
    .find((problem) => problem !== undefined)
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
