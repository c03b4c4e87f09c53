import { CacheError } from '../base/errors.js'
import type { LocalLease } from '../store/store.js'
import { type AtHand, ofMemory, ofStore } from './answer.js'
import { type Core, report } from './core.js'
import { createEntry } from './entries.js'
import { Load } from './load.js'
import { expectedTags, lookupOne, type Seen } from './lookup.js'
import type { Policy } from './options.js'
import { type GroupLoader, runLoads } from './run.js'

/** What a look at the remote stores gave. */
export interface Looked {
  readonly atHand: AtHand | undefined
  /** A bit per place that could not be asked. */
  readonly unreached: number
}

/**
 * Reads the remote stores for one key, shared by the readers of one tick: their command has not been sent when they join. With
 * process memory that hears of changes, later readers may join too: memory will answer them with the same entry.
 */
export function lookupShared(core: Core, key: string, policy: Policy): Promise<Looked> {
  const running = core.lookups.get(key)
  if (running?.joinable() === true) return running.promise
  const flight = new Lookup(core, key)
  flight.promise = lookUp(core, key, policy, flight)
  core.lookups.set(key, flight)
  return flight.promise
}

async function lookUp(core: Core, key: string, policy: Policy, flight: Lookup): Promise<Looked> {
  const { lease } = flight
  try {
    const { seen, unreached } = await lookupOne(core, key, expectedTags(core, key, policy.tags))
    if (seen === undefined) return { atHand: undefined, unreached }
    const promoted = promote(core, key, seen, lease, policy)
    return { atHand: promoted instanceof Promise ? await promoted : promoted, unreached }
  } finally {
    if (core.lookups.get(key) === flight) core.lookups.delete(key)
    if (lease !== undefined) core.near!.release(key, lease)
  }
}

/** A look at the remote stores for one key, under way. */
class Lookup {
  promise!: Promise<Looked>
  /** Planted in process memory before the stores are asked. */
  readonly lease: LocalLease | undefined
  readonly #core: Core
  readonly #epoch: number | undefined
  readonly #turn = currentTurn()

  constructor(core: Core, key: string) {
    this.#core = core
    this.lease = core.near !== undefined && core.trusted ? core.near.plant(key) : undefined
    this.#epoch = core.near?.epoch
  }

  joinable(): boolean {
    if (this.#turn === currentTurn()) return true
    const { near, trusted } = this.#core
    return this.lease !== undefined && this.lease.live && trusted && near!.epoch === this.#epoch
  }
}

let turn = 0

let isTurnEnding = false

/** Numbers what happens before the commands of this tick are sent: one callback, however many ask. */
function currentTurn(): number {
  if (!isTurnEnding) {
    isTurnEnding = true
    process.nextTick(endTurn)
  }
  return turn
}

function endTurn(): void {
  isTurnEnding = false
  turn++
}

/**
 * What a remote store answered, kept in process memory on the way if a lease was planted there before it was asked. A promise
 * only when the value has to be unpacked for that.
 */
export function promote(
  core: Core,
  key: string,
  seen: Seen,
  lease: LocalLease | undefined,
  policy: Policy,
): AtHand | Promise<AtHand> {
  const { near } = core
  if (seen.remote.place > 0) void fillBehind(core, key, seen, policy)
  if (near === undefined || lease === undefined || !lease.live || !core.trusted) {
    return ofStore(core, seen)
  }
  return keepNear(core, key, seen, lease, policy)
}

async function keepNear(
  core: Core,
  key: string,
  seen: Seen,
  lease: LocalLease,
  policy: Policy,
): Promise<AtHand> {
  const near = core.near!
  const atHand = ofStore(core, seen)
  const { judged } = seen
  try {
    const decoded = judged.decode()
    const value = decoded instanceof Promise ? await decoded : decoded
    const entry = createEntry(
      core,
      key,
      value,
      judged,
      policy.earlyRefresh,
      policy.shared ? 'readers' : 'nobody',
    )
    near.learn(lease, judged.tags, judged.versions)
    return near.fill(key, lease, entry) ? ofMemory(entry, atHand.tier) : atHand
  } catch (error) {
    report(core, error, 'promote', { key })
    return atHand
  }
}

/**
 * Fills the remote stores nearer than the one that answered. Their leases have to be there before the farther one is read, so
 * this is a load of its own whose loader finds the entry on its way.
 */
async function fillBehind(
  core: Core,
  key: string,
  { judged }: Seen,
  policy: Policy,
): Promise<void> {
  if (core.loads.has(key) || judged.freshUntil <= core.clock.now()) return
  const load = new Load(core, key, policy.tags)
  load.enter()
  const gone: GroupLoader = async () => [{ error: FOUND_NOTHING }]
  await runLoads(core, [load], gone, { policy, newerThan: -Infinity, background: true })
}

/** How a promotion ends whose entry has gone meanwhile: nobody waits for it. */
const FOUND_NOTHING = new CacheError(
  'CACHE_ENTRY_INVALID',
  'the entry has gone before it could be promoted',
)
