import { descriptionBytes } from '../store/envelope-description.js'
import { ODD } from '../store/envelope.js'
import type { Sheet, TagQuestion, Version } from '../store/store.js'
import { readable, type Core, type StraightRemote } from './core.js'
import { isSame, judgeOne, nameOf, noteKnown, type LookupOfOne } from './lookup.js'

/** Tags to ask for with a key, and the names of their records. */
export interface Asked {
  readonly tags: readonly string[]
  readonly names: readonly string[]
  /** They are those of the key's last load: there is nothing to remember. */
  readonly hinted: boolean
}

export const NO_TAGS: Asked = { tags: [], names: [], hinted: true }
let lastGiven = NO_TAGS
let lastHinted = NO_TAGS

/**
 * The tags to expect on a key's entry: those of its last load, which as a rule begin with the caller's; undefined when they
 * differ, or the caller's are none.
 */
export function tagsFor(
  core: Core,
  key: string,
  given: readonly string[] | undefined,
): Asked | undefined {
  const hinted = core.hints.size > 0 ? core.hints.get(key) : undefined
  if (given === undefined) return hinted === undefined ? NO_TAGS : askHinted(hinted)
  if (!Array.isArray(given)) return undefined
  if (hinted === undefined) return given.every(isText) ? askGiven(given) : undefined
  for (let at = 0; at < given.length; at++) if (given[at] !== hinted[at]) return undefined
  return askHinted(hinted)
}

function isText(tag: unknown): boolean {
  return typeof tag === 'string' && tag !== ''
}

/** Many keys in turn have the same tags: they are named once. */
function askHinted(tags: readonly string[]): Asked {
  if (lastHinted.tags === tags || isSame(lastHinted.tags, tags)) return lastHinted
  return (lastHinted = { tags, names: tags.map(nameOf), hinted: true })
}

/** The same for a list that belongs to the caller and may change. */
export function askGiven(tags: readonly string[]): Asked {
  if (tags.length === 0) return NO_TAGS
  if (isSame(lastGiven.tags, tags)) return lastGiven
  return (lastGiven = { tags: [...tags], names: tags.map(nameOf), hinted: false })
}

/** The value in a place, if what is there is plainly fresh and nothing about it is still to be delivered; else `ODD`. */
export function freshOn(
  core: Core,
  remote: StraightRemote,
  sheet: Sheet,
  place: number,
  hash: number,
  { tags }: Asked,
  question: TagQuestion | undefined,
): unknown {
  const bytes = sheet.bytes(place)
  const space = sheet.space(place)
  if (bytes === undefined || space === undefined || remote.journal.size > 0) return ODD
  const description = describe(core, space, tags, question === undefined ? NONE : question.versions)
  return description === undefined
    ? ODD
    : core.envelopes.fresh(bytes, hash, description, tags.length, sheet.at)
}

const NONE: readonly never[] = []
let described: {
  readonly space: Version
  readonly versions: TagQuestion['versions']
  readonly bytes: Buffer | undefined
} = { space: '', versions: NONE, bytes: undefined }

/** How an entry is described that holds now, told once for all who asked the same question. */
function describe(
  core: Core,
  space: Version,
  tags: readonly string[],
  versions: TagQuestion['versions'],
): Buffer | undefined {
  if (described.space === space && described.versions === versions) return described.bytes
  const isWhole = noteKnown(core, tags, versions) && versions.every((one) => one !== undefined)
  const bytes = isWhole ? descriptionBytes(space, tags, versions as Version[]) : undefined
  described = { space, versions, bytes }
  return bytes
}

/** What a place says of its key, judged as any other answer. */
export async function judgeOn(
  core: Core,
  remote: StraightRemote,
  key: string,
  sheet: Sheet,
  place: number,
  { tags }: Asked,
  question: TagQuestion | undefined,
): Promise<LookupOfOne> {
  const result = { keys: [sheet.state(place)], versions: question?.versions ?? NONE }
  return judgeOne(core, remote, key, tags, result)
}

export function countHit(core: Core, key: string): void {
  const tier = core.near === undefined ? 0 : 1
  core.counters.hits++
  core.counters.byTier[tier]!++
  if (core.events.hitListened || core.events.hitChannel.hasSubscribers) {
    core.events.emit('hit', { key: readable(key), tier: core.tierNames[tier]! })
  }
}
