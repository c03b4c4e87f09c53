import type { Clock } from '../../src/base/clock.js'
import type { Random } from '../../src/base/random.js'
import type {
  Gained,
  KeyState,
  Sheet,
  TagQuestion,
  Unavailable,
  Version,
} from '../../src/store/store.js'
import { Claim } from './claim.js'
import type { Names } from './names.js'
import { type Owner, Request } from './request.js'

/** Names in one command at most, but for those of one call: a server does nothing else meanwhile. */
export const MOST = 500
const NOWHERE = -1
const NO_NAMES: string[] = []

/**
 * What one server is asked in one tick: one `MGET`, whoever asks. Each name is asked for once.
 *
 * A lone reader pays for two names and no table.
 */
export class MgetSheet implements Sheet, Owner {
  names: string[] = NO_NAMES
  readonly done: Promise<void>
  error: Error | undefined
  at = 0
  readonly #naming: Names
  readonly #spaces: Map<string, Version>
  readonly #clock: Clock
  readonly #random: Random
  #resolve!: () => void
  #spacePlace = NOWHERE
  #first: string | undefined
  #firstPlace = NOWHERE
  /** Places by what was asked for, once that is more than one key: a key's own text is quicker to look up than its name. */
  #entries: Map<string, number> | undefined
  #tags: Map<string, number> | undefined
  #question: Question | undefined
  #answers: readonly (Buffer | null)[] = []
  #space: Version | undefined
  /** Until it is known that more than this key was asked for. */
  #claim: Claim | undefined

  constructor(
    naming: Names,
    spaces: Map<string, Version>,
    { clock, random }: { readonly clock: Clock; readonly random: Random },
  ) {
    this.#naming = naming
    this.#spaces = spaces
    this.#clock = clock
    this.#random = random
    this.done = new Promise((resolve) => (this.#resolve = resolve))
  }

  /** True when the next one should ask on another sheet. */
  get full(): boolean {
    return this.names.length >= MOST
  }

  entry(key: string): number {
    if (this.#first === undefined) {
      this.#first = key
      if (this.names === NO_NAMES) {
        // Room for no more: one that is pushed to begins with room for 17.
        this.names = [this.#naming.space(0), this.#naming.entry(key)]
        this.#spacePlace = 0
        return (this.#firstPlace = 1)
      }
      this.askSpace()
      return (this.#firstPlace = this.#ask(this.#naming.entry(key)))
    }
    const entries = (this.#entries ??= new Map([[this.#first, this.#firstPlace]]))
    let place = entries.get(key)
    if (place === undefined) entries.set(key, (place = this.#ask(this.#naming.entry(key))))
    return place
  }

  claim(key: string, also: string, leaseMs: number, keepMs: number): number {
    const place = this.entry(key)
    this.#claim ??= new Claim(key, also, { leaseMs, keepMs }, this.#random.token())
    return place
  }

  gained(place: number): Gained | undefined {
    const claim = place === this.#firstPlace ? this.#claim : undefined
    const gained = claim?.gained
    if (claim !== undefined) claim.gained = undefined
    return gained
  }

  entries(keys: readonly string[]): number {
    this.askSpace()
    const first = this.names.length
    for (let at = 0; at < keys.length; at++) this.names.push(this.#naming.entry(keys[at]!))
    return first
  }

  /** Asks for the namespace's version alone. */
  askSpace(): void {
    if (this.#spacePlace === NOWHERE) this.#spacePlace = this.#ask(this.#naming.space(0))
  }

  tags(tags: readonly string[]): TagQuestion {
    if (this.#question?.tags === tags) return this.#question
    const table = (this.#tags ??= new Map())
    const places = tags.map((tag) => {
      let place = table.get(tag)
      if (place === undefined) table.set(tag, (place = this.#ask(this.#naming.tag(tag))))
      return place
    })
    return (this.#question = new Question(this, tags, places))
  }

  bytes(place: number): Buffer | undefined {
    return this.#answers[place] ?? undefined
  }

  space(): Version | undefined {
    return this.#space
  }

  state(place: number): KeyState | Unavailable {
    const bytes = this.bytes(place)
    const found = bytes === undefined ? undefined : { bytes, token: undefined }
    return { found, space: this.#space }
  }

  /** What is sent for all this: one read; where there is one key, which is claimed, the script for that. */
  request(): Request {
    const claim = this.#claim
    if (claim !== undefined) {
      const isAlone = this.#spacePlace === 0 && this.names.length === 2 + (this.#tags?.size ?? 0)
      if (isAlone) return new Request('evalsha', claim.arguments(this.#naming, this.names), 0, this)
      this.#claim = undefined
    }
    return new Request('mget', this.names, 0, this)
  }

  answered(reply: unknown): void {
    const claim = this.#claim
    this.#answers =
      claim === undefined ? (reply as (Buffer | null)[]) : claim.answered(reply as unknown[])
    this.at = this.#clock.now()
    const answer = this.bytes(this.#spacePlace)
    if (answer !== undefined) {
      const name = this.names[this.#spacePlace]!
      const before = this.#spaces.get(name)
      this.#space = before !== undefined && isText(answer, before) ? before : versionIn(answer)!
      if (this.#space !== before) this.#spaces.set(name, this.#space)
    }
    this.#resolve()
  }

  refused(error: Error): void {
    this.error = error
    this.#resolve()
  }

  #ask(name: string): number {
    if (this.names === NO_NAMES) this.names = []
    return this.names.push(name) - 1
  }
}

class Question implements TagQuestion {
  readonly tags: readonly string[]
  readonly #sheet: MgetSheet
  readonly #places: readonly number[]
  #versions: readonly (Version | undefined)[] | undefined

  constructor(sheet: MgetSheet, tags: readonly string[], places: readonly number[]) {
    this.tags = tags
    this.#sheet = sheet
    this.#places = places
  }

  get versions(): readonly (Version | undefined)[] {
    return (this.#versions ??= this.#places.map((place) => versionIn(this.#sheet.bytes(place))))
  }
}

/** The version in a record, if there is one. */
export function versionIn(answer: Buffer | null | undefined): Version | undefined {
  return answer === null || answer === undefined ? undefined : answer.toString('latin1')
}

/** Whether bytes are a text of one byte a character. For a few of them this is quicker than a call into C++. */
function isText(bytes: Buffer, text: string): boolean {
  if (bytes.length !== text.length) return false
  for (let at = 0; at < text.length; at++) if (bytes[at] !== text.charCodeAt(at)) return false
  return true
}
