import { hash } from 'node:crypto'
import type { Clock } from '../../base/clock.js'
import type { Random } from '../../base/random.js'
import { coreOf, type Cache } from '../../cache/cache.js'
import type { Receipt } from '../../cache/change.js'
import { useCore } from '../../cache/first-use.js'
import type { Loader } from '../../cache/reading.js'
import { defineObject } from '../../object/index.js'
import type { Store } from '../../store/store.js'
import { Checker, type InvalidationRecord, type LoadRecord } from './checker.js'
import { SimulatedServer, type Weaknesses } from './server.js'
import { World, type Choose } from './world.js'

/** Somebody who does one thing at a moment that the schedule chooses. */
export type Actor =
  | {
      readonly does: 'read'
      readonly process: string
      /** Names its tag only at the end of its load. Default: it is given with the call. */
      readonly late?: boolean
      /**
       * The key itself; its value alone, by `getOrSet`, which has ways of its own to what is fresh; something that is made from it and
       * inherits its tags; or an object of which it is a part. Default: the key.
       */
      readonly through?: 'key' | 'value' | 'whole' | 'object'
      /** How many reads, one after the other. Default: 1. */
      readonly times?: number
    }
  | {
      /** Changes the row, then invalidates. */
      readonly does: 'delete' | 'invalidate' | 'clear'
      readonly process: string
      readonly times?: number
    }
  | { readonly does: 'set'; readonly process: string; readonly times?: number }
  /** Changes the row, then updates the object in place. */
  | { readonly does: 'update'; readonly process: string; readonly times?: number }
  /** Loads the part of the object again and keeps the rest. */
  | { readonly does: 'refresh'; readonly process: string; readonly times?: number }

/** Something that goes wrong at a moment that the schedule chooses. */
export type Fault =
  | { readonly strikes: 'evict entries' | 'evict leases' | 'evict records' | 'flush' }
  /** Commands fail and messages are lost until the connection is back, which is a step too. */
  | { readonly strikes: 'cut off'; readonly process: string }
  | { readonly strikes: 'time passes'; readonly ms: number }

/** What a process is made of. */
export interface Maker {
  /** Makes a process's cache over the store; with process memory where the process is said to have it. */
  (process: string, store: Store, base: { readonly clock: Clock; readonly random: Random }): Cache
}

export interface ExploreOptions {
  readonly make: Maker
  readonly actors: readonly Actor[]
  /** Processes with process memory. Default: none. */
  readonly memory?: readonly string[]
  readonly faults?: readonly Fault[]
  /** How often time may pass to the next timer although something else could happen. Default: 0. */
  readonly leaps?: number
  readonly weak?: Weaknesses
  /** Records of tags are changed one by one, as on a cluster. Default: all at once. */
  readonly split?: boolean
  /** A reader who finds nothing has the lease with the answer. Default: false, it asks for it. */
  readonly claims?: boolean
  /** Whether one load must do for everybody: for schedules with no invalidation and no fault. Default: false. */
  readonly oneLoad?: boolean
  /** Schedules at most. */
  readonly most: number
  /** With a seed the schedules are drawn at random; without, they are explored one after the other. */
  readonly seed?: number
}

export interface Exploration {
  /** Schedules run to their end. */
  readonly schedules: number
  /** Schedules left when they reached a state seen before. */
  readonly merged: number
  /** True when every schedule has been explored. */
  readonly complete: boolean
  /** The first anomaly: what was broken, and the schedule as a story. */
  readonly anomaly:
    { readonly broken: readonly string[]; readonly story: readonly string[] } | undefined
}

/** Runs the engine under one schedule after another and judges what readers were given. Stops at the first anomaly. */
export async function explore(options: ExploreOptions): Promise<Exploration> {
  return options.seed === undefined ? exhaustively(options) : atRandom(options, options.seed)
}

async function exhaustively(options: ExploreOptions): Promise<Exploration> {
  const seen = new Set<string>()
  let path: number[] = []
  let schedules = 0
  let merged = 0
  for (;;) {
    const widths: number[] = []
    let depth = 0
    const choose: Choose = ({ length }) => {
      widths.push(length)
      path[depth] ??= 0
      return path[depth++]!
    }
    const fixed = path.length
    const outcome = await runOnce(options, choose, (fingerprint) => {
      if (depth < fixed) return false
      const state = hash('sha1', fingerprint, 'base64')
      if (seen.has(state)) return true
      seen.add(state)
      return false
    })
    if (outcome.ended) schedules++
    else merged++
    if (outcome.broken.length > 0) {
      return {
        schedules,
        merged,
        complete: false,
        anomaly: { broken: outcome.broken, story: outcome.story },
      }
    }
    path = path.slice(0, depth)
    while (path.length > 0 && path.at(-1)! + 1 >= widths[path.length - 1]!) path.pop()
    if (path.length === 0) return { schedules, merged, complete: true, anomaly: undefined }
    path[path.length - 1]!++
    if (schedules + merged >= options.most)
      return { schedules, merged, complete: false, anomaly: undefined }
  }
}

async function atRandom(options: ExploreOptions, seed: number): Promise<Exploration> {
  const random = xorshift(seed)
  for (let schedules = 1; ; schedules++) {
    const outcome = await runOnce(
      options,
      ({ length }) => Math.floor(random() * length),
      () => false,
    )
    const anomaly =
      outcome.broken.length > 0 ? { broken: outcome.broken, story: outcome.story } : undefined
    if (anomaly || schedules >= options.most)
      return { schedules, merged: 0, complete: false, anomaly }
  }
}

function xorshift(seed: number): () => number {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

const KEY = 'row'
const TAG = 'rows'
const TTL_MS = 60_000

interface Outcome {
  readonly ended: boolean
  readonly broken: readonly string[]
  readonly story: readonly string[]
}

interface Value {
  readonly load: number
}

/** One schedule from a new world to its end, and one more read in each process after all is quiet. */
async function runOnce(
  options: ExploreOptions,
  choose: Choose,
  known: (fingerprint: string) => boolean,
): Promise<Outcome> {
  const {
    actors,
    faults = [],
    memory = [],
    leaps = 0,
    weak = {},
    split = false,
    claims = false,
  } = options
  const processes = [...new Set(actors.map(({ process }) => process))]
  const world = new World(
    leaps,
    processes.filter((process) => !memory.includes(process)),
  )
  const server = new SimulatedServer(world, { weak, split, claims })
  const checker = new Checker(memory)
  const caches = new Map<string, Cache>()
  const running = new Map<string, InvalidationRecord>()
  const announced = new Map<string, InvalidationRecord>()
  server.onAnnounced = (process, text) => {
    const invalidation = running.get(process)
    if (invalidation) announced.set(text, invalidation)
  }
  server.onArrived = (process, text) => {
    const invalidation = announced.get(text)
    if (invalidation && !invalidation.heard.has(process))
      invalidation.heard.set(process, checker.moment())
  }
  for (const process of processes) {
    const base = { clock: world.clock(process), random: world.random(process) }
    const cache = options.make(process, server.store(process), base)
    caches.set(process, cache)
    // It listens from the beginning: the first use has no way of its own then.
    await useCore(coreOf(cache))
  }

  const load = async (process: string): Promise<Value> => {
    const record = checker.loadBegins(process)
    await world.wait(process, `load ${record.id} (of version ${record.version}) ends`)
    record.ended = checker.moment()
    record.freshUntil = world.now() + TTL_MS
    return { load: record.id }
  }
  const read = async (process: string, late: boolean, alone: boolean): Promise<void> => {
    const record = {
      process,
      started: checker.moment(),
      startedAt: world.now(),
      given: undefined as never,
    }
    checker.reads.push(record)
    const cache = caches.get(process)!
    const loader: Loader<Value> = async (ctx) => {
      const value = await load(process)
      if (late) ctx.tag(TAG)
      return value
    }
    const options = late ? { ttl: TTL_MS } : { ttl: TTL_MS, tags: [TAG] }
    const answer = alone
      ? { value: await cache.getOrSet(KEY, loader, options), state: 'value' }
      : await cache.read(KEY, loader, options)
    Object.assign(record, { given: { load: answer.value.load, state: answer.state } })
    world.story.push(`    ${process} is given load ${answer.value.load} (${answer.state})`)
  }
  const objects = (process: string) => {
    const cache = caches.get(process)!
    return defineObject(cache, 'Object', {
      parts: {
        row: { load: () => load(process), tags: () => [TAG] },
        other: { load: () => 1 },
      },
      ttl: TTL_MS,
    })
  }
  const readObject = async (process: string, again: boolean): Promise<void> => {
    const record = {
      process,
      started: checker.moment(),
      startedAt: world.now(),
      given: undefined as never,
    }
    checker.reads.push(record)
    const object = again ? await objects(process).refresh(1, 'row') : await objects(process).get(1)
    Object.assign(record, { given: { load: object!.row.load, state: 'object' } })
    world.story.push(`    ${process} is given the object with load ${object!.row.load}`)
  }
  const readWhole = async (process: string): Promise<void> => {
    const record = {
      process,
      started: checker.moment(),
      startedAt: world.now(),
      given: undefined as never,
    }
    checker.reads.push(record)
    const cache = caches.get(process)!
    const whole = await cache.read(
      'whole',
      async () => {
        const row = await cache.getOrSet<Value>(KEY, () => load(process), {
          ttl: TTL_MS,
          tags: [TAG],
        })
        return { load: row.load }
      },
      { ttl: TTL_MS },
    )
    Object.assign(record, { given: { load: whole.value.load, state: whole.state } })
    world.story.push(
      `    ${process} is given the whole with load ${whole.value.load} (${whole.state})`,
    )
  }
  const readOf = (process: string, actor: Actor & { does: 'read' }): Promise<void> =>
    actor.through === 'object'
      ? readObject(process, false)
      : actor.through === 'whole'
        ? readWhole(process)
        : read(process, actor.late === true, actor.through === 'value')
  const invalidate = async (actor: Exclude<Actor, { does: 'read' | 'refresh' }>): Promise<void> => {
    const { process, does } = actor
    const cache = caches.get(process)!
    checker.version++
    const record: InvalidationRecord = {
      id: checker.invalidations.length,
      process,
      what: does,
      called: checker.moment(),
      returned: undefined,
      delivered: undefined,
      heard: new Map(),
    }
    checker.invalidations.push(record)
    running.set(process, record)
    const setLoad = does === 'set' || does === 'update' ? checker.loadBegins(process) : UNUSED
    setLoad.began = Infinity
    const receipt =
      does === 'delete'
        ? await cache.delete(KEY)
        : does === 'invalidate'
          ? await cache.invalidateTags(TAG)
          : does === 'clear'
            ? await cache.clear()
            : does === 'update'
              ? await updated(process, setLoad.id)
              : await cache.set(KEY, { load: setLoad.id }, { ttl: TTL_MS, tags: [TAG] })
    running.delete(process)
    record.returned = checker.moment()
    // A set and an invalidation that overlap may take effect in either order: what was set counts from the set's return.
    setLoad.began = record.returned
    if (!receipt.pending) record.delivered = record.returned
    else receipt.delivered.then(() => (record.delivered = checker.moment())).catch(() => {})
    world.story.push(`    ${does} by ${process} has returned${receipt.pending ? ' (pending)' : ''}`)
  }

  const updated = async (process: string, id: number): Promise<Receipt> => {
    await objects(process).update(1, { row: { load: id } })
    return { pending: false, delivered: Promise.resolve() }
  }

  let left = actors.length
  let failure: unknown
  actors.forEach((actor, index) => {
    const act = async (): Promise<void> => {
      for (let time = 0; time < (actor.times ?? 1); time++) {
        await world.wait(actor.process, `${index}: ${actor.does}`)
        if (actor.does === 'read') await readOf(actor.process, actor)
        else if (actor.does === 'refresh') await readObject(actor.process, true)
        else await invalidate(actor)
      }
    }
    act()
      .catch((error: unknown) => {
        failure ??= error
      })
      .finally(() => left--)
  })
  for (const fault of faults) addFault(world, server, fault)

  const outcome = await world.run(
    choose,
    () => left === 0,
    () => known(`${world.fingerprint()}${server.fingerprint()}${checker.fingerprint()}`),
  )
  if (failure !== undefined) throw failure
  if (outcome === 'ended') {
    for (const process of processes) server.reconnect(process)
    await world.drain()
    checker.quiet()
    world.story.push('    all is quiet; one more read in each process')
    const final = actors.find((actor) => actor.does === 'read')
    for (const process of processes) {
      let done = false
      const last = (final ? readOf(process, final) : read(process, false, false)).finally(
        () => (done = true),
      )
      await world.run(
        () => 0,
        () => done,
      )
      await last
    }
  }
  const broken = checker.violations()
  if (options.oneLoad === true) broken.push(...checker.extraLoads())
  return { ended: outcome === 'ended', broken, story: world.story }
}

const UNUSED: LoadRecord = {
  id: -1,
  process: '',
  began: 0,
  ended: 0,
  version: 0,
  freshUntil: 0,
}

function addFault(world: World, server: SimulatedServer, fault: Fault): void {
  world.add({
    actor: 'fault',
    label: fault.strikes + ('process' in fault ? ` ${fault.process}` : ''),
    run: () => {
      switch (fault.strikes) {
        case 'evict entries':
          return server.evict('entries')
        case 'evict leases':
          return server.evict('leases')
        case 'evict records':
          return server.evict('records')
        case 'flush':
          return server.flush()
        case 'time passes':
          return world.pass(fault.ms)
        case 'cut off': {
          server.cutOff(fault.process)
          world.add({
            actor: 'fault',
            label: `${fault.process} is connected again`,
            run: () => server.reconnect(fault.process),
          })
        }
      }
    },
  })
}
