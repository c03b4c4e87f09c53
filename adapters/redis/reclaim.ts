import type { Cancel } from '../../src/base/clock.js'
import type { Version } from '../../src/store/store.js'
import { command } from './calls.js'
import type { Link } from './link.js'
import type { Reach } from './reach.js'
import { Request } from './request.js'

/** How many keys a server looks at in one step, and the pause after it: about a tenth of a server's time at most. */
const STEP = 200
const PAUSE_MS = 10
/** Where in an envelope the version of its namespace is, at the latest. */
const HEAD = 512

/**
 * Takes back the space of entries that a `clear` made invalid, in the background.
 *
 * The clear itself is done when this begins, and nothing depends on whether it ends: a failure ends it, and what it
 * did not reach leaves when its time is over. It goes through the keys of each master in small steps and removes
 * entries that do not name the namespace's version of now. One that was filled meanwhile may be taken for old, which
 * costs a load and nothing else.
 */
export function reclaim(reach: Reach): () => void {
  const sweep = { cancelled: false, cancel: () => {} }
  sweepAll(reach, sweep).catch(() => {})
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
  for (const link of reach.router.links()) {
    let cursor = '0'
    do {
      if (sweep.cancelled) return
      cursor = await step(reach, link, cursor)
      await new Promise<void>((resolve) => {
        sweep.cancel = reach.context.clock.after(PAUSE_MS, resolve)
      })
    } while (cursor !== '0')
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
    const [versions, heads] = await Promise.all([
      currentVersions(reach),
      Promise.all(entries.map((name) => ask(link, 'getrange', [name, 0, HEAD - 1]))),
    ])
    const old = entries.filter((name, at) => {
      const version = versions.get(names.space(router.slot(name)))
      return version === undefined || !(heads[at] as Buffer).includes(version, 0, 'latin1')
    })
    await Promise.all(old.map((name) => ask(link, 'unlink', [name])))
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
function ask(link: Link, name: string, args: (string | number)[]): Promise<unknown> {
  return new Promise((answered, refused) => {
    link.send(new Request(name, args, 0, { answered, refused }))
  })
}
