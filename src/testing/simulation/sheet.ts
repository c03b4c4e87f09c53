import type {
  Gained,
  KeyState,
  ReadResult,
  Sheet,
  TagQuestion,
  Unavailable,
  Version,
} from '../../store/store.js'

type Read = (keys: readonly string[], tags: readonly string[]) => Promise<ReadResult>

/** Reads one key, and plants its lease if nothing is there. */
export type Claim = (
  key: string,
  tags: readonly string[],
  wish: { readonly also: string; readonly leaseMs: number },
) => Promise<ReadResult & { readonly gained: Gained | undefined }>

/** The sheets of a store that has no better way to answer them than by its `read`, and by a `claim` if it has one. */
export function sheetsOver(read: Read, claim: Claim | undefined, now: () => number): () => Sheet {
  let open: ReadSheet | undefined
  return () => {
    if (open !== undefined) return open
    const sheet = new ReadSheet(now, claim)
    queueMicrotask(() => {
      open = undefined
      sheet.send(read)
    })
    return (open = sheet)
  }
}

class ReadSheet implements Sheet {
  readonly done: Promise<void>
  error: Error | undefined
  at = 0
  readonly #now: () => number
  readonly #keys: string[] = []
  readonly #tags: string[] = []
  readonly #questions = new Map<readonly string[], TagQuestion>()
  readonly #settle: PromiseWithResolvers<void> = Promise.withResolvers()
  #result: ReadResult & { gained?: Gained | undefined } = { keys: [], versions: [] }
  readonly #claim: Claim | undefined
  #wish: Parameters<Claim>[2] | undefined

  constructor(now: () => number, claim: Claim | undefined) {
    this.#now = now
    this.#claim = claim
    this.done = this.#settle.promise
  }

  entry(key: string): number {
    const place = this.#keys.indexOf(key)
    return place < 0 ? this.#keys.push(key) - 1 : place
  }

  claim(key: string, also: string, leaseMs: number): number {
    this.#wish = { also, leaseMs }
    return this.entry(key)
  }

  gained(): Gained | undefined {
    const { gained } = this.#result
    this.#result.gained = undefined
    return gained
  }

  entries(keys: readonly string[]): number {
    return this.#keys.push(...keys) - keys.length
  }

  tags(tags: readonly string[]): TagQuestion {
    let question = this.#questions.get(tags)
    if (question === undefined) {
      const from = this.#tags.length
      this.#tags.push(...tags)
      const answers = (): ReadResult['versions'] =>
        this.#result.versions.slice(from, from + tags.length)
      let versions: ReadResult['versions'] | undefined
      question = {
        get versions() {
          return (versions ??= answers())
        },
      }
      this.#questions.set(tags, question)
    }
    return question
  }

  bytes(place: number): Buffer | undefined {
    const state = this.state(place)
    return 'unavailable' in state ? undefined : state.found?.bytes
  }

  space(place: number): Version | undefined {
    const state = this.state(place)
    return 'unavailable' in state ? undefined : state.space
  }

  state(place: number): KeyState | Unavailable {
    return this.#result.keys[place]!
  }

  /** Asks what is on the sheet, at the end of its tick. */
  send(read: Read): void {
    const isOne = this.#keys.length === 1
    const asked =
      this.#wish !== undefined && this.#claim !== undefined && isOne
        ? this.#claim(this.#keys[0]!, this.#tags, this.#wish)
        : read(this.#keys, this.#tags)
    asked
      .then(
        (result) => {
          this.#result = { ...result }
          this.at = this.#now()
        },
        (error: Error) => {
          this.error = error
        },
      )
      .finally(this.#settle.resolve)
  }
}
