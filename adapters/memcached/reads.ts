import type { KeyState, ReadResult, Unavailable } from '../../src/store/store.js'
import { foundIn, mustReach, problemOf, spaceIn, versionOf } from './answers.js'
import type { Command } from './command.js'
import type { Link } from './link.js'
import { OK } from './protocol.js'
import { Round } from './round.js'
import type { Servers } from './servers.js'

interface AskedKey {
  readonly link: Link
  readonly entry: Command
  /** The namespace's record on the same server. */
  readonly space: Command
}

/**
 * One `get` per entry, namespace and tag, each shared with others of this tick, and one write to each server.
 *
 * What is found is a view into what was received: copy what is to be kept for long.
 */
export function read(
  { ring, names }: Servers,
  keys: readonly string[],
  tags: readonly string[],
): Promise<ReadResult> {
  const round = new Round()
  const entries = keys.map((key): AskedKey => {
    const link = round.via(ring.of(key))
    return { link, entry: link.read(names.entry(key)), space: link.read(names.space) }
  })
  const records = tags.map((tag) => round.via(ring.of(tag)).read(names.tag(tag)))
  return round.settled(() => {
    const result = { keys: entries.map(stateOf), versions: records.map(versionOf) }
    mustReach([...entries.map(({ entry }) => entry), ...records])
    return result
  })
}

function stateOf({ link, entry, space }: AskedKey): KeyState | Unavailable {
  if (entry.status !== OK || space.status !== OK) {
    const unavailable = problemOf(entry) ?? problemOf(space)
    if (unavailable) return { unavailable }
  }
  return { found: foundIn(entry), space: spaceIn(space, link) }
}
