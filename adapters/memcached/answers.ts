import { CacheError } from '../../src/base/errors.js'
import type { Found, Unavailable, Version } from '../../src/store/store.js'
import type { Command, Exact } from './command.js'
import { PLACEHOLDER_FLAGS } from './items.js'
import type { Link } from './link.js'
import { EXISTS, meaningOf, NOT_FOUND, OK, TOO_LARGE } from './protocol.js'

/** No version is longer; what is, is not ours, and its beginning equals no version. */
const LONGEST_VERSION = 64

/** The version in a record; undefined when the record is missing. Decoded once for all who share the answer. */
export function versionIn(command: Command): Version | undefined {
  if (command.status !== OK) return undefined
  return (command.text ??= command.value.toString('latin1', 0, LONGEST_VERSION))
}

/** The namespace's version in its record, which the link remembers. */
export function spaceIn(command: Command, link: Link): Version | undefined {
  const space = versionIn(command)
  if (space !== undefined) link.lastSpace = space
  return space
}

/** The entry that was found; undefined when there is none, or only a placeholder. The token is the command itself. */
export function foundIn(command: Command): Found | undefined {
  return command.status === OK && command.flags !== PLACEHOLDER_FLAGS
    ? { bytes: command.value, token: command satisfies Exact }
    : undefined
}

/** The version that was read of a tag. */
export function versionOf(command: Command): Version | undefined | Unavailable {
  if (command.status === OK) return versionIn(command)
  const unavailable = problemOf(command)
  return unavailable && { unavailable }
}

/** The version that was noted of a tag: it is there, or could not be created. */
export function notedVersionOf(command: Command): Version | Unavailable {
  return (
    versionIn(command) ?? { unavailable: problemOf(command) ?? refusal(command, 'it was evicted') }
  )
}

/** Why a command says nothing of its item; undefined when it does: found or not, stored or not. */
export function problemOf(command: Command): Error | undefined {
  const { status } = command
  if (status === OK || status === NOT_FOUND || status === EXISTS) return undefined
  if (command.failure !== undefined) return command.failure
  if (status === TOO_LARGE) return tooLarge(command)
  return command.answered ? refusal(command, meaningOf(status)) : late(command.server)
}

/** Not the server's failure: the next one is the same. With the new value, the server has thrown away the old one. */
function tooLarge({ key, item, server }: Command): CacheError {
  return new CacheError(
    'CACHE_VALUE_INVALID',
    `memcached ${server}: an entry of ${item?.value.length} bytes is beyond the server's item limit (memcached -I); ` +
      'it is not kept, and neither is what was there before',
    { key },
  )
}

/** There was no time left to ask, or to wait. */
export function late(server = ''): CacheError {
  const who = server === '' ? 'memcached' : `memcached ${server}`
  return new CacheError('CACHE_STORE_UNAVAILABLE', `${who}: no answer in time`)
}

export function refusal(command: Command, why: string): CacheError {
  return new CacheError('CACHE_STORE_UNAVAILABLE', `memcached ${command.server}: ${why}`, {
    key: command.key,
  })
}

/**
 * Makes sure that at least one command was answered: if not, no server was reached at all.
 *
 * @throws {CacheError} `CACHE_STORE_UNAVAILABLE`, or what kept the connection from being made.
 */
export function mustReach(commands: readonly Command[]): void {
  const [first] = commands
  if (first !== undefined && !commands.some((command) => command.answered)) {
    throw problemOf(first)!
  }
}
