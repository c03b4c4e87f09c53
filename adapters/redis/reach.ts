import type { Deadlines } from '../../src/store/deadline.js'
import type { Outcome, StoreContext, Version } from '../../src/store/store.js'
import { command } from './calls.js'
import { toError, unavailable } from './failures.js'
import type { Names } from './names.js'
import type { Reads } from './reads.js'
import type { Router } from './router.js'

/** What every verb needs. */
export interface Reach {
  readonly context: StoreContext
  readonly router: Router
  readonly names: Names
  readonly reads: Reads
  readonly deadlines: Deadlines
  /** The versions of the namespace as last seen, by the name of their record. */
  readonly spaces: Map<string, Version>
}

/** Settles within the deadline also where one thing has to wait for another, which only happens in a cluster. */
export function within<T>({ router, deadlines }: Reach, work: () => Promise<T>): Promise<T> {
  if (!router.clustered) return work()
  return new Promise((resolve, reject) => {
    const deadline = deadlines.start({
      expire: () =>
        reject(unavailable(`redis did not do all of it within ${deadlines.limitMs} ms`)),
    })
    work()
      .then(resolve, reject)
      .finally(() => deadline.end())
  })
}

/** The arguments that make a script publish, or not. */
export function announce(
  { names }: Reach,
  announcement: string | undefined,
): [string, string, string] {
  return announcement === undefined ? ['0', '', ''] : ['1', names.channel, announcement]
}

/**
 * Publishes where everybody listens.
 *
 * In a cluster that is the server of the channel's slot, by our own rule and not by Redis's, where any server will
 * do: a message then crosses no link between servers, which may be down while both of its ends are well.
 */
export async function publish(
  { router, names }: Reach,
  announcement: string | undefined,
): Promise<void> {
  if (announcement === undefined) return
  await command(router, 'publish', [names.channel, announcement], router.slot(names.channel))
}

/** Why an announcement was not made, which leaves what it announces undone for other processes. */
export async function announcedIn(
  reach: Reach,
  announcement: string | undefined,
): Promise<Outcome> {
  try {
    await publish(reach, announcement)
    return undefined
  } catch (error) {
    return toError(error)
  }
}
