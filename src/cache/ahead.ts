import { EPOCH_NAME } from '../store/names.js'
import type { Gained, LocalLease, Sheet, Version } from '../store/store.js'
import type { Core } from './core.js'
import { releaseLease } from './ending.js'
import type { Load } from './load.js'
import { resolvePolicy, type GetOrSetOptions } from './options.js'

/**
 * Leases that are asked for ahead, with the question whether anything is there.
 *
 * A miss is three questions to a store, one after the other: what is there, may I load it, will you keep it. When the last reads
 * have all found nothing, the next one asks the first two at once. In the step in which the store sees that nothing is
 * there it plants the lease and notes the versions of the tags, which is what the second question would have done a moment later,
 * before the loader as well. What is there is answered as ever, and no lease is planted beside it. A lease that its reader
 * turns out not to need (somebody else in this process leads a load of the key by then) is given back at once.
 *
 * A read that finds something ends the run of misses. So a hit pays for this, with the difference between a small script and a
 * command at the server, only when it is the first after so many misses.
 */
const LIKELY = 4

/** Asks for an entry, and for the lease too where it is likely that nothing is there. Returns the entry's place. */
export function askAhead(
  core: Core,
  sheet: Sheet,
  name: string,
  options: GetOrSetOptions | undefined,
): number {
  if (core.misses < LIKELY || sheet.claim === undefined) return sheet.entry(name)
  let keepMs: number
  try {
    const { ttlMs, graceMs } = resolvePolicy(core.settings.policy, options)
    keepMs = ttlMs + graceMs
  } catch {
    // The read says so when its turn comes.
    return sheet.entry(name)
  }
  return sheet.claim(name, EPOCH_NAME, core.settings.leaseMs, keepMs)
}

/** A lease in process memory, and the invalidations that memory had counted when it was planted. */
export interface NearLease {
  readonly lease: LocalLease
  readonly epoch: number
}

/** A lease with what was noted when it was planted, until a load takes it over. */
export class Ahead {
  taken = false
  readonly gained: Gained
  readonly tags: readonly string[]
  readonly versions: readonly Version[]
  /** Number of the read that asked. */
  readonly asked: number
  /** The lease in process memory that was planted before anything was asked. */
  readonly near: NearLease | undefined

  constructor(
    gained: Gained,
    tags: readonly string[],
    versions: readonly Version[],
    asked: number,
    near: NearLease | undefined,
  ) {
    this.gained = gained
    this.tags = tags
    this.versions = versions
    this.asked = asked
    this.near = near
  }
}

/** From here on the lease is the load's, as if it had been acquired for it. */
export function takeAhead(core: Core, load: Load, ahead: Ahead): void {
  ahead.taken = true
  const { lease, space, also } = ahead.gained
  load.claimed = ahead.asked
  load.leases[0] = lease
  load.spaces[0] = space
  load.epochVersion = also
  for (let at = 0; at < ahead.tags.length; at++) {
    const tag = ahead.tags[at]!
    const version = ahead.versions[at]!
    load.noted.set(tag, version)
    if (core.known.get(tag) !== version) core.known.set(tag, version)
  }
  load.next = 1
}

/** Gives back what no load took over. */
export function giveBack(core: Core, key: string, ahead: Ahead): void {
  if (ahead.near !== undefined) core.near!.release(key, ahead.near.lease)
  releaseLease(core, core.remotes[0]!, key, ahead.gained.lease)
}
