import type { Fill, ReadResult, Unavailable } from '../../src/store/store.js'
import { Aftermath } from './aftermath.js'
import { problemOf } from './answers.js'
import { remove, set, type Command } from './command.js'
import { entryItem } from './items.js'
import { areOurs, heldBy } from './leases.js'
import { OK } from './protocol.js'
import type { Servers } from './servers.js'

/** Sets each entry in the place of the very item its lease saw, and takes away the lock. */
export function fill(
  servers: Servers,
  fills: readonly Fill[],
  tags: readonly string[],
): Promise<{ readonly filled: readonly (boolean | Unavailable)[]; readonly state: ReadResult }> {
  const { names, context } = servers
  return servers.converse(async (conversation) => {
    const leases = fills.map(({ lease }) => heldBy(lease))
    await Promise.all(leases.map(({ renewal }) => renewal ?? Promise.resolve()))
    const links = leases.map(({ link }) => link)
    const ours = await areOurs(servers, conversation, leases)
    const nowMs = context.clock.now()
    const sets = leases.map(({ key, item, untilMs }, index) => {
      // Past its time a lease may be somebody else's, on the same item: then that is theirs to replace.
      if (ours[index] !== true || item === undefined || nowMs >= untilMs) return undefined
      const { bytes, keepMs } = fills[index]!
      return set(names.entry(key), entryItem(bytes, keepMs, nowMs), item)
    })
    const aftermath = new Aftermath(servers, links, tags, { create: false })
    await conversation.ask((round) => {
      for (const [index, { link, key, lock }] of leases.entries()) {
        const entry = sets[index]
        if (entry !== undefined) round.via(link).send(entry)
        if (ours[index] === true) round.via(link).send(remove(names.lock(key), lock))
      }
      aftermath.askWith(round)
    })
    if (aftermath.incomplete) await conversation.ask((round) => aftermath.askRest(round))
    return {
      filled: sets.map((entry, index) => filledBy(entry, ours[index]!)),
      state: aftermath.result(),
    }
  })
}

function filledBy(entry: Command | undefined, ours: boolean | Error): boolean | Unavailable {
  const unavailable = ours instanceof Error ? ours : entry && problemOf(entry)
  return unavailable ? { unavailable } : entry?.status === OK
}
