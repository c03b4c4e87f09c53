import { CacheError, invalidOption } from '../base/errors.js'
import type { LoaderContext } from './context.js'
import { assertOpen, readable, type Core } from './core.js'
import { handOut } from './entries.js'
import { Load } from './load.js'
import { lookup, expectedTags } from './lookup.js'
import type { Policy } from './options.js'
import { answerOfLoaded, hit, ofMemory, type Answer } from './answer.js'
import { coverFailure } from './failure.js'
import { createReading } from './reading.js'
import { promote } from './shared-lookup.js'
import { read } from './read.js'
import { waitFor, waitsBegin } from './waiting.js'
import { runLoads, type GroupLoader, type GroupResult } from './run.js'
import { currentScope } from './scope.js'

/** One key of a batch, with the tags of its own. */
export interface Wanted<Id> {
  readonly id: Id
  readonly key: string
  readonly policy: Policy
}

/** What a batch loader may return: one result per id in their order, or a map by id. An `Error` fails its own id only. */
export type ManyResult<Id, T> = readonly (T | Error | undefined)[] | ReadonlyMap<Id, T | Error>

export type ManyLoader<Id, T> = (
  missing: readonly Id[],
  context: ManyContext,
  /** One context per missing id, in their order. */
  contexts: readonly LoaderContext[],
) => ManyResult<Id, T> | Promise<ManyResult<Id, T>>

/** Fresh values of many keys, in one round trip per server; undefined where there is none. */
export async function getMany(
  core: Core,
  keys: readonly string[],
  policy: Policy,
): Promise<unknown[]> {
  assertOpen(core)
  const values: unknown[] = Array.from({ length: keys.length }, () => undefined)
  const scope = currentScope()
  const now = core.clock.now()
  const { near } = core
  const asked: number[] = []
  keys.forEach((key, index) => {
    const entry = near !== undefined && core.trusted ? near.get(key) : undefined
    if (entry === undefined || now >= entry.freshUntil) {
      asked.push(index)
      return
    }
    values[index] = handOut(entry)
    countHit(core, key, 0)
    scope?.note(core, entry.tags, entry.versions, entry.freshUntil, entry.private)
  })
  if (asked.length === 0) return values
  if (core.remotes.length === 0) {
    for (const index of asked) countMiss(core, keys[index]!)
    return values
  }
  const unique = [...new Set(asked.map((index) => keys[index]!))]
  const leases = unique.map((key) =>
    near !== undefined && core.trusted ? near.plant(key) : undefined,
  )
  try {
    const tags = new Set(policy.tags)
    if (core.hints.size > 0)
      for (const key of unique) for (const tag of core.hints.get(key) ?? []) tags.add(tag)
    const { seen } = await lookup(core, unique, [...tags])
    const isUnique = unique.length === keys.length
    const places = isUnique ? undefined : new Map(unique.map((key, index) => [key, index]))
    const nearPlace = near === undefined ? 0 : 1
    for (const index of asked) {
      const key = keys[index]!
      const place = places === undefined ? index : places.get(key)!
      const found = seen[place]
      if (found === undefined || found.judged.freshUntil <= now) {
        countMiss(core, key)
        continue
      }
      const value =
        leases[place] === undefined && found.remote.place === 0
          ? found.judged.decode()
          : (await promote(core, key, found, leases[place], policy)).value()
      values[index] = value instanceof Promise ? await value : value
      countHit(core, key, found.remote.place + nearPlace)
      const { judged } = found
      scope?.note(core, judged.tags, judged.versions, judged.freshUntil, judged.private)
    }
  } finally {
    if (near) unique.forEach((key, index) => leases[index] && near.release(key, leases[index]))
  }
  return values
}

function countHit(core: Core, key: string, tier: number): void {
  core.counters.hits++
  core.counters.byTier[tier]!++
  if (core.events.wants('hit'))
    core.events.emit('hit', { key: readable(key), tier: core.tierNames[tier]! })
}

export function countMiss(core: Core, key: string): void {
  core.counters.misses++
  if (core.events.wants('miss')) core.events.emit('miss', { key: readable(key) })
}

/** What a batch loader is given: what it says holds for every value of the call. */
export type ManyContext = Omit<LoaderContext, 'key' | 'stale'>

export interface ManyReading<Id> {
  readonly wanted: readonly Wanted<Id>[]
  readonly loader: ManyLoader<Id, unknown>
  readonly signal: AbortSignal | undefined
  /** True to keep an id that the loader has nothing for as `null`. */
  readonly keepAbsent: boolean
}

/**
 * Answers many keys: one read for all, one call of the loader for those that nobody has and nobody is loading. Order
 * and duplicates are kept. An answer is an `Error` where the loader gave one for that id; when the loader itself fails, ids
 * with something stale in their grace get that, and if any has none the call rejects with the loader's own error.
 */
export async function readMany<Id>(
  core: Core,
  { wanted, loader, signal, keepAbsent }: ManyReading<Id>,
): Promise<(Answer | Error)[]> {
  assertOpen(core)
  signal?.throwIfAborted()
  const byKey = new Map<string, Wanted<Id>>()
  for (const one of wanted) if (!byKey.has(one.key)) byKey.set(one.key, one)
  const group = groupLoader(byKey, loader, keepAbsent)
  const alone = (one: Wanted<Id>): Promise<Answer> =>
    read(
      core,
      createReading(
        one.key,
        async (context) => unwrap((await group.call([one], [context]))[0]!),
        one.policy,
        {
          signal,
        },
      ),
    )
  const scope = currentScope()
  const answers = new Map<string, Answer | Promise<Answer | Error>>()
  const rest: Wanted<Id>[] = []
  for (const one of byKey.values()) {
    const entry = core.near !== undefined && core.trusted ? core.near.get(one.key) : undefined
    if (entry !== undefined && core.clock.now() < entry.checkAt)
      answers.set(one.key, await hit(core, one.key, ofMemory(entry)))
    else if (entry !== undefined || core.loads.has(one.key)) answers.set(one.key, alone(one))
    else rest.push(one)
  }
  const misses =
    rest.length > 0 && core.remotes.length > 0
      ? await lookUp(core, rest, answers, alone)
      : rest.map((one) => ({ ...one, unreached: 0 }))
  if (misses.length > 0) lead(core, misses, group, answers, alone, signal)
  const settled = new Map<string, Answer | Error>()
  for (const [key, answer] of answers) {
    // Awaited one after the other, but all are under way; the first failure is the call's.
    const one = answer instanceof Promise ? await guarded(answers, answer) : answer
    settled.set(key, one)
    if (!(one instanceof Error))
      scope?.note(core, one.tags, one.versions, one.freshUntil, one.private)
  }
  return wanted.map(({ key }) => settled.get(key)!)
}

/** Waits for one answer; when it fails, the others' failures have somebody who knows of them. */
async function guarded<T>(answers: ReadonlyMap<string, unknown>, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    for (const other of answers.values()) if (other instanceof Promise) other.catch(() => {})
    throw error
  }
}

/** What nobody has, with the places that could not be asked. */
interface Missed<Id> extends Wanted<Id> {
  readonly unreached: number
}

/** Reads what memory does not have from the remote stores, in one round trip; returns what nobody has. */
async function lookUp<Id>(
  core: Core,
  rest: readonly Wanted<Id>[],
  answers: Map<string, Answer | Promise<Answer | Error>>,
  alone: (one: Wanted<Id>) => Promise<Answer>,
): Promise<Missed<Id>[]> {
  const { near } = core
  const leases = rest.map(({ key }) =>
    near !== undefined && core.trusted ? near.plant(key) : undefined,
  )
  const misses: Missed<Id>[] = []
  try {
    const tags = new Set<string>()
    for (const { key, policy } of rest)
      for (const tag of expectedTags(core, key, policy.tags)) tags.add(tag)
    const keys = rest.map(({ key }) => key)
    const { seen, unreached } = await lookup(core, keys, [...tags])
    const now = core.clock.now()
    for (const [index, one] of rest.entries()) {
      const found = seen[index]
      if (found === undefined) misses.push({ ...one, unreached: unreached[index]! })
      else if (now < found.judged.freshUntil) {
        const promoted = promote(core, one.key, found, leases[index], one.policy)
        const atHand = promoted instanceof Promise ? await promoted : promoted
        const answer = hit(core, one.key, atHand)
        answers.set(one.key, answer instanceof Promise ? await answer : answer)
      } else answers.set(one.key, alone(one))
    }
  } finally {
    if (near) rest.forEach(({ key }, index) => leases[index] && near.release(key, leases[index]))
  }
  return misses
}

/** Leads one load for all keys that nobody has; a key that somebody began to load meanwhile is left to them. */
function lead<Id>(
  core: Core,
  misses: readonly Missed<Id>[],
  group: Group<Id>,
  answers: Map<string, Answer | Promise<Answer | Error>>,
  alone: (one: Wanted<Id>) => Promise<Answer>,
  signal: AbortSignal | undefined,
): void {
  const loads: Load[] = []
  const scope = currentScope()
  for (const one of misses) {
    if (core.loads.has(one.key)) {
      answers.set(one.key, alone(one))
      continue
    }
    countMiss(core, one.key)
    const load = new Load(core, one.key, one.policy.tags)
    load.unreached = one.unreached
    core.loads.set(one.key, load)
    loads.push(load)
    answers.set(one.key, answerOfLoad(core, load, one, scope, signal))
  }
  if (loads.length === 0) return
  const { policy } = misses[0]!
  const loader: GroupLoader = (ready, contexts) =>
    group.call(
      ready.map((load) => group.byKey.get(load.key)!),
      contexts,
    )
  void runLoads(core, loads, loader, { policy, newerThan: -Infinity, background: false })
}

async function answerOfLoad<Id>(
  core: Core,
  load: Load,
  one: Wanted<Id>,
  scope: ReturnType<typeof currentScope>,
  signal: AbortSignal | undefined,
): Promise<Answer | Error> {
  const reading = createReading(one.key, NO_LOADER, one.policy, { signal })
  const makers = waitsBegin(core, scope, load)
  try {
    const loaded = await waitFor(core, load, reading, undefined)
    if (loaded === 'timeout')
      throw new CacheError('CACHE_TIMEOUT', `loading ${readable(one.key)} took too long`)
    return answerOfLoaded(core, load, loaded)
  } catch (error) {
    if (error instanceof ResultError) return error.cause as Error
    const covered = await coverFailure(core, reading, load, error, undefined)
    if (covered) return covered
    throw error
  } finally {
    for (const maker of makers) maker.waitsFor.delete(load)
  }
}

const NO_LOADER = (): undefined => undefined

/** Carries an error that the loader gave as the result of one id. */
class ResultError extends Error {}

function unwrap(result: GroupResult): unknown {
  if ('value' in result) return result.value
  throw result.error
}

interface Group<Id> {
  readonly byKey: ReadonlyMap<string, Wanted<Id>>
  call(
    wanted: readonly Wanted<Id>[],
    contexts: readonly LoaderContext[],
  ): Promise<readonly GroupResult[]>
}

function groupLoader<Id>(
  byKey: ReadonlyMap<string, Wanted<Id>>,
  loader: ManyLoader<Id, unknown>,
  keepAbsent: boolean,
): Group<Id> {
  return {
    byKey,
    async call(wanted, contexts) {
      const ids = wanted.map(({ id }) => id)
      const results = await loader(ids, new Joined(contexts), contexts)
      const byId = results instanceof Map
      if (!byId && (!Array.isArray(results) || results.length !== ids.length)) {
        throw invalidOption(
          'loader',
          `a function that returns a Map by id, or one result for each of the ${ids.length} ids in their order`,
          Array.isArray(results) ? results.length : results,
        )
      }
      return ids.map((id, index): GroupResult => {
        const result: unknown = byId ? results.get(id) : (results as readonly unknown[])[index]
        if (result instanceof Error)
          return { error: new ResultError(result.message, { cause: result }) }
        return { value: result === undefined && keepAbsent ? null : result }
      })
    },
  }
}

/** One context for a call that loads several keys: a class for the reason given at `Context`. */
class Joined implements ManyContext {
  readonly tag: ManyContext['tag']
  readonly ttl: ManyContext['ttl']
  readonly grace: ManyContext['grace']
  readonly skip: ManyContext['skip']
  readonly private: ManyContext['private']
  readonly #contexts: readonly LoaderContext[]

  constructor(contexts: readonly LoaderContext[]) {
    this.#contexts = contexts
    this.tag = (...tags) => contexts.forEach((context) => context.tag(...tags))
    this.ttl = (ttl) => contexts.forEach((context) => context.ttl(ttl))
    this.grace = (grace) => contexts.forEach((context) => context.grace(grace))
    this.skip = () => contexts.forEach((context) => context.skip())
    this.private = () => contexts.forEach((context) => context.private())
  }

  get signal(): AbortSignal {
    const contexts = this.#contexts
    return contexts.length === 1 ? contexts[0]!.signal : allAborted(contexts)
  }
}

/** Aborts when every one of the contexts has. */
function allAborted(contexts: readonly LoaderContext[]): AbortSignal {
  const controller = new AbortController()
  let left = contexts.length
  for (const { signal } of contexts) {
    const done = (): void => {
      left--
      if (left === 0) controller.abort(signal.reason)
    }
    if (signal.aborted) done()
    else signal.addEventListener('abort', done, { once: true })
  }
  return controller.signal
}
