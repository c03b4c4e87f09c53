import type {
  KeyState,
  ReadResult,
  Sheet,
  TagQuestion,
  Unavailable,
  Version,
} from '../../store/store.js'

type Read = (keys: readonly string[], tags: readonly string[]) => Promise<ReadResult>

/** The sheets of a store that has no better way to answer them than by its `read`. */
export function sheetsOver(read: Read, now: () => number): () => Sheet {
  let open: ReadSheet | undefined
  return () => {
    if (open !== undefined) return open
    const sheet = new ReadSheet(now)
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
  #result: ReadResult = { keys: [], versions: [] }

  constructor(now: () => number) {
    this.#now = now
    this.done = this.#settle.promise
  }

  entry(key: string): number {
    const place = this.#keys.indexOf(key)
    return place < 0 ? this.#keys.push(key) - 1 : place
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
    read(this.#keys, this.#tags)
      .then(
        (result) => {
          this.#result = result
          this.at = this.#now()
        },
        (error: Error) => {
          this.error = error
        },
      )
      .finally(this.#settle.resolve)
  }
}
