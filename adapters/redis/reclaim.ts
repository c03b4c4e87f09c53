import type { Cancel } from '../../src/base/clock.js'
import type { Version } from '../../src/store/store.js'
import { command } from './calls.js'
import type { Argument } from './client.js'
import type { Link } from './link.js'
import type { Reach } from './reach.js'
import { Request } from './request.js'
import { REMOVE } from './scripts.js'

/** How many keys a server looks at in one step, and the pause after it: about a tenth of a server's time at most. */
const STEP = 200
const PAUSE_MS = 10
/** A step that failed is taken again, after a pause that doubles, so often: in all most of a minute, longer than a failover. */
const RETRIES = 9
const RETRY_MS = 100
/** Where in an envelope the version of its namespace is, at the latest. */
const HEAD = 512

/**
 * Takes back the space of entries that a `clear` made invalid, in the background.
 *
 * The clear itself is done when this begins, and nothing depends on whether it ends: a server that fails for long is given up, and
 * what was not reached there leaves when its time is over. It goes through the keys of each master in small steps, looks at entries and
 * then at the namespace's version, in this order, so that an entry that does not name it is older than it. Such an entry
 * is removed if it is still the same: one that was written meanwhile stays.
 */
export function reclaim(reach: Reach): () => void {
  const sweep = { cancelled: false, cancel: () => {} }
  void sweepAll(reach, sweep)
  return () => {
    sweep.cancelled = true
    sweep.cancel()
  }
}

interface Sweep {
  cancelled: boolean
  /** Ends the pause that is being made. */
  cancel: Cancel
}

async function sweepAll(reach: Reach, sweep: Sweep): Promise<void> {
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      sweep.cancel = reach.context.clock.after(ms, resolve)
    })
  for (const link of reach.router.links()) {
    let cursor: string | undefined
    let failures = 0
    while (cursor !== '0') {
      if (sweep.cancelled) return
      try {
        cursor = await step(reach, link, cursor ?? '0')
        failures = 0
        await pause(PAUSE_MS)
      } catch {
        if (failures === RETRIES) break
        await pause(RETRY_MS * 2 ** failures++)
      }
    }
  }
}

async function step(reach: Reach, link: Link, cursor: string): Promise<string> {
  const { names, router } = reach
  const [next, found] = (await ask(link, 'scan', [
    cursor,
    'MATCH',
    names.entries,
    'COUNT',
    STEP,
  ])) as [Buffer, Buffer[]]
  const entries = found.map((name) => name.toString('latin1'))
  if (entries.length > 0) {
    const heads = (await Promise.all(
      entries.map((name) => ask(link, 'getrange', [name, 0, HEAD - 1])),
    )) as Buffer[]
    const versions = await currentVersions(reach)
    const removals = entries.flatMap((name, at) => {
      const version = versions.get(names.space(router.slot(name)))
      const head = heads[at]!
      const current = version !== undefined && head.includes(version, 0, 'latin1')
      return current ? [] : [ask(link, 'evalsha', [REMOVE.sha, 1, name, HEAD, head])]
    })
    await Promise.all(removals)
  }
  return next.toString('latin1')
}

async function currentVersions({ router, names }: Reach): Promise<Map<string, Version>> {
  const versions = new Map<string, Version>()
  await Promise.all(
    names.spaces.map(async (name) => {
      const reply = await command(router, 'get', [name], router.slot(name))
      if (Buffer.isBuffer(reply)) versions.set(name, reply.toString('latin1'))
    }),
  )
  return versions
}

/** Asks this very server, whatever slot it is about. */
function ask(link: Link, name: string, args: Argument[]): Promise<unknown> {
  return new Promise((answered, refused) => {
    link.send(new Request(name, args, 0, { answered, refused }))
  })
}
