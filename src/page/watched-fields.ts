/**
 * Request fields that tell which of them are asked for.
 *
 * Two ways of reading are told apart. Asking for a name is a dependency on that name. Going through all of them, as a handler
 * does that forwards or logs a request, is not one on each, or no two requests would ever match; it is told as such. What is
 * asked for by name after that counts again: a logger in front of a handler does not hide what the handler reads.
 *
 * Who lists the names alone may go through the values next, or ask for one or two of them: the same calls. So going through them
 * counts as that when it got to at least three quarters of what there is, and else as asking for each by name. A visitor chooses what
 * there is: that makes one field too few to be all, as long as the last one is none.
 */

export interface Watching {
  /** Whether what is read now counts. */
  readonly counts: () => boolean
  /** A field was asked for by name. */
  readonly onName: (name: string) => void
  /** Somebody began to go through all fields. */
  readonly onAll: () => void
  /** A field was written, or deleted (undefined). */
  readonly onWrite: (name: string | symbol, value: unknown) => void
}

/** One going through all fields: they come in order, so whoever asks for an earlier one asks by name. */
class Pass {
  readonly #order: ReadonlyMap<string, number>
  #at = 0
  #asked: string[] | undefined

  constructor(names: readonly (string | symbol)[]) {
    this.#order = new Map(names.map((name, at) => [String(name), at]))
  }

  /** True when reading `name` belongs to it. */
  goesOn(name: string): boolean {
    const at = this.#order.get(name)
    if (at === undefined || at < this.#at) return false
    if (at > this.#at || this.#asked === undefined) (this.#asked ??= []).push(name)
    this.#at = at
    return true
  }

  /** What was asked for on the way, where that is too little for having gone through all. */
  byName(): readonly string[] {
    const asked = this.#asked ?? []
    return asked.length * 4 >= this.#order.size * 3 ? [] : asked
  }
}

export interface Watched<Fields> {
  readonly fields: Fields
  /** Tells of what is not told yet, since it might have been part of going through all. */
  settle(): void
}

/**
 * The same fields, watched. The last of them must be one that is no dependency: whether that is asked for by name after all
 * were gone through cannot be told.
 *
 * `fields` may be given empty, with what fills them before anything but one name is asked for, and what one name gives until then.
 */
export function watchFields<Fields extends object>(
  fields: Fields,
  watching: Watching,
  later?: LaterFields,
): Watched<Fields> {
  const watcher = new Watcher(watching, later)
  return { fields: new Proxy<Fields>(fields, watcher), settle: () => watcher.settle() }
}

/** Fields that are not there before somebody looks at more than one of them. */
export interface LaterFields {
  /** One of them. */
  readonly one: (name: string) => unknown
  /** Puts them all in place. */
  readonly fill: (fields: object) => void
}

class Watcher implements ProxyHandler<object> {
  readonly #watching: Watching
  #later: LaterFields | undefined
  #values: Pass | undefined = undefined
  #descriptors: Pass | undefined = undefined

  constructor(watching: Watching, later: LaterFields | undefined) {
    this.#watching = watching
    this.#later = later
  }

  get(target: object, name: string | symbol): unknown {
    this.#note(name, this.#values)
    if (this.#later !== undefined && typeof name === 'string') {
      return this.#later.one(name) ?? Reflect.get(target, name)
    }
    return Reflect.get(target, name)
  }

  set(target: object, name: string | symbol, value: unknown): boolean {
    this.#fill(target)
    this.#note(name)
    this.#watching.onWrite(name, value)
    return Reflect.set(target, name, value)
  }

  deleteProperty(target: object, name: string | symbol): boolean {
    this.#fill(target)
    this.#watching.onWrite(name, undefined)
    return Reflect.deleteProperty(target, name)
  }

  has(target: object, name: string | symbol): boolean {
    this.#fill(target)
    this.#note(name)
    return Reflect.has(target, name)
  }

  getOwnPropertyDescriptor(target: object, name: string | symbol): PropertyDescriptor | undefined {
    this.#fill(target)
    this.#note(name, this.#descriptors)
    return Reflect.getOwnPropertyDescriptor(target, name)
  }

  ownKeys(target: object): (string | symbol)[] {
    this.#fill(target)
    const names = Reflect.ownKeys(target)
    if (!this.#watching.counts()) return names
    this.settle()
    this.#watching.onAll()
    this.#values = new Pass(names)
    this.#descriptors = new Pass(names)
    return names
  }

  /** See `Watched`. */
  settle(): void {
    for (const name of this.#values?.byName() ?? NONE) this.#watching.onName(name)
    for (const name of this.#descriptors?.byName() ?? NONE) this.#watching.onName(name)
  }

  #note(name: string | symbol, pass?: Pass): void {
    if (typeof name !== 'string' || !this.#watching.counts()) return
    if (pass?.goesOn(name) !== true) this.#watching.onName(name)
  }

  #fill(target: object): void {
    const later = this.#later
    this.#later = undefined
    later?.fill(target)
  }
}

const NONE: readonly string[] = []
