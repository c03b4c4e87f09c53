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
 */
export function watchFields<Fields extends object>(
  fields: Fields,
  watching: Watching,
): Watched<Fields> {
  let values: Pass | undefined
  let descriptors: Pass | undefined
  const note = (name: string | symbol, pass?: Pass): void => {
    if (typeof name !== 'string' || !watching.counts()) return
    if (pass?.goesOn(name) !== true) watching.onName(name)
  }
  const settle = (): void => {
    for (const pass of [values, descriptors]) {
      for (const name of pass?.byName() ?? []) watching.onName(name)
    }
  }
  const watched = new Proxy(fields, {
    get(target, name) {
      note(name, values)
      return Reflect.get(target, name)
    },
    set(target, name, value) {
      note(name)
      watching.onWrite(name, value)
      return Reflect.set(target, name, value)
    },
    deleteProperty(target, name) {
      watching.onWrite(name, undefined)
      return Reflect.deleteProperty(target, name)
    },
    has(target, name) {
      note(name)
      return Reflect.has(target, name)
    },
    getOwnPropertyDescriptor(target, name) {
      note(name, descriptors)
      return Reflect.getOwnPropertyDescriptor(target, name)
    },
    ownKeys(target) {
      const names = Reflect.ownKeys(target)
      if (!watching.counts()) return names
      settle()
      watching.onAll()
      values = new Pass(names)
      descriptors = new Pass(names)
      return names
    },
  })
  return { fields: watched, settle }
}
