import { invalidOption } from '../base/errors.js'
import { canonicalKey, type Key } from '../base/stable-key.js'
import { nameHash } from '../store/envelope-layout.js'
import { ODD } from '../store/envelope.js'
import { plainHash, shortName } from '../store/names.js'
import type { Sheet, TagQuestion } from '../store/store.js'
import { assertOpen, report, type Core, type StraightRemote } from './core.js'
import { rememberTags } from './lookup.js'
import { resolvePolicy, type GetOrSetOptions } from './options.js'
import { answerFrom, read } from './read.js'
import { createReading, type Loader, type Reading } from './reading.js'
import { ofStore } from './answer.js'
import type { Looked } from './shared-lookup.js'
import { currentScope, type Scope } from './scope.js'
import { countHit, freshOn, judgeOn, NO_TAGS, tagsFor, type Asked } from './straight-ask.js'

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
    options?.signal?.aborted === true
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
  assertOpen(core)
  return (await read(core, readingOf(core, key, loader, options))).value
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
  readonly #sheet: Sheet
  readonly #place: number
  readonly #question: TagQuestion | undefined

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
      this.#hash,
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
