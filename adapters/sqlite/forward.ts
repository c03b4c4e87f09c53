/** A property of a client's object, own or inherited, that a wrapper has to have. */
interface Member {
  readonly name: string | symbol
  readonly isMethod: boolean
}

/** All properties of an object but those of every object, each once. */
function membersOf(object: object): Member[] {
  const members = new Map<string | symbol, Member>()
  let at: object | null = object
  while (at !== null && at !== Object.prototype) {
    for (const name of Reflect.ownKeys(at)) {
      if (name === 'constructor' || members.has(name)) continue
      const { value } = Object.getOwnPropertyDescriptor(at, name) ?? {}
      members.set(name, { name, isMethod: typeof value === 'function' })
    }
    at = Object.getPrototypeOf(at) as object | null
  }
  return [...members.values()]
}

/** How a wrapper uses what it wraps. */
export interface Forwarding<W extends object> {
  readonly get: (wrapper: W, name: string | symbol) => unknown
  readonly call: (wrapper: W, name: string | symbol, values: readonly unknown[]) => unknown
}

/**
 * Gives a class of wrappers every property that `sample` has and the class does not, and makes its objects instances of `sample`'s class:
 * an application that asks `instanceof`, or calls what we have never heard of, finds it.
 */
export function forwardAll<W extends object>(
  wrapper: { readonly prototype: W },
  sample: object,
  { get, call }: Forwarding<W>,
): void {
  const { prototype } = wrapper
  for (const { name, isMethod } of membersOf(sample)) {
    if (Object.hasOwn(prototype, name)) continue
    const shared = { configurable: true, enumerable: false }
    const descriptor: PropertyDescriptor & ThisType<W> = isMethod
      ? {
          ...shared,
          writable: true,
          value(...values: unknown[]) {
            return call(this, name, values)
          },
        }
      : {
          ...shared,
          get() {
            return get(this, name)
          },
        }
    Object.defineProperty(prototype, name, descriptor)
  }
  Object.setPrototypeOf(prototype, Object.getPrototypeOf(sample) as object)
}
