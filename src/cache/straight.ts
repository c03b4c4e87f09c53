import { canonicalKey, type Key } from '../base/stable-key.js'
import { isAhead } from '../base/turn-clock.js'
import { headerOf, nameHash } from '../store/envelope-layout.js'
import { ODD } from '../store/envelope.js'
import { plainHash, shortName } from '../store/names.js'
import type { Sheet, TagQuestion, Version } from '../store/store.js'
import { Ahead, askAhead, giveBack } from './ahead.js'
import { isLone, loadAhead } from './lone-load.js'
import { ofMemory } from './answer.js'
import { report, type Core, type StraightRemote } from './core.js'
import { handOut } from './entries.js'
import { isReady, useCore } from './first-use.js'
import { rememberTags } from './lookup.js'
import { hitNear } from './near-hit.js'
import type { GetOrSetOptions, Policy } from './options.js'
import { answerFrom, readValue } from './read.js'
import { type Loader, type Reading, readingOf } from './reading.js'
import { currentScope, type Scope } from './scope.js'
import { promote, type Looked } from './shared-lookup.js'
import { countHit, freshOn, judgeOn, NO_TAGS, tagsFor, type Asked } from './straight-ask.js'
import { StraightLookup } from './straight-lookup.js'

/**
 * The straight way: what is read most, a fresh entry of the one remote store there is, with nothing made on the way but its value
 * and the promise for it. Whoever reads in one tick writes on one sheet and waits for one promise. Process memory in front of the
 * store plants its lease before the sheet is sent, and takes over what comes (straight-lookup.ts).
 *
 * It decides little by itself. Whatever is not plainly a fresh entry under exactly the versions that were read with it
 * (stale, damaged, packed, encrypted, with other tags, or not there) is judged from the same answer as by any other read.
 */
export function readStraight(
  core: Core,
  remote: StraightRemote,
  given: Key,
  loader: unknown,
  options: GetOrSetOptions | undefined,
): Promise<unknown> {
  let key = given as string
  let name: string | undefined = key
  let hash = typeof given === 'string' ? plainHash(given) : 0
  if (hash === 0) {
    try {
      key = canonicalKey(given)
    } catch (error) {
      return Promise.reject(error)
    }
  }
  const { near } = core
  if (near !== undefined) {
    const entry = core.trusted ? near.get(key) : undefined
    if (entry !== undefined) {
      if (!isAhead(core.clock, entry.checkAt)) return readOtherwise(core, key, loader, options)
      core.audit?.hit(key, entry, loader as Loader<unknown>)
      return hitNear(core, key, entry)
    }
  }
  if (hash === 0) {
    name = shortName(key)
    hash = name === undefined ? 0 : nameHash(name) | 0
  }
  const asked = tagsFor(core, key, options?.tags)
  if (
    name === undefined ||
    asked === undefined ||
    core.closed ||
    core.audit !== undefined ||
    core.loads.has(key) ||
    typeof loader !== 'function' ||
    options?.signal?.aborted === true ||
    (near !== undefined && (!isReady(useCore(core)) || core.lookups.get(key)?.joinable() === true))
  ) {
    return readOtherwise(core, key, loader, options)
  }
  return new StraightRead(core, remote, key, name, hash, asked, loader, options).value()
}

async function readOtherwise(
  core: Core,
  key: string,
  loader: unknown,
  options: GetOrSetOptions | undefined,
): Promise<unknown> {
  const inUse = useCore(core)
  const reading = readingOf(core, key, loader, options)
  if (!isReady(inUse)) await inUse
  return await readValue(core, reading)
}

/** One read that waits for its sheet. What it needs then lies in fields, since in an async function it would take thrice the room. */
class StraightRead {
  readonly #core: Core
  readonly #remote: StraightRemote
  readonly #key: string
  readonly #hash: number
  readonly #asked: Asked
  readonly #loader: unknown
  readonly #options: GetOrSetOptions | undefined
  readonly #scope: Scope | undefined
  readonly #started: number
  /** Where process memory may take over what is read. */
  readonly #lookup: StraightLookup | undefined
  readonly #sheet: Sheet
  readonly #place: number
  readonly #question: TagQuestion | undefined
  #looked: Promise<Looked> | undefined

  constructor(
    core: Core,
    remote: StraightRemote,
    key: string,
    name: string,
    hash: number,
    asked: Asked,
    loader: unknown,
    options: GetOrSetOptions | undefined,
  ) {
    this.#core = core
    this.#remote = remote
    this.#key = key
    this.#hash = hash
    this.#asked = asked
    this.#loader = loader
    this.#options = options
    this.#scope = currentScope()
    this.#started = ++core.sequence
    // Before anything is asked: what is heard of from now on ends the lease.
    this.#lookup =
      core.near !== undefined && core.trusted
        ? new StraightLookup(core, core.near, key, () => this.#joined())
        : undefined
    this.#sheet = remote.sheet()
    // Memory's lease has to be older than what is noted with the store's.
    const mayAskAhead = core.near === undefined || this.#lookup !== undefined
    this.#place = mayAskAhead ? askAhead(core, this.#sheet, name, options) : this.#sheet.entry(name)
    this.#question = asked === NO_TAGS ? undefined : this.#sheet.tags(asked.names)
  }

  /** Not an async function: that takes half a kilobyte while it waits. */
  value(): Promise<unknown> {
    return this.#sheet.done.then(() => {
      if (this.#sheet.error !== undefined) return this.#unreached(this.#sheet.error)
      const value = this.#fresh()
      if (value !== ODD) return value
      const ahead = this.#ahead()
      return ahead === undefined ? this.#judged() : this.#led(ahead)
    })
  }

  #fresh(): unknown {
    const core = this.#core
    if (refreshesEarly(core, this.#options)) return ODD
    const value = this.#decoded()
    if (value === ODD) return ODD
    if (this.#scope === undefined && this.#lookup === undefined) {
      this.#count()
      return value
    }
    const header = headerOf(this.#sheet.bytes(this.#place)!)
    if (header === undefined) return ODD
    this.#count()
    const { tags } = this.#asked
    const versions = this.#question === undefined ? NONE : (this.#question.versions as Version[])
    this.#scope?.note(core, tags, versions, header.freshUntil, header.private)
    if (this.#lookup === undefined) return value
    const entry = this.#lookup.keep(value, header, tags, versions)
    return entry === undefined ? this.#decoded() : handOut(entry)
  }

  /** The value, made anew at each call, of an entry that is plainly fresh. */
  #decoded(): unknown {
    return freshOn(
      this.#core,
      this.#remote,
      this.#sheet,
      this.#place,
      this.#hash,
      this.#asked,
      this.#question,
    )
  }

  #count(): void {
    if (this.#core.misses > 0) this.#core.misses = 0
    if (!this.#asked.hinted) rememberTags(this.#core, this.#key, this.#asked.tags)
    countHit(this.#core, this.#key)
  }

  async #judged(): Promise<unknown> {
    let reading: Reading
    try {
      reading = this.#reading()
    } catch (error) {
      this.#lookup?.leave()
      throw error
    }
    return this.#answer(reading, await (this.#looked ??= this.#look(reading.policy)))
  }

  /** Nothing is there, and its lease is ours: there is nothing to judge. */
  #led(ahead: Ahead): Promise<unknown> {
    const core = this.#core
    core.misses++
    this.#lookup?.leave()
    let reading: Reading
    try {
      reading = this.#reading()
    } catch (error) {
      giveBack(core, this.#key, ahead)
      throw error
    }
    if (isLone(core, reading)) return loadAhead(core, reading, ahead)
    return this.#answer(reading, NOTHING_THERE, ahead)
  }

  /** The lease that came with the answer, with what it needs to be of use. */
  #ahead(): Ahead | undefined {
    const gained = this.#sheet.gained?.(this.#place)
    if (gained === undefined) return undefined
    const versions = this.#question === undefined ? NONE : this.#question.versions
    const near = this.#lookup?.handOver()
    const ahead = new Ahead(
      gained,
      this.#asked.tags,
      versions as readonly Version[],
      this.#started,
      near,
    )
    const isWhole = versions.every((version) => typeof version === 'string')
    if (isWhole) return ahead
    giveBack(this.#core, this.#key, ahead)
    return undefined
  }

  /** What others are given who joined. They come to it after this read has. */
  async #joined(): Promise<Looked> {
    await this.#sheet.done
    if (this.#sheet.error !== undefined) return UNREACHED
    const kept = this.#lookup?.kept
    if (kept !== undefined) return { atHand: ofMemory(kept, 1), unreached: 0 }
    return (this.#looked ??= this.#look(this.#core.settings.policy))
  }

  async #look(policy: Policy): Promise<Looked> {
    try {
      const { seen, unreached } = await judgeOn(
        this.#core,
        this.#remote,
        this.#key,
        this.#sheet,
        this.#place,
        this.#asked,
        this.#question,
      )
      this.#core.misses = seen === undefined ? this.#core.misses + 1 : 0
      if (seen === undefined) return { atHand: undefined, unreached }
      const promoted = promote(this.#core, this.#key, seen, this.#lookup?.lease, policy)
      return { atHand: promoted instanceof Promise ? await promoted : promoted, unreached }
    } finally {
      this.#lookup?.leave()
    }
  }

  async #unreached(error: unknown): Promise<unknown> {
    this.#lookup?.leave()
    report(this.#core, error, 'read', { tier: this.#remote.name, key: this.#key })
    return this.#answer(this.#reading(), UNREACHED)
  }

  #reading(): Reading {
    return readingOf(this.#core, this.#key, this.#loader, this.#options)
  }

  async #answer(reading: Reading, looked: Looked, ahead?: Ahead): Promise<unknown> {
    const answer = answerFrom(this.#core, reading, {
      ...looked,
      scope: this.#scope,
      started: this.#started,
      join: undefined,
      ahead,
    })
    // A load that this read leads has begun by now.
    if (ahead?.taken === false) giveBack(this.#core, this.#key, ahead)
    return (await answer).value
  }
}

const NONE: readonly never[] = []
const NOTHING_THERE: Looked = { atHand: undefined, unreached: 0 }
const UNREACHED: Looked = { atHand: undefined, unreached: 1 }

function refreshesEarly(core: Core, options: GetOrSetOptions | undefined): boolean {
  return (options?.earlyRefresh ?? core.settings.policy.earlyRefresh) !== undefined
}
