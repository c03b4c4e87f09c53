import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { CacheError } from '../base/errors.js'
import { currentMaker } from '../cache/scope.js'

/**
 * How a hole travels through a template: as a mark, a text that stands in its place until the markup is whole.
 *
 * A mark holds 128 random bits that are drawn for each page that is made, and never leaves the process: what is kept are pieces of
 * markup and the names between them, and what is sent has the holes filled. So nothing that a user has written can
 * be taken for one. It consists of letters and digits, which no template engine escapes, and all marks have one length, so that one
 * that is cut in two by a stream is recognised.
 */
const PREFIX = 'kfhole'
const INDEX_LENGTH = 2
export const MARK_LENGTH: number = PREFIX.length + 32 + INDEX_LENGTH
const MOST = 36 ** INDEX_LENGTH

/** Markup with holes in it: one piece more than there are names. */
export interface Pieces<M> {
  readonly pieces: readonly M[]
  readonly names: readonly string[]
}

/** The marks of one making. */
export class Marks {
  readonly nonce: string
  readonly #nonceBytes: Buffer
  readonly #names: string[] = []
  readonly #declared: ReadonlySet<string> | undefined

  /** @param declared The holes there may be. Default: any. */
  constructor(declared?: ReadonlySet<string>) {
    this.nonce = PREFIX + randomBytes(16).toString('hex')
    this.#nonceBytes = Buffer.from(this.nonce)
    this.#declared = declared
  }

  /** True when a hole was placed. */
  get used(): boolean {
    return this.#names.length > 0
  }

  /**
   * The text that stands for a hole.
   *
   * @throws {CacheError} `CACHE_SCOPE_VIOLATION` for a hole that the page does not declare.
   */
  place(name: string): string {
    if (this.#declared?.has(name) === false) {
      throw new CacheError(
        'CACHE_SCOPE_VIOLATION',
        `the hole ${JSON.stringify(name)} is in a page that does not declare it; add it to the page's option holes`,
      )
    }
    let index = this.#names.indexOf(name)
    if (index === -1) index = this.#names.push(name) - 1
    if (index >= MOST) throw new RangeError(`a page has at most ${MOST} holes`)
    return this.nonce + index.toString(36).padStart(INDEX_LENGTH, '0')
  }

  /** Takes the marks out of what was made. */
  split<M extends string | Uint8Array>(markup: M): Pieces<M> {
    if (typeof markup === 'string') return this.#split(markup, this.nonce) as Pieces<string & M>
    const bytes = Buffer.from(markup.buffer, markup.byteOffset, markup.length)
    return this.#split(bytes, this.#nonceBytes) as Pieces<M & Buffer>
  }

  #split<M extends string | Buffer>(markup: M, nonce: M): Pieces<M> {
    const pieces: M[] = []
    const names: string[] = []
    let from = 0
    for (let at = 0; ; at++) {
      at = markup.indexOf(nonce as string, at)
      if (at === -1) break
      const name = this.#nameIn(markup.slice(at, at + MARK_LENGTH).toString())
      if (name === undefined) continue
      pieces.push(markup.slice(from, at) as M)
      names.push(name)
      from = at + MARK_LENGTH
      at = from - 1
    }
    pieces.push(markup.slice(from) as M)
    return { pieces, names }
  }

  #nameIn(mark: string): string | undefined {
    return mark.length === MARK_LENGTH
      ? this.#names[Number.parseInt(mark.slice(this.nonce.length), 36)]
      : undefined
  }

  /** How many bytes at the end of `bytes` may be the beginning of a mark. */
  unfinished(bytes: Buffer): number {
    const from = Math.max(0, bytes.length - MARK_LENGTH + 1)
    for (let at = bytes.indexOf(PREFIX.charCodeAt(0), from); at !== -1;) {
      const tail = bytes.subarray(at)
      const nonce = this.#nonceBytes.subarray(0, Math.min(tail.length, this.#nonceBytes.length))
      if (tail.subarray(0, nonce.length).equals(nonce)) return tail.length
      at = bytes.indexOf(PREFIX.charCodeAt(0), at + 1)
    }
    return 0
  }
}

interface Making {
  readonly marks: Marks
  /** What the page or fragment is kept by. */
  readonly maker: unknown
}

const making = new AsyncLocalStorage<Making | undefined>()

/** Runs what makes markup, whose holes are to be marked so. */
export function markIn<T>(marks: Marks | undefined, make: () => T): T {
  if (marks === undefined && making.getStore() === undefined) return make()
  return making.run(marks && { marks, maker: currentMaker() }, make)
}

/**
 * The text that stands for a hole in the page or fragment that is being made here.
 *
 * @throws {CacheError} `CACHE_SCOPE_VIOLATION` where there is none, where it does not declare the hole, and within a value that is
 * kept by itself: that would keep the mark, which the next page could not fill.
 */
export function placeHole(name: string): string {
  const own = making.getStore()
  const said = `the hole ${JSON.stringify(name)}`
  if (own === undefined) {
    throw new CacheError(
      'CACHE_SCOPE_VIOLATION',
      `${said} is not in a page: use it behind cachePage with the option holes, or call its render`,
    )
  }
  if (own.maker !== currentMaker()) {
    throw new CacheError(
      'CACHE_SCOPE_VIOLATION',
      `${said} is in a value that is kept by itself, where nothing fills it: keep that markup with fragment(), or write the hole around it`,
    )
  }
  return own.marks.place(name)
}
