import type { Entry } from '../store/store.js'
import { copyOut } from '../store/value.js'
import { type Core, readable } from './core.js'
import { type Facts, handOut } from './entries.js'
import type { CacheEvents, ReadState } from './events.js'
import type { Load, Loaded } from './load.js'
import type { Seen } from './lookup.js'

/** A value with how it was found and how long it holds. */
export interface Answer<T = unknown> extends Facts {
  readonly value: T
  readonly state: ReadState
  /** The tier it came from; undefined when the loader answered. */
  readonly tier: string | undefined
}

/** Something usable that is at hand: an entry of process memory or of a remote store. */
export interface AtHand extends Facts {
  /** The place of its tier among all. */
  readonly tier: number
  /** The value for one caller. */
  value(): unknown
}

/** An entry of process memory; `tier` is where it came from, when it was put there just now. */
export function ofMemory(entry: Entry, tier = 0): AtHand {
  return atHandOf(entry, tier, () => handOut(entry))
}

export function ofStore(core: Core, { judged, remote }: Seen): AtHand {
  return atHandOf(judged, remote.place + (core.near === undefined ? 0 : 1), () => judged.decode())
}

function atHandOf(facts: Facts, tier: number, value: () => unknown): AtHand {
  const { loadedAt, freshUntil, staleUntil, tags, versions, private: isPrivate } = facts
  return {
    tier,
    loadedAt,
    freshUntil,
    staleUntil,
    tags,
    versions,
    private: isPrivate,
    value,
  }
}

/** A fresh answer from a tier: a promise only when its value has to be unpacked first. */
export function hit(core: Core, key: string, atHand: AtHand): Answer | Promise<Answer> {
  const value = atHand.value()
  return value instanceof Promise
    ? value.then((unpacked: unknown) => hitWith(core, key, atHand, unpacked))
    : hitWith(core, key, atHand, value)
}

function hitWith(core: Core, key: string, atHand: AtHand, value: unknown): Answer {
  core.counters.hits++
  core.counters.byTier[atHand.tier]!++
  if (core.events.wants('hit')) {
    core.events.emit('hit', { key: readable(key), tier: core.tierNames[atHand.tier]! })
  }
  return answerOf(atHand, value, 'hit', core.tierNames[atHand.tier])
}

export async function stale(
  core: Core,
  key: string,
  atHand: AtHand,
  reason: CacheEvents['stale']['reason'],
): Promise<Answer> {
  const value = await atHand.value()
  core.counters.staleHits++
  core.counters.byTier[atHand.tier]!++
  if (core.events.wants('stale')) {
    core.events.emit('stale', { key: readable(key), tier: core.tierNames[atHand.tier]!, reason })
  }
  return answerOf(atHand, value, 'stale', core.tierNames[atHand.tier])
}

function answerOf(
  facts: Facts,
  value: unknown,
  state: ReadState,
  tier: string | undefined,
): Answer {
  return {
    value,
    state,
    tier,
    loadedAt: facts.loadedAt,
    freshUntil: facts.freshUntil,
    staleUntil: facts.staleUntil,
    tags: facts.tags,
    versions: facts.versions,
    private: facts.private,
  }
}

/** The value for one caller of a load: the first gets it itself, the others copies where they must not share. */
export function valueOfLoaded(core: Core, load: Load, loaded: Loaded): unknown {
  const value = load.taken && loaded.copied ? copyOut(loaded.value) : loaded.value
  if (loaded.copied) load.taken = true
  if (loaded.state === 'stale') core.counters.staleHits++
  return value
}

/** The same with how it was found and how long it holds. */
export function answerOfLoaded(core: Core, load: Load, loaded: Loaded): Answer {
  return answerOf(loaded, valueOfLoaded(core, load, loaded), loaded.state, loaded.tier)
}

export function valueOf(answer: Answer): unknown {
  return answer.value
}
