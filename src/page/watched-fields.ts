import { inspect } from 'node:util'
import { Walk } from './walk.js'

/**
 * Request fields that tell which of them are asked for.
 *
 * Two ways of reading are told apart. Asking for a name is a dependency on that name. Going through all of them, as a handler
 * does that forwards or logs a request, is not one on each, or no two requests would ever match; it is told as such. What is
 * asked for by name after that counts again: a logger in front of a handler does not hide what the handler reads.
 *
 * Who lists the names alone may go through the values next, or ask for one or two of them: the same calls. `Walk` tells them apart.
 */

export interface Watching {
  /** Whether what is read now counts. */
  readonly counts: () => boolean
  /** Whether a field was asked for by name, or need not be told of. */
  readonly isNamed: (name: string) => boolean
  /** A field was asked for by name. */
  readonly onName: (name: string) => void
  /** Somebody began to go through all fields. */
  readonly onAll: () => void
  /** Nobody can tell whether all fields were gone through, or nearly all of them asked for by name. */
  readonly onUnclear: () => void
  /** A field was written, or deleted (undefined). */
  readonly onWrite: (name: string | symbol, value: unknown) => void
}

export interface Watched<Fields> {
  readonly fields: Fields
  /** Tells of what is not told yet, since it might have been part of going through all. */
  settle(): void
}

/**
 * The same fields, watched. The last of them must be one that is no dependency: whether that is asked for by name after all
 * were gone through cannot be told. A name that is not lower-case is that of no field.
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

/** An object for fields that are not there yet. `console.log` looks past a proxy, and is to show them all the same. */
export function noFields(): object {
  return Object.create(SHOWN) as object
}

const SHOWN = {
  [inspect.custom](this: object): object {
    return { ...this }
  },
}

class Watcher implements ProxyHandler<object> {
  readonly #watching: Watching
  #later: LaterFields | undefined
  #walk: Walk | undefined = undefined
  #announced = false

  constructor(watching: Watching, later: LaterFields | undefined) {
    this.#watching = watching
    this.#later = later
  }

  get(target: object, name: string | symbol): unknown {
    if (name === 'toJSON') this.#announced = true
    else if (this.#isField(name) && this.#walk?.reads(name) !== true) this.#tell(name)
    if (this.#later !== undefined && typeof name === 'string') {
      return this.#later.one(name) ?? Reflect.get(target, name)
    }
    return Reflect.get(target, name)
  }

  set(target: object, name: string | symbol, value: unknown): boolean {
    this.#fill(target)
    this.#ask(name)
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
    this.#ask(name)
    return Reflect.has(target, name)
  }

  getOwnPropertyDescriptor(target: object, name: string | symbol): PropertyDescriptor | undefined {
    this.#fill(target)
    if (this.#isField(name) && this.#walk?.describes(name) !== true) this.#tell(name)
    return Reflect.getOwnPropertyDescriptor(target, name)
  }

  ownKeys(target: object): (string | symbol)[] {
    this.#fill(target)
    const names = Reflect.ownKeys(target)
    if (!this.#watching.counts()) return names
    this.settle()
    this.#watching.onAll()
    const fields = names.map(String)
    const before = new Set(fields.filter((name) => this.#watching.isNamed(name)))
    const walk = new Walk(fields, before, this.#announced)
    this.#walk = walk
    this.#announced = false
    queueMicrotask(() => walk.end())
    return names
  }

  getPrototypeOf(): object {
    this.#walk?.loops()
    return Object.prototype
  }

  /** See `Watched`. */
  settle(): void {
    const walk = this.#walk
    if (walk === undefined) return
    for (const name of walk.byName) this.#watching.onName(name)
    if (walk.isUnclear) this.#watching.onUnclear()
  }

  #isField(name: string | symbol): name is string {
    return typeof name === 'string' && !/[A-Z]/.test(name) && this.#watching.counts()
  }

  /** By name, whatever is gone through. */
  #ask(name: string | symbol): void {
    if (!this.#isField(name)) return
    this.#walk?.asks(name)
    this.#tell(name)
  }

  #tell(name: string): void {
    this.#announced = false
    this.#watching.onName(name)
  }

  #fill(target: object): void {
    const later = this.#later
    this.#later = undefined
    later?.fill(target)
  }
}
