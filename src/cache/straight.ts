import { invalidOption } from '../base/errors.js'
import { descriptionBytes } from '../store/envelope-description.js'
import { ODD } from '../store/envelope.js'
import { shortName } from '../store/names.js'
import type { Sheet, TagQuestion, Version } from '../store/store.js'
import { assertOpen, readable, report, type Core, type StraightRemote } from './core.js'
import {
  isSame,
  judgeOne,
  nameOf,
  noteKnown,
  rememberTags,
  type LookupOfOne,
  type Seen,
} from './lookup.js'
import { getMany } from './many.js'
import { resolvePolicy, type GetOrSetOptions, type Policy } from './options.js'
import {
  answerFrom,
  createReading,
  ofStore,
  read,
  type Loader,
  type Looked,
  type Reading,
} from './read.js'
import { currentScope, type Scope } from './scope.js'

/**
 * The straight way: what is read most, a fresh entry of the one store there is, with nothing made on the way but its value
 * and the promise for it. Whoever reads in one tick writes on one sheet and waits for one promise.
 *
 * It decides little by itself. Whatever is not plainly a fresh entry under exactly the versions that were read with it
 * (stale, damaged, packed, encrypted, with other tags, or not there) is judged from the same answer as by any other read.
 */
export function readStraight(
  core: Core,
  remote: StraightRemote,
  key: string,
  loader: unknown,
  options: GetOrSetOptions | undefined,
): Promise<unknown> {
  const name = shortName(key)
  const asked = tagsFor(core, key, options?.tags)
  if (
    name === undefined ||
    asked === undefined ||
    core.closed ||
    core.audit !== undefined ||
    core.loads.has(key) ||
    typeof loader !== 'function' ||
    options?.signal?.aborted === true
  ) {
    return readOtherwise(core, key, loader, options)
  }
  return new StraightRead(core, remote, key, name, asked, loader, options).value()
}

async function readOtherwise(
  core: Core,
  key: string,
  loader: unknown,
  options: GetOrSetOptions | undefined,
): Promise<unknown> {
  assertOpen(core)
  return (await read(core, readingOf(core, key, loader, options))).value
}

/** One read that waits for its sheet. What it needs then lies in fields, since in an async function it would take thrice the room. */
class StraightRead {
  readonly #core: Core
  readonly #remote: StraightRemote
  readonly #key: string
  readonly #name: string
  readonly #asked: Asked
  readonly #loader: unknown
  readonly #options: GetOrSetOptions | undefined
  readonly #scope: Scope | undefined
  readonly #started: number
  readonly #sheet: Sheet
  readonly #place: number
  readonly #question: TagQuestion | undefined

  constructor(
    core: Core,
    remote: StraightRemote,
    key: string,
    name: string,
    asked: Asked,
    loader: unknown,
    options: GetOrSetOptions | undefined,
  ) {
    this.#core = core
    this.#remote = remote
    this.#key = key
    this.#name = name
    this.#asked = asked
    this.#loader = loader
    this.#options = options
    this.#scope = currentScope()
    this.#started = ++core.sequence
    this.#sheet = remote.sheet()
    this.#place = this.#sheet.entry(name)
    this.#question = asked === NO_TAGS ? undefined : this.#sheet.tags(asked.names)
  }

  /** Not an async function: that takes half a kilobyte while it waits. */
  value(): Promise<unknown> {
    return this.#sheet.done.then(() => {
      if (this.#sheet.error !== undefined) return this.#unreached(this.#sheet.error)
      const value = this.#fresh()
      return value === ODD ? this.#judged() : value
    })
  }

  #fresh(): unknown {
    const core = this.#core
    if (this.#scope !== undefined || refreshesEarly(core, this.#options)) return ODD
    const asked = this.#asked
    const value = freshOn(
      core,
      this.#remote,
      this.#sheet,
      this.#place,
      this.#name,
      asked,
      this.#question,
    )
    if (value !== ODD) {
      if (!asked.hinted) rememberTags(core, this.#key, asked.tags)
      countHit(core, this.#key)
    }
    return value
  }

  async #judged(): Promise<unknown> {
    const { seen, unreached } = await judgeOn(
      this.#core,
      this.#remote,
      this.#key,
      this.#sheet,
      this.#place,
      this.#asked,
      this.#question,
    )
    return this.#answer({ atHand: seen && ofStore(this.#core, seen), unreached })
  }

  #unreached(error: unknown): Promise<unknown> {
    report(this.#core, error, 'read', { tier: this.#remote.name, key: this.#key })
    return this.#answer(UNREACHED)
  }

  async #answer(looked: Looked): Promise<unknown> {
    const reading = readingOf(this.#core, this.#key, this.#loader, this.#options)
    const beginning = {
      ...looked,
      scope: this.#scope,
      started: this.#started,
      join: undefined,
    }
    return (await answerFrom(this.#core, reading, beginning)).value
  }
}

const UNREACHED: Looked = { atHand: undefined, unreached: 1 }
/** Keys of one call that share a sheet; more are divided by the store. */
const MANY = 400

/** `getMany` on the straight way. */
export async function getManyStraight(
  core: Core,
  remote: StraightRemote,
  keys: readonly string[],
  policy: Policy,
): Promise<unknown[]> {
  assertOpen(core)
  const names = keys.map(shortName)
  if (keys.length === 0 || keys.length > MANY || names.includes(undefined)) {
    return getMany(core, keys, policy)
  }
  const scope = currentScope()
  const sheet = remote.sheet()
  const places = names.map((name) => sheet.entry(name!))
  const asked = keys.map((key) => tagsFor(core, key, policy.tags) ?? askGiven(policy.tags))
  const questions = asked.map((one) => (one === NO_TAGS ? undefined : sheet.tags(one.names)))
  await sheet.done
  if (sheet.error !== undefined) {
    report(core, sheet.error, 'read', { tier: remote.name })
    for (const key of keys) countMiss(core, key)
    return keys.map(() => undefined)
  }
  const odd: number[] = []
  const values = keys.map((key, at) => {
    const place = places[at]!
    const value =
      scope === undefined
        ? freshOn(core, remote, sheet, place, names[at]!, asked[at]!, questions[at])
        : ODD
    if (value === ODD) {
      odd.push(at)
      return undefined
    }
    countHit(core, key)
    return value
  })
  if (odd.length === 0) return values
  const judged = await Promise.all(
    odd.map((at) =>
      judgeOn(core, remote, keys[at]!, sheet, places[at]!, asked[at]!, questions[at]),
    ),
  )
  for (let n = 0; n < odd.length; n++) {
    const key = keys[odd[n]!]!
    const found: Seen | undefined = judged[n]!.seen
    if (found === undefined || found.judged.freshUntil <= sheet.at) {
      countMiss(core, key)
      continue
    }
    const value = found.judged.decode()
    values[odd[n]!] = value instanceof Promise ? await value : value
    countHit(core, key)
    const { tags, versions, freshUntil, private: isPrivate } = found.judged
    scope?.note(core, tags, versions, freshUntil, isPrivate)
  }
  return values
}

/** Tags to ask for, and the names of their records. */
interface Asked {
  readonly tags: readonly string[]
  readonly names: readonly string[]
  /** They are those of the key's last load: there is nothing to remember. */
  readonly hinted: boolean
}

const NO_TAGS: Asked = { tags: [], names: [], hinted: true }
let lastGiven = NO_TAGS
let lastHinted = NO_TAGS

/**
 * The tags to expect on a key's entry: those of its last load, which as a rule begin with the caller's; undefined when they
 * differ, or the caller's are none.
 */
function tagsFor(core: Core, key: string, given: readonly string[] | undefined): Asked | undefined {
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
function askGiven(tags: readonly string[]): Asked {
  if (tags.length === 0) return NO_TAGS
  if (isSame(lastGiven.tags, tags)) return lastGiven
  return (lastGiven = { tags: [...tags], names: tags.map(nameOf), hinted: false })
}

function readingOf(
  core: Core,
  key: string,
  loader: unknown,
  options: GetOrSetOptions | undefined,
): Reading {
  if (typeof loader !== 'function') throw invalidOption('loader', 'a function', loader)
  const policy = resolvePolicy(core.settings.policy, options)
  return createReading(key, loader as Loader<unknown>, policy, options)
}

function refreshesEarly(core: Core, options: GetOrSetOptions | undefined): boolean {
  return (options?.earlyRefresh ?? core.settings.policy.earlyRefresh) !== undefined
}

/** The value in a place, if what is there is plainly fresh and nothing about it is still to be delivered. */
function freshOn(
  core: Core,
  remote: StraightRemote,
  sheet: Sheet,
  place: number,
  name: string,
  asked: Asked,
  question: TagQuestion | undefined,
): unknown {
  const bytes = sheet.bytes(place)
  const space = sheet.space(place)
  if (bytes === undefined || space === undefined || remote.journal.size > 0) return ODD
  const description = describe(core, space, asked.tags, question?.versions ?? NONE)
  return description === undefined
    ? ODD
    : core.envelopes.fresh(bytes, name, description, asked.tags.length, sheet.at)
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

async function judgeOn(
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

function countHit(core: Core, key: string): void {
  core.counters.hits++
  core.counters.byTier[0]!++
  if (core.events.hitListened || core.events.hitChannel.hasSubscribers) {
    core.events.emit('hit', { key: readable(key), tier: core.tierNames[0]! })
  }
}

function countMiss(core: Core, key: string): void {
  core.counters.misses++
  if (core.events.wants('miss')) core.events.emit('miss', { key: readable(key) })
}
