import { toMilliseconds } from '../base/duration.js'
import { invalidOption } from '../base/errors.js'
import { previousOf, type LoaderContext } from '../cache/context.js'
import { report, type Core } from '../cache/core.js'
import { currentScope, noteAll, runInScope, Scope } from '../cache/scope.js'
import type { KeptObject, PartState } from './kept.js'
import { isKeptObject } from './kept.js'
import type { Id, Part, Parts, PartVersion } from './types.js'
import { assertVersion } from './versions.js'

/** A part with every default in place. */
export interface Plan<I extends Id> {
  readonly name: string
  readonly part: Part<I, unknown>
  readonly ttlMs: number
  readonly retryMs: number
}

/** @throws {CacheError} `CACHE_OPTION_INVALID` naming the part and what is wrong with it. */
export function planParts<I extends Id>(parts: Parts<I>, ttlMs: number): readonly Plan<I>[] {
  const plans = Object.entries(parts).map(([name, part]): Plan<I> => {
    const option = `parts.${name}`
    if (typeof part !== 'object' || part === null) throw invalidOption(option, 'an object', part)
    if (typeof part.load !== 'function' && typeof part.loadMany !== 'function') {
      throw invalidOption(option, 'given a load or loadMany function', part)
    }
    return {
      name,
      part: part as Part<I, unknown>,
      ttlMs: part.ttl === undefined ? ttlMs : toMilliseconds(part.ttl, `${option}.ttl`),
      retryMs: part.retry === undefined ? 10_000 : toMilliseconds(part.retry, `${option}.retry`),
    }
  })
  if (plans.length === 0) throw invalidOption('parts', 'an object with at least one part', parts)
  return plans
}

/** One object to assemble: what of it is to be loaded again, whatever is kept. */
export interface Wish<I extends Id> {
  readonly id: I
  readonly context: LoaderContext
  readonly again: ReadonlySet<string>
}

/** What loading one part of one object gave. */
interface Piece {
  readonly value: unknown
  readonly state: PartState
}

/**
 * Assembles objects: the parts that are still fresh in what was kept before are taken over, the others are loaded, all of them
 * at once, and each in one call for all objects where it can. A result is undefined when a required part says that there is no such object.
 */
export async function assembleMany<I extends Id>(
  core: Core,
  name: string,
  plans: readonly Plan<I>[],
  wishes: readonly Wish<I>[],
): Promise<readonly (KeptObject | Error | undefined)[]> {
  const now = core.clock.now()
  const pieces = wishes.map(() => new Map<string, Piece | Error | undefined>())
  const kept = wishes.map(({ context }) => {
    const previous = previousOf(context)
    return previous && isKeptObject(previous.value)
      ? { ...previous, value: previous.value }
      : undefined
  })
  await Promise.all(
    plans.map(async (plan) => {
      const missing: number[] = []
      wishes.forEach((wish, index) => {
        const before = kept[index]
        const state = before?.value.parts[plan.name]
        if (before && state && !state.gap && state.until > now && !wish.again.has(plan.name)) {
          takeOver(core, state, before.pairs)
          pieces[index]!.set(plan.name, { value: before.value.object[plan.name], state })
        } else missing.push(index)
      })
      const loaded = await loadPart(
        core,
        plan,
        missing.map((index) => wishes[index]!),
      )
      missing.forEach((index, at) => pieces[index]!.set(plan.name, loaded[at]))
    }),
  )
  return wishes.map(({ id, context }, index) => {
    const made = join(core, name, plans, id, pieces[index]!)
    if (made === undefined || made instanceof Error) return made
    let until = Infinity
    for (const state of Object.values(made.parts)) until = Math.min(until, state.until)
    context.ttl(Math.max(1, until - now))
    return made
  })
}

/** A part that stays keeps what it depends on, with the versions as they were noted when it was loaded. */
function takeOver(core: Core, { tags }: PartState, pairs: ReadonlyMap<string, string>): void {
  const held = tags.filter((tag) => pairs.has(tag))
  currentScope()?.note(
    core,
    held,
    held.map((tag) => pairs.get(tag)!),
    Infinity,
    false,
  )
}

async function loadPart<I extends Id>(
  core: Core,
  plan: Plan<I>,
  wishes: readonly Wish<I>[],
): Promise<readonly (Piece | Error | undefined)[]> {
  if (wishes.length === 0) return []
  const { part, ttlMs } = plan
  if (part.loadMany !== undefined && (wishes.length > 1 || part.load === undefined)) {
    try {
      const ids = wishes.map(({ id }) => id)
      const { value, scope } = await scoped(() => part.loadMany!(ids))
      const byId = value instanceof Map
      if (!byId && (!Array.isArray(value) || value.length !== ids.length)) {
        throw invalidOption(
          `parts.${plan.name}.loadMany`,
          `a function that returns a Map or ${ids.length} results`,
          value,
        )
      }
      return wishes.map((wish, index) => {
        const one: unknown = byId ? value.get(wish.id) : (value as readonly unknown[])[index]
        return one instanceof Error ? one : piece(core, plan, wish, one, scope)
      })
    } catch (error) {
      return wishes.map(() => asError(error))
    }
  }
  return Promise.all(
    wishes.map(async (wish) => {
      try {
        const load =
          part.load ?? (async (id: I) => ((await part.loadMany!([id])) as readonly unknown[])[0])
        const { value, scope } = await scoped(() => load(wish.id, wish.context))
        return piece(core, { ...plan, ttlMs }, wish, value, scope)
      } catch (error) {
        return asError(error)
      }
    }),
  )
}

/** Runs a part's load in a scope of its own, whose notes the object's scope gets too. */
async function scoped<T>(
  load: () => T | Promise<T>,
): Promise<{ readonly value: T; readonly scope: Scope }> {
  const outer = currentScope()
  const scope = new Scope(undefined, outer)
  try {
    return { value: await runInScope(scope, load), scope }
  } finally {
    scope.ended = true
    if (outer) noteAll(scope, outer)
  }
}

function piece<I extends Id>(
  core: Core,
  plan: Plan<I>,
  wish: Wish<I>,
  value: unknown,
  scope: Scope,
): Piece | undefined {
  if (value === undefined) return undefined
  const { part, ttlMs, name } = plan
  const tags = part.tags?.(wish.id) ?? []
  if (tags.length > 0) wish.context.tag(...tags)
  let version: PartVersion | undefined
  if (part.version !== undefined && value !== null) {
    version = part.version(value)
    assertVersion(version, `parts.${name}.version(…)`)
  }
  const until = Math.min(core.clock.now() + ttlMs, scope.freshUntil)
  return {
    value,
    state: {
      until,
      tags: [...new Set([...scope.tags(), ...tags])],
      ...(version === undefined ? {} : { version }),
    },
  }
}

/** The pieces as one object; an optional piece that failed is a gap, a required one the object's failure. */
function join<I extends Id>(
  core: Core,
  name: string,
  plans: readonly Plan<I>[],
  id: I,
  pieces: ReadonlyMap<string, Piece | Error | undefined>,
): KeptObject | Error | undefined {
  const object: Record<string, unknown> = {}
  const parts: Record<string, PartState> = {}
  let absent = false
  for (const plan of plans) {
    const one = pieces.get(plan.name)
    if (one !== undefined && !(one instanceof Error)) {
      object[plan.name] = one.value
      parts[plan.name] = one.state
      continue
    }
    if (plan.part.optional !== true) {
      if (one instanceof Error) return one
      absent = true
      continue
    }
    if (one instanceof Error) report(core, one, `part ${plan.name}`, { key: `${name}:${id}` })
    parts[plan.name] = { until: core.clock.now() + plan.retryMs, tags: [], gap: true }
  }
  return absent ? undefined : { object, parts }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error), { cause: error })
}
