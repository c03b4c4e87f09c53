/**
 * What is read of fields after somebody listed their names: all of them, or some by name.
 *
 * The visitor chooses which fields there are and in which order, so a handler that asks for three names can be made to look as if it
 * had gone through all. What counts as going through is therefore only what asking by name cannot be made to look like:
 *
 * - each value asked for right behind its own descriptor, as copies do, entries and `for … in`;
 * - all values behind the list of names, where `JSON` said that it would come, or there are many of them and they are asked for in
 *   the order of the list, or its reverse, at once and with nothing in between, as `http.request` does and `util._extend`.
 *
 * It has to have got to all of them, each once. Any other reading is by name; where that is nearly all there is, nobody can tell.
 */

/** No handler asks for so many fields by name, each once, in one go, and for the host as the first or last of them. */
const MANY = 8
/** What a log leaves out. A page is not kept for those who send them, unless it says that it is for all. */
const LEFT_OUT = new Set(['authorization', 'cookie', 'proxy-authorization'])

export class Walk {
  readonly #names: readonly string[]
  readonly #known: ReadonlySet<string>
  readonly #announced: boolean
  /** Those asked for by name before: what a rest pattern leaves out. */
  #before: ReadonlySet<string>
  readonly #described = new Set<string>()
  readonly #read = new Set<string>()
  readonly #after = new Set<string>()
  #at = 0
  #descriptor: string | undefined
  #first: string | undefined
  #last: string | undefined
  /** How many values were asked for right behind their descriptors. */
  #paired = 0
  #over = false

  constructor(names: readonly string[], before: ReadonlySet<string>, announced: boolean) {
    this.#names = names
    this.#known = new Set(names)
    this.#before = before
    this.#announced = announced
  }

  /** It is a `for … in`, which tells of every name that it comes to. */
  loops(): void {
    this.#before = NONE
  }

  /** Nothing more belongs to it. */
  end(): void {
    this.#over = true
  }

  /** True when asking for the descriptor of `name` belongs to it. */
  describes(name: string): boolean {
    if (!this.#over) {
      if (name === this.#descriptor) return true
      let at = this.#at
      while (this.#names[at] !== name && this.#before.has(this.#names[at] ?? name)) at++
      if (this.#names[at] === name) {
        this.#at = at + 1
        this.#descriptor = name
        this.#described.add(name)
        return true
      }
    }
    this.asks(name)
    return false
  }

  /** True when reading the value of `name` belongs to it. */
  reads(name: string): boolean {
    if (!this.#over && name === this.#last) return true
    const paired = name === this.#descriptor
    if (this.#over || (!paired && !this.#isNext(name))) {
      this.asks(name)
      return false
    }
    if (paired) this.#paired++
    this.#first ??= name
    this.#last = name
    this.#read.add(name)
    return true
  }

  /** `name` was asked for by name: whatever comes next is, too. */
  asks(name: string): void {
    this.#over = true
    if (this.#known.has(name) && !this.#read.has(name)) this.#after.add(name)
  }

  /** True when `name` is the next value behind the list. */
  #isNext(name: string): boolean {
    const names = this.#names
    if (this.#described.size !== 0 && this.#described.size !== names.length) return false
    const at = this.#read.size
    const isForward = (this.#first ?? name) === names[0]
    return name === names[isForward ? at : names.length - 1 - at]
  }

  get #isThroughAll(): boolean {
    const read = this.#read
    if (this.#paired < read.size) {
      const { length } = this.#names
      return read.size === length && (this.#announced || length >= MANY)
    }
    return this.#names.every(
      (name) =>
        read.has(name) || (this.#described.has(name) ? LEFT_OUT.has(name) : this.#before.has(name)),
    )
  }

  /** What was asked for by name on the way. */
  get byName(): ReadonlySet<string> {
    return this.#isThroughAll ? NONE : this.#read
  }

  /** True when it may have been going through all, or asking for each by name. */
  get isUnclear(): boolean {
    const seen = this.#read.size + this.#after.size
    return seen * 4 >= this.#names.length * 3 && !this.#isThroughAll
  }
}

const NONE: ReadonlySet<string> = new Set()
