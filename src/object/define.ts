import { CacheError, describe, invalidOption } from '../base/errors.js'
import { canonicalKey } from '../base/stable-key.js'
import { isAhead } from '../base/turn-clock.js'
import { updateValue } from '../cache/adjust.js'
import { coreOf, type Cache } from '../cache/cache.js'
import { useCore } from '../cache/first-use.js'
import { readMany } from '../cache/many.js'
import { noteHit } from '../cache/near-hit.js'
import { resolvePolicy, type GetOrSetOptions, type Policy } from '../cache/options.js'
import { createReading } from '../cache/reading.js'
import { read } from '../cache/read.js'
import type { Answer } from '../cache/answer.js'
import type { Receipt } from '../cache/change.js'
import type { Core } from '../cache/core.js'
import { assembleMany, planParts, type Plan } from './assemble.js'
import { isKeptObject, type KeptObject, type PartState } from './kept.js'
import type {
  Assembled,
  Id,
  ObjectOptions,
  ObjectUpdate,
  Parts,
  PartVersion,
  UpdateOptions,
} from './types.js'
import { assertVersion, compareVersions } from './versions.js'

const NOTHING_AGAIN: ReadonlySet<string> = new Set()

type Finders<By, Out> = {
  readonly [Name in keyof By]: (value: By[Name]) => Promise<Out | undefined>
}

/** Objects of one kind, kept whole. Made by `defineObject`. */
export interface Objects<I extends Id, Value, By, Out> {
  /** The object, assembled when it is not kept; undefined when a required part says that there is none. */
  get(id: I): Promise<Out | undefined>
  /** Many objects in one read, in their order; what is missing is loaded with one `loadMany` per part. */
  getMany(ids: readonly I[]): Promise<(Out | undefined)[]>
  /** The object by another key that was made from it. */
  readonly by: Finders<By, Out>
  /**
   * Puts new values of some parts into the kept object, after the source was changed. With a `version` an older one never replaces
   * a newer; when it cannot be told, or somebody else changed the object meanwhile, the object is made invalid instead.
   */
  update(id: I, parts: Partial<Value>, options?: UpdateOptions): Promise<ObjectUpdate>
  /** Loads parts again (all of them when none is named) and keeps the others. */
  refresh(id: I, ...parts: readonly (keyof Value & string)[]): Promise<Out | undefined>
  /** Makes the object, and everything that was made from it, unusable. */
  invalidate(...ids: readonly I[]): Promise<Receipt>
  /** The label that everything made from an object carries. */
  tag(id: I): string
  /** Optional parts that could not be loaded and are missing for now. */
  gaps(id: I): Promise<readonly string[]>
}

/**
 * Objects that are assembled from several sources and kept whole under `Name:id`, read in one go.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming what is wrong with the definition.
 */
export function defineObject<
  I extends Id,
  const P extends Parts<I>,
  By = object,
  Out = Assembled<P>,
>(
  cache: Cache,
  name: string,
  options: ObjectOptions<I, P, By, Out>,
): Objects<I, Assembled<P>, By, Out> {
  const core = coreOf(cache)
  if (typeof name !== 'string' || name === '')
    throw invalidOption('name', 'a non-empty string', name)
  if (typeof options !== 'object' || options === null)
    throw invalidOption('options', 'an object', options)
  const { parts, by, find, revive, tags, ...lifetime } = options
  const base = resolvePolicy(core.settings.policy, lifetime)
  const plans = planParts<I>(parts, base.ttlMs)
  // A part that expires is loaded alone: so what is kept has to outlive it, until the last part has gone out of date.
  const longest = Math.max(...plans.map(({ ttlMs }) => ttlMs))
  const shortest = Math.min(...plans.map(({ ttlMs }) => ttlMs))
  const policyOf = (id: I): Policy => ({
    ...base,
    graceMs: Math.max(base.graceMs, longest - shortest + base.graceMs),
    tags: [...base.tags, tagOf(id), ...(tags?.(id) ?? [])],
  })
  const keyOf = (id: I): string => canonicalKey(`${name}:${idText(id)}`)
  const tagOf = (id: I): string => `${name}:${idText(id)}`
  const out = (object: unknown, id: I): Out =>
    revive === undefined ? (object as Out) : revive(object as Assembled<P>, id)
  /** Parts that callers of `refresh` asked for and that no load has taken on yet. */
  const wanted = new Map<string, Set<string>>()

  const assembleOne = async (
    id: I,
    context: Parameters<Parameters<Cache['getOrSet']>[1]>[0],
  ): Promise<KeptObject | undefined> => {
    const key = keyOf(id)
    const again = wanted.get(key) ?? NOTHING_AGAIN
    wanted.delete(key)
    const [made] = await assembleMany(core, name, plans, [{ id, context, again }])
    if (made instanceof Error) throw made
    if (made) await index(id, made)
    return made
  }

  /** Writes the other keys of an object that was just made. They lead to its id; the object itself says whether they still hold. */
  const index = async (id: I, { object }: KeptObject): Promise<void> => {
    if (by === undefined) return
    const entries = Object.entries<(object: Assembled<P>) => unknown>(by).flatMap(([way, of]) => {
      const value = of(object as Assembled<P>)
      return value === undefined || value === null ? [] : [[indexKey(way, value), id] as const]
    })
    if (entries.length > 0) {
      await cache.setMany(entries, {
        ttl: longest + base.graceMs === Infinity ? Infinity : longest + base.graceMs,
      })
    }
  }

  const indexKey = (way: string, value: unknown): readonly unknown[] => [name, 'by', way, value]

  const answer = async (id: I, fresh: boolean): Promise<Answer> => {
    await useCore(core)
    const given: GetOrSetOptions = { fresh }
    const loader = (context: Parameters<Parameters<Cache['getOrSet']>[1]>[0]): Promise<unknown> =>
      assembleOne(id, context)
    return read(core, createReading(keyOf(id), loader, policyOf(id), given))
  }

  const get = (id: I): Promise<Out | undefined> => {
    const key = `${name}:${idText(id)}`
    if (core.trusted && core.near !== undefined) {
      const entry = core.near.get(key)
      if (entry !== undefined && !entry.copied && isAhead(core.clock, entry.checkAt)) {
        noteHit(core, key, entry)
        return Promise.resolve(out((entry.value as KeptObject).object, id))
      }
    }
    return getSlowly(id)
  }

  const getSlowly = async (id: I): Promise<Out | undefined> => objectIn(await answer(id, false), id)

  const objectIn = ({ value }: Pick<Answer, 'value'>, id: I): Out | undefined => {
    if (value === undefined || value === null) return undefined
    if (!isKeptObject(value)) {
      throw new CacheError(
        'CACHE_ENTRY_INVALID',
        `${keyOf(id)} holds ${describe(value)}, which is no ${name}`,
        { key: keyOf(id) },
      )
    }
    return out(value.object, id)
  }

  const getMany = async (ids: readonly I[]): Promise<(Out | undefined)[]> => {
    await useCore(core)
    const answers = await readMany<I>(core, {
      wanted: ids.map((id) => ({ id, key: keyOf(id), policy: policyOf(id) })),
      loader: async (missing, _context, contexts) => {
        const made = await assembleMany(
          core,
          name,
          plans,
          missing.map((id, at) => ({ id, context: contexts[at]!, again: NOTHING_AGAIN })),
        )
        for (const [at, one] of made.entries()) {
          if (one && !(one instanceof Error)) await index(missing[at]!, one)
        }
        return made
      },
      signal: undefined,
      keepAbsent: false,
    })
    return answers.map((one, at) => {
      if (one instanceof Error) throw one
      return objectIn(one, ids[at]!)
    })
  }

  const finders = Object.fromEntries(
    Object.entries<(object: Assembled<P>) => unknown>(by ?? {}).map(([way, of]) => [
      way,
      async (value: unknown): Promise<Out | undefined> => {
        const finder = find?.[way as keyof By] as
          ((value: unknown) => I | undefined | Promise<I | undefined>) | undefined
        const key = indexKey(way, value)
        const id =
          finder === undefined
            ? await cache.get<I>(key)
            : await cache.getOrSet<I | undefined>(key, () => finder(value), { inherit: false })
        if (id === undefined || id === null) return undefined
        const { value: kept } = await answer(id, false)
        if (!isKeptObject(kept)) return undefined
        // The object has another value there by now: the key leads nowhere any more.
        if (canonicalKey([of(kept.object as Assembled<P>)]) !== canonicalKey([value])) {
          await cache.delete(key)
          return undefined
        }
        return out(kept.object, id)
      },
    ]),
  )

  const update = async (
    id: I,
    changes: Partial<Assembled<P>>,
    { version }: UpdateOptions = {},
  ): Promise<ObjectUpdate> => {
    const names = Object.keys(changes)
    for (const part of names) {
      if (!plans.some((plan) => plan.name === part))
        throw invalidOption(`parts.${part}`, 'a part of the object', part)
    }
    if (version !== undefined) assertVersion(version, 'version')
    await useCore(core)
    let made: KeptObject | undefined
    let older = false
    let unclear = false
    const outcome = await updateValue(
      core,
      keyOf(id),
      (current) => {
        made = undefined
        if (!isKeptObject(current)) return undefined
        const order = orderOf(current, names, version)
        older = order === 'older'
        unclear = order === 'unclear'
        if (order !== 'newer') return undefined
        made = patched(core, plans, current, changes, version)
        return made
      },
      [tagOf(id)],
    )
    if (outcome === 'kept' && made) {
      await index(id, made)
      return 'updated'
    }
    if (older) return 'older'
    if (outcome === 'absent' || outcome === 'conflict') return 'invalidated'
    if (unclear || outcome === 'left') await invalidate(id)
    return 'invalidated'
  }

  const invalidate = (...ids: readonly I[]): Promise<Receipt> =>
    cache.invalidateTags(ids.map(tagOf))

  return {
    get,
    getMany,
    by: finders as Finders<By, Out>,
    update,
    async refresh(id, ...names) {
      const key = keyOf(id)
      const again = wanted.get(key) ?? new Set<string>()
      for (const part of names.length > 0 ? names : plans.map((plan) => plan.name)) {
        if (!plans.some((plan) => plan.name === part))
          throw invalidOption('parts', 'names of parts', part)
        again.add(part)
      }
      wanted.set(key, again)
      return objectIn(await answer(id, true), id)
    },
    invalidate,
    tag: tagOf,
    async gaps(id) {
      const { value } = await answer(id, false)
      if (!isKeptObject(value)) return []
      return Object.entries(value.parts).flatMap(([part, { gap }]) => (gap === true ? [part] : []))
    },
  }
}

/** Whether what an update brings is newer than what is kept, part by part. */
function orderOf(
  { parts }: KeptObject,
  names: readonly string[],
  version: PartVersion | undefined,
): 'newer' | 'older' | 'unclear' {
  if (version === undefined) return 'newer'
  for (const part of names) {
    const kept = parts[part]?.version
    if (kept === undefined) return 'unclear'
    const order = compareVersions(version, kept)
    if (order === undefined) return 'unclear'
    if (order < 0) return 'older'
  }
  return 'newer'
}

function patched<I extends Id>(
  core: Core,
  plans: readonly Plan<I>[],
  { object, parts }: KeptObject,
  changes: Readonly<Record<string, unknown>>,
  version: PartVersion | undefined,
): KeptObject {
  const now = core.clock.now()
  const states: Record<string, PartState> = { ...parts }
  for (const { name, ttlMs } of plans) {
    if (!(name in changes)) continue
    const before = parts[name]
    states[name] = {
      until: now + ttlMs,
      tags: before?.tags ?? [],
      ...(version === undefined ? {} : { version }),
    }
  }
  return { object: { ...object, ...changes }, parts: states }
}

/** An id as the last part of a key: numbers as they are, and a text that could be taken for one in quotes. */
function idText(id: Id): string {
  if (typeof id === 'number') return String(id)
  if (typeof id === 'bigint') return `${id}n`
  if (typeof id !== 'string' || id === '')
    throw invalidOption('id', 'a non-empty string, a number or a bigint', id)
  return /^["\d-]|^NaN$|^Infinity$/.test(id) ? JSON.stringify(id) : id
}
