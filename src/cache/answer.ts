import type { Entry, Version } from '../store/store.js'
import { copyOut } from '../store/value.js'
import { type Core, readable } from './core.js'
import { handOut } from './entries.js'
import type { CacheEvents, ReadState } from './events.js'
import type { Load } from './load.js'
import { type Loaded } from './load.js'
import type { Seen } from './lookup.js'

/** A value with how it was found and how long it holds. */
export interface Answer<T = unknown> {
  readonly value: T
  readonly state: ReadState
  /** The tier it came from; undefined when the loader answered. */
  readonly tier: string | undefined
  /** When the load that made it began, ms since the epoch. */
  readonly loadedAt: number
  /** Fresh before this moment, ms since the epoch. */
  readonly freshUntil: number
  readonly staleUntil: number
  readonly tags: readonly string[]
  readonly versions: readonly Version[]
  readonly private: boolean
}

/** Something usable that is at hand: an entry of process memory or of a remote store. */
export interface AtHand {
  readonly tier: number
  readonly loadedAt: number
  readonly freshUntil: number
  readonly staleUntil: number
  readonly tags: readonly string[]
  readonly versions: readonly Version[]
  readonly private: boolean
  /** The value for one caller. */
  value(): unknown
}

/** An entry of process memory; `tier` is where it came from, when it was put there just now. */
export function ofMemory(entry: Entry, tier = 0): AtHand {
  const { loadedAt, freshUntil, staleUntil, tags, versions } = entry
  return {
    tier,
    loadedAt,
    freshUntil,
    staleUntil,
    tags,
    versions,
    private: entry.private,
    value: () => handOut(entry),
  }
}

export function ofStore(core: Core, { judged, remote }: Seen): AtHand {
  const { loadedAt, freshUntil, staleUntil, tags, versions } = judged
  return {
    tier: remote.place + (core.near === undefined ? 0 : 1),
    loadedAt,
    freshUntil,
    staleUntil,
    tags,
    versions,
    private: judged.private,
    value: () => judged.decode(),
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
  return answerWith(core, atHand, value, 'hit')
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
  return answerWith(core, atHand, value, 'stale')
}

function answerWith(core: Core, atHand: AtHand, value: unknown, state: ReadState): Answer {
  return {
    value,
    state,
    tier: core.tierNames[atHand.tier],
    loadedAt: atHand.loadedAt,
    freshUntil: atHand.freshUntil,
    staleUntil: atHand.staleUntil,
    tags: atHand.tags,
    versions: atHand.versions,
    private: atHand.private,
  }
}

/** The answer for one caller of a load: the first gets the value itself, the others copies where they must not share. */
export function answerOfLoaded(core: Core, load: Load, loaded: Loaded): Answer {
  const value = load.taken && loaded.copied ? copyOut(loaded.value) : loaded.value
  if (loaded.copied) load.taken = true
  if (loaded.state === 'stale') core.counters.staleHits++
  return {
    value,
    state: loaded.state,
    tier: loaded.tier,
    loadedAt: loaded.loadedAt,
    freshUntil: loaded.freshUntil,
    staleUntil: loaded.staleUntil,
    tags: loaded.tags,
    versions: loaded.versions,
    private: loaded.private,
  }
}
