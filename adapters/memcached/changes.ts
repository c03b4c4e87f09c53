import type { Found, Outcome, ReadResult, Write } from '../../src/store/store.js'
import { Aftermath } from './aftermath.js'
import { foundIn, mustReach, problemOf } from './answers.js'
import { add, get, remove, set, type Command, type Exact } from './command.js'
import { entryItem } from './items.js'
import { OK } from './protocol.js'
import { Round } from './round.js'
import type { Servers } from './servers.js'

/**
 * Sets entries whatever is there, and takes away their leases.
 *
 * The lock goes first: a lease that is handed out in between is on the item that is about to be replaced, and dies
 * with it. A value that the server refuses must not leave the old one in its place; memcached 1.6 removes the old one
 * itself when the new one is beyond its item limit, but not when it has no memory, so it is removed in any case.
 */
export function write(
  servers: Servers,
  writes: readonly Write[],
  tags: readonly string[],
): Promise<{ readonly written: readonly Outcome[]; readonly state: ReadResult }> {
  const { ring, names, context } = servers
  return servers.converse(async (conversation) => {
    const nowMs = context.clock.now()
    const links = writes.map(({ key }) => ring.of(key))
    const sets = writes.map(({ key, bytes, keepMs }) =>
      set(names.entry(key), entryItem(bytes, keepMs, nowMs)),
    )
    const removals: (Command | undefined)[] = []
    const aftermath = new Aftermath(servers, links, tags, { create: true })
    await conversation.ask((round) => {
      for (const [index, { key }] of writes.entries()) {
        const link = round.via(links[index]!)
        link.send(remove(names.lock(key)))
        link.send(sets[index]!)
      }
      aftermath.askWith(round)
    })
    const refused = (entry: Command): boolean => entry.answered && entry.status !== OK
    if (aftermath.incomplete || sets.some(refused)) {
      await conversation.ask((round) => {
        for (const [index, entry] of sets.entries()) {
          if (refused(entry)) removals[index] = round.via(links[index]!).send(remove(entry.key))
        }
        aftermath.askRest(round)
      })
    }
    const state = aftermath.result()
    return { written: sets.map((each, index) => outcomeOf(each, removals[index])), state }
  })
}

/** How setting an entry went, and removing the old one where it did not go well. */
function outcomeOf(entry: Command, removal: Command | undefined): Outcome {
  return (removal && problemOf(removal)) ?? problemOf(entry)
}

/** How often to try to replace a placeholder that changes meanwhile. */
const TRIES = 4

/**
 * Replaces exactly what was found, or nothing; a placeholder is nothing. The lock is only taken away when that
 * succeeded, with a round of its own if there is one: a swap that fails leaves the holder in peace.
 */
export function swap(
  servers: Servers,
  { key, bytes, keepMs }: Write,
  expected: Found | undefined,
): Promise<boolean> {
  const { ring, names, context } = servers
  const link = ring.of(key)
  const name = names.entry(key)
  return servers.converse(async (conversation) => {
    const item = entryItem(bytes, keepMs, context.clock.now())
    let exact = expected?.token as Exact | undefined
    for (let tries = 0; tries < TRIES; tries++) {
      const change = exact ? set(name, item, exact) : add(name, item)
      const lock = get(names.lock(key))
      const present = get(name)
      await conversation.ask((round) => {
        round.via(link).send(change)
        link.send(lock)
        if (expected === undefined) link.send(present)
      })
      const problem = problemOf(change)
      if (problem !== undefined) throw problem
      if (change.status === OK) {
        if (lock.status === OK) {
          await conversation.ask((round) => round.via(link).send(remove(lock.key, lock)))
        }
        return true
      }
      if (expected !== undefined || foundIn(present)) return false
      exact = present.status === OK ? present : undefined
    }
    return false
  })
}

/** Removes entries and locks, the lock first: a lease that is handed out in between dies with the entry. */
export function drop(
  { ring, names }: Servers,
  keys: readonly string[],
): Promise<readonly Outcome[]> {
  const round = new Round()
  const removals = keys.map((key) => {
    const link = round.via(ring.of(key))
    return [link.send(remove(names.lock(key))), link.send(remove(names.entry(key)))] as const
  })
  return round.settled(() => {
    mustReach(removals.map(([, entry]) => entry))
    return removals.map(([lock, entry]) => problemOf(entry) ?? problemOf(lock))
  })
}
